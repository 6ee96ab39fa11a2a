"""The one form of files in the cache: named arrays that are whole, or refused.

A file is an ``.npz`` archive that is not compressed, so numpy reads it, too. An archive has a
CRC-32 of each array's bytes, but of nothing else: a flipped bit in its tables may hide an array or
name a compression that there is not. So the archive's comment has a hash of the tables (names,
sizes and CRC-32s), and each array is read to its end, where its CRC-32 is compared. Arrays that
nobody asks for are not read.

Files of version 0.1.0 have no comment; their arrays are compared all the same.
"""

import hashlib
import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Final
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from features.errors import DamagedError, VectorsError
from features.files.paths import atomic_write

_VERSION: Final = "seedal stored 1"
_CHUNK: Final = 2**20
_LENGTHS: Final = slice(26, 30)
"""Where a member's own header has the lengths of its name and of what follows, and ends: APPNOTE
4.3.7."""
_HEADER: Final = 30


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write named arrays, all or nothing.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    with _new_archive(path) as archive:
        for name, array in arrays.items():
            with archive.open(_member(name), "w", force_zip64=True) as member:
                npy_format.write_array(member, np.asanyarray(array), allow_pickle=False)


def write_array(path: Path, name: str, rows: int, parts: Iterable[NDArray[Any]]) -> None:
    """Write one array as its rows are computed, all or nothing.

    Parameters
    ----------
    path, name
        Of the file, and of the array.
    rows
        How many there are in all.
    parts
        Consecutive rows, at least one part, all of one dtype.

    Raises
    ------
    ValueError
        The parts have more rows, or fewer.
    OSError
        The folder cannot be written to.
    """
    written = 0
    with (
        _new_archive(path) as archive,
        archive.open(_member(name), "w", force_zip64=True) as member,
    ):
        for part in parts:
            if not written:
                description = npy_format.dtype_to_descr(part.dtype)
                shape = (rows, *part.shape[1:])
                header = {"descr": description, "fortran_order": False, "shape": shape}
                npy_format.write_array_header_1_0(member, header)
            member.write(part.tobytes())
            written += len(part)
        if written != rows:
            message = f"{written} rows are not the {rows} of an array"
            raise ValueError(message)


def read_arrays(path: Path, *names: str, optional: Sequence[str] = ()) -> tuple[NDArray[Any], ...]:
    """Read some of the arrays of a file.

    Parameters
    ----------
    path
        A file that :func:`write_arrays` wrote.
    names
        The arrays that are wanted; the others are not read.
    optional
        Further ones, for the end of the answer: all of them, or none where the file has not all.

    Raises
    ------
    DamagedError
        The file is missing, broken or foreign, or lacks one of the arrays.
    VectorsError
        It cannot be read, for another reason.
    """
    with _open_archive(path, names) as (archive, _):
        there = set(archive.namelist())
        more = optional if all(_member(name) in there for name in optional) else ()
        return tuple(_read(archive, name) for name in (*names, *more))


def map_array(path: Path, name: str) -> NDArray[Any]:
    """Return an array of a file without holding it in memory: mapped, and not to be written.

    The file is read once, to see that the array is whole.

    Raises
    ------
    DamagedError
        The file is missing, broken or foreign, or lacks the array.
    VectorsError
        It cannot be read, for another reason.
    """
    with _open_archive(path, (name,)) as (archive, stream):
        info = archive.getinfo(_member(name))
        with archive.open(info) as member:
            shape, fortran, dtype = _header(member, info)
            start = member.tell()
            while member.read(_CHUNK):
                pass
        stream.seek(info.header_offset)
        named, extra = struct.unpack("<HH", stream.read(_HEADER)[_LENGTHS])
        return np.memmap(
            path, dtype, "r", info.header_offset + _HEADER + named + extra + start, shape,
            "F" if fortran else "C",
        )  # fmt: skip


def _member(name: str) -> str:
    return f"{name}.npy"


@contextmanager
def _new_archive(path: Path) -> Iterator[ZipFile]:
    with atomic_write(path) as stream, ZipFile(stream, "w") as archive:
        yield archive
        archive.comment = _summary(archive)


def _summary(archive: ZipFile) -> bytes:
    """Return what tells that the tables of an archive are as they were written."""
    tables = [(info.filename, info.file_size, info.CRC) for info in archive.infolist()]
    return f"{_VERSION} {hashlib.sha256(repr(tables).encode()).hexdigest()}".encode()


@contextmanager
def _open_archive(path: Path, names: Sequence[str]) -> Iterator[tuple[ZipFile, BinaryIO]]:
    """Open an archive; whatever is raised while it is read is one error, with the file's name."""
    try:
        stream = path.open("rb")
    except FileNotFoundError as error:
        raise _damaged(path, names, error) from error
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise VectorsError(message) from error
    with stream:
        try:
            with ZipFile(stream) as archive:
                _require_tables(archive)
                yield archive, stream
        except MemoryError:
            raise
        except Exception as error:  # zipfile and numpy raise anything on what is damaged
            raise _damaged(path, names, error) from error


def _require_tables(archive: ZipFile) -> None:
    if archive.comment not in {b"", _summary(archive)}:
        message = "its tables were changed"
        raise ValueError(message)


def _damaged(path: Path, names: Sequence[str], error: Exception) -> DamagedError:
    return DamagedError(f"{path}: not a whole file of {', '.join(names)} ({error})")


def _read(archive: ZipFile, name: str) -> NDArray[Any]:
    info = archive.getinfo(_member(name))
    with archive.open(info) as member:
        _header(member, info)
    with archive.open(info) as member:
        array: NDArray[Any] = npy_format.read_array(member, allow_pickle=False)
        member.read(1)  # at the end its CRC-32 is compared
    return array


def _header(member: IO[bytes], info: ZipInfo) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order and dtype; nothing is made room for that the file does not have."""
    read = {
        (1, 0): npy_format.read_array_header_1_0,
        (2, 0): npy_format.read_array_header_2_0,
    }[npy_format.read_magic(member)]
    shape, fortran, dtype = read(member)
    if member.tell() + math.prod(shape) * dtype.itemsize != info.file_size:
        message = f"{info.filename}: its size does not fit its shape {shape}"
        raise ValueError(message)
    return shape, fortran, dtype
