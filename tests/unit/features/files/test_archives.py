"""Archives of arrays: measured before they are unpacked, damaged ones refused in one sentence."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from features.errors import SourceError
from features.files.archives import open_archive


def npy(array: np.ndarray) -> bytes:
    """Return the file of an array."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def head(shape: str, descr: str = "'<f4'") -> bytes:
    """Return the header of an array without its numbers."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def packed(path: Path, content: bytes, method: int = zipfile.ZIP_STORED) -> Path:
    """Write an archive with one member."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", content, method)
    return path


def test_arrays_come_back(tmp_path: Path) -> None:
    """Shapes, orders, types and texts are those that numpy wrote."""
    arrays = {
        "c": np.arange(6.0).reshape(2, 3),
        "f": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "text": np.array(["é", "bb"]),
        "bytes": np.array([b"a"]),
        "none": np.zeros((0, 3), np.float32),
        "one": np.array(5.0),
    }
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **arrays)
        with open_archive(tmp_path / "a.npz", 16) as archive:
            assert set(archive.names) == set(arrays)
            for name, array in arrays.items():
                read = archive.read(name)
                assert read.dtype == array.dtype
                assert np.array_equal(read, array)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (head("(10**20, 4)"), "is no .npy array"),
        (head("(184467440737095516154, 4)"), "its size does not fit its shape"),
        (head("(-1, 4)"), "has no usable shape"),
        (head("(1, 1, 1, 1, 1, 1, 1, 1, 1)") + bytes(4), "has no usable shape"),
        (head("(" + "9" * 5000 + ",)"), "is no .npy array"),
        (head("(999999999999,)", "'<U0'"), "which is neither a number nor a text"),
        (head("(1,)", "[('a', '<f4')]") + bytes(4), "which is neither a number nor a text"),
        (head("(1,)", "'<U1'") + b"\xff\xff\xff\xff", "holds text that is not Unicode"),
        (npy(np.array([{}], dtype=object)), "holds pickled Python objects, which are never loaded"),
        (npy(np.ones(3)) + b"x", "its size does not fit its shape"),
        (npy(np.ones(3))[:-1], "its size does not fit its shape"),
        (b"", "is no .npy array"),
        (head("(1,") + b"(" * 3000, "is no .npy array"),
    ],
)
def test_an_array_that_is_none_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    """Nothing is made of a header before its numbers are known to be there."""
    with (
        open_archive(packed(tmp_path / "a.npz", content), 16) as archive,
        pytest.raises(SourceError) as refusal,
    ):
        archive.read("a")
    assert rule in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_only_what_numpy_writes_is_unpacked(tmp_path: Path, method: int) -> None:
    """Rarer ways to pack a member are refused before their decoder sees it."""
    path = packed(tmp_path / "a.npz", npy(np.ones(3)), method)
    with (
        open_archive(path, 16) as archive,
        pytest.raises(SourceError, match="is neither stored nor deflated"),
    ):
        archive.read("a")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    """There is nobody to ask for the password."""
    data = bytearray(packed(tmp_path / "a.npz", npy(np.ones(3))).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.npz").write_bytes(data)
    with (
        open_archive(tmp_path / "a.npz", 16) as archive,
        pytest.raises(SourceError, match="'a' is encrypted"),
    ):
        archive.read("a")


def test_a_deflated_member_that_is_damaged_is_refused(tmp_path: Path) -> None:
    """A flipped byte of the packed content is one sentence."""
    path = packed(tmp_path / "a.npz", npy(np.arange(100.0)), zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    with open_archive(path, 16) as archive, pytest.raises(SourceError, match="'a'"):
        archive.read("a")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """The archive's own table says what it unpacks to."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(2**26))
    with (
        pytest.raises(SourceError, match="unpacks to 536,871,040 bytes, more than 16 times its"),
        open_archive(path, 16),
    ):
        pass


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(100), b"x" * 1000])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file without a table of members is named."""
    (tmp_path / "a.npz").write_bytes(content)
    with (
        pytest.raises(SourceError, match=r"a\.npz: is no \.npz archive"),
        open_archive(tmp_path / "a.npz", 16),
    ):
        pass
