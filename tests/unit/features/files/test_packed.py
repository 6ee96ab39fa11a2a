import gzip
from pathlib import Path

import pytest

from features.errors import SourceError
from features.files import packed
from features.files.packed import open_text
from features.files.text_lines import is_utf_16, read_text_lines

TEXT = b"".join(b"line %d\n" % number for number in range(5000))


def written(folder: Path, content: bytes) -> Path:
    """Write a file whose name says nothing."""
    path = folder / "a.txt"
    path.write_bytes(content)
    return path


def test_the_content_tells_whether_a_file_is_packed(tmp_path: Path) -> None:
    """The same lines come of a packed file, of several packed parts, and of a plain file."""
    parts = gzip.compress(TEXT[:999]) + gzip.compress(TEXT[999:])
    for content in (TEXT, gzip.compress(TEXT), parts):
        assert b"".join(read_text_lines(written(tmp_path, content))) == TEXT


def test_marks_are_seen_within(tmp_path: Path) -> None:
    """A packed text may be UTF-16, as a plain one."""
    path = written(tmp_path, gzip.compress("scène\n".encode("utf-16")))
    assert is_utf_16(path)
    assert list(read_text_lines(path)) == ["scène\n".encode()]


def test_a_packed_file_can_be_read_anew(tmp_path: Path) -> None:
    """Going back to the start, also from far away, gives the same bytes."""
    with open_text(written(tmp_path, gzip.compress(TEXT * 10))) as file:
        assert file.read(3) == TEXT[:3]
        file.seek(0)
        assert file.read() == TEXT * 10
        file.seek(0)
        assert file.read() == TEXT * 10


@pytest.mark.parametrize("kept", [2, 10, 11, 500, -9, -8, -1])
def test_a_file_that_is_not_whole_is_one_sentence(tmp_path: Path, kept: int) -> None:
    """Wherever it is cut, the sentence names the file and the packing."""
    path = written(tmp_path, gzip.compress(TEXT)[:kept])
    with pytest.raises(SourceError, match=r"a\.txt: is packed by gzip, but damaged or not whole"):
        list(read_text_lines(path))


def test_a_wrong_checksum_is_seen(tmp_path: Path) -> None:
    """A file whose text is not what was packed is damaged, though all of it unpacks."""
    content = bytearray(gzip.compress(TEXT))
    content[-8] ^= 1
    with pytest.raises(SourceError, match="damaged or not whole"):
        list(read_text_lines(written(tmp_path, bytes(content))))


def test_a_bomb_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading ends where the text is far more than the file could honestly hold."""
    monkeypatch.setattr(packed, "FREE_TABLE_BYTES", 100_000)
    path = written(tmp_path, gzip.compress(bytes(10_000_000)))
    with (
        open_text(path) as file,
        pytest.raises(SourceError, match="more than 100 times its size and 100,000 bytes"),
    ):
        file.read()
    small = written(tmp_path, gzip.compress(bytes(90_000)))
    with open_text(small) as file:
        assert file.read() == bytes(90_000)
