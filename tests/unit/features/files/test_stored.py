"""Stored arrays are whole, or refused: whatever happened to their file."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from features.errors import DamagedError, VectorsError
from features.files.stored import map_array, read_arrays, write_array, write_arrays

ARRAYS = {
    "ids": np.frombuffer(b'["a", "b"]', dtype=np.uint8),
    "rows": np.arange(6, dtype=np.float32).reshape(3, 2) - 0.5,
    "empty": np.zeros((0, 4), dtype=np.int64),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a file of arrays."""
    path = tmp_path / "made" / "stored.npz"
    write_arrays(path, **ARRAYS)
    return path


def _is_same(path: Path) -> bool:
    """Read it all, optional arrays too; false where it is refused."""
    try:
        found = read_arrays(path, "rows", optional=("ids", "empty"))
    except DamagedError as error:
        assert str(error).startswith(f"{path}: not a whole file of rows (")  # noqa: PT017  one of many
        return False
    for name, array in zip(("rows", "ids", "empty"), found, strict=True):
        np.testing.assert_array_equal(array, ARRAYS[name])
        assert (array.dtype, array.shape) == (ARRAYS[name].dtype, ARRAYS[name].shape)
    return True


def test_arrays_come_back(file: Path) -> None:
    """All arrays come back, numpy reads them, too, and they may be written to."""
    assert _is_same(file)
    with np.load(file, allow_pickle=False) as arrays:
        assert set(arrays) == set(ARRAYS)
        np.testing.assert_array_equal(arrays["rows"], ARRAYS["rows"])
    (rows,) = read_arrays(file, "rows")
    rows[0] = 1.0


def _cut(whole: bytes, rng: np.random.Generator) -> bytes:
    return whole[: rng.integers(len(whole))]


def _blank(whole: bytes, rng: np.random.Generator) -> bytes:
    """Zero a stretch, as a disk does whose last blocks were never written."""
    start, end = sorted(rng.integers(0, len(whole) + 1, 2))
    return whole[:start] + bytes(end - start) + whole[end:]


def _scatter(whole: bytes, rng: np.random.Generator) -> bytes:
    damaged = np.frombuffer(whole, dtype=np.uint8).copy()
    places = rng.integers(0, len(whole), rng.integers(2, 40))
    damaged[places] = rng.integers(0, 256, len(places))
    return damaged.tobytes()


def _lengthen(whole: bytes, rng: np.random.Generator) -> bytes:
    return whole + rng.bytes(int(rng.integers(1, 100)))


def _swap(whole: bytes, rng: np.random.Generator) -> bytes:
    place = rng.integers(len(whole))
    return whole[place:] + whole[:place]


@pytest.mark.parametrize("damage", [_cut, _blank, _scatter, _lengthen, _swap])
def test_damage_is_harmless_or_refused(
    file: Path, damage: Callable[[bytes, np.random.Generator], bytes]
) -> None:
    """Cut, blanked, scribbled over, lengthened or turned: the same arrays, or one sentence."""
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    for _ in range(100):
        file.write_bytes(damage(whole, rng))
        _is_same(file)
    file.write_bytes(whole)
    assert _is_same(file)


@pytest.mark.parametrize("content", [b"", b"PK", b"not an archive", None])
def test_what_is_no_such_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    """Empty, foreign or missing: one error that names the file."""
    path = tmp_path / "none.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"none\.npz: not a whole file of rows"):
        read_arrays(path, "rows")


def test_what_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    """A folder in the file's place is an error of its own: nobody removes it."""
    with pytest.raises(VectorsError, match=r"cannot be read \(Is a directory\)") as caught:
        read_arrays(tmp_path, "rows")
    assert not isinstance(caught.value, DamagedError)


def test_objects_are_never_loaded(tmp_path: Path) -> None:
    """Nothing is unpickled, and nothing is pickled."""
    evil = tmp_path / "evil.npz"
    np.savez(evil, rows=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DamagedError, match="rows"):
        read_arrays(evil, "rows")
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_arrays(tmp_path / "new.npz", rows=np.array([{}], dtype=object))
    assert [path.name for path in tmp_path.iterdir()] == ["evil.npz"]


def test_files_of_the_first_version_are_read(tmp_path: Path) -> None:
    """What numpy wrote alone has no hash of its tables, and is read all the same."""
    path = tmp_path / "old.npz"
    np.savez(path, **ARRAYS)  # type: ignore[arg-type]  # numpy's stub takes ** for its flag
    assert _is_same(path)


def test_optional_arrays_come_all_or_not_at_all(tmp_path: Path) -> None:
    """A file without one of them gives none; one that lacks a wanted array is refused."""
    path = tmp_path / "some.npz"
    write_arrays(path, rows=ARRAYS["rows"], ids=ARRAYS["ids"])
    assert len(read_arrays(path, "rows", optional=("ids",))) == 2
    assert len(read_arrays(path, "rows", optional=("ids", "empty"))) == 1
    with pytest.raises(DamagedError, match="empty"):
        read_arrays(path, "rows", "empty")


def _parts() -> list[NDArray[np.float16]]:
    rows = np.arange(24, dtype=np.float16).reshape(6, 2, 2)
    return [rows[:4], rows[4:]]


def test_an_array_is_written_in_parts_and_mapped(tmp_path: Path) -> None:
    """What is written part by part is mapped as a whole, and cannot be written to."""
    path = tmp_path / "maps.npz"
    write_array(path, "values", 6, _parts())
    mapped = map_array(path, "values")
    assert isinstance(mapped, np.memmap)
    np.testing.assert_array_equal(mapped, np.concatenate(_parts()))
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 1
    np.testing.assert_array_equal(read_arrays(path, "values")[0], mapped)
    with pytest.raises(ValueError, match="6 rows are not the 7 of an array"):
        write_array(tmp_path / "short.npz", "values", 7, _parts())
    assert [file.name for file in tmp_path.iterdir()] == ["maps.npz"]
