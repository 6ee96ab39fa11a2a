import os
from pathlib import Path

import pytest

from features.errors import SourceError
from features.files.paths import atomic_write, list_folder, open_regular


def test_content_appears_at_the_end(tmp_path: Path) -> None:
    """A file is published whole, in a folder that is made for it, with nothing left beside it."""
    path = tmp_path / "new" / "file.bin"
    with atomic_write(path) as stream:
        stream.write(b"half")
        assert not path.exists()
        stream.write(b"whole")
    assert path.read_bytes() == b"halfwhole"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_changes_nothing(tmp_path: Path) -> None:
    """After an error the earlier file is untouched and no temporary file stays."""
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def write_half() -> None:
        with atomic_write(path) as stream:
            stream.write(b"half")
            message = "the disk is on fire"
            raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="on fire"):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_names_are_listed_in_natural_order_and_nothing_hidden(tmp_path: Path) -> None:
    """Numbers count by their size; links are followed, and a broken one is a file."""
    for name in ("frame_10.png", "frame_2.png", "frame_02.png", ".hidden", "a.png"):
        (tmp_path / name).touch()
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "c").symlink_to(tmp_path / "b")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "gone").symlink_to(tmp_path / "none")
    found = list_folder(tmp_path)
    assert [path.name for path in found.folders] == ["b", "c"]
    expected = ["a.png", "circle", "frame_02.png", "frame_2.png", "frame_10.png", "gone"]
    assert [path.name for path in found.files] == expected
    assert found.files[0] == tmp_path / "a.png"


def test_only_files_are_opened(tmp_path: Path) -> None:
    """A pipe would wait for ever: it is refused; folders and missing files as `open` does."""
    (tmp_path / "file").write_bytes(b"content")
    with open_regular(tmp_path / "file") as stream:
        assert stream.read() == b"content"
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(SourceError, match="is not a regular file"):
            open_regular(path)
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")


def test_what_is_published_is_on_the_disk_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is flushed and synchronised before the name points to it."""
    seen: list[tuple[bool, int]] = []
    path = tmp_path / "folder" / "inside" / "file"

    def fsync(descriptor: int) -> None:
        seen.append((path.exists(), os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    with atomic_write(path) as stream:
        stream.write(b"12345")
    with atomic_write(path) as stream:  # into a folder that is there
        stream.write(b"1")
    assert seen == [(False, 5), (True, 1)]
