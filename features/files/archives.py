"""Read archives that nobody has vetted: nothing is unpickled, sizes come first.

An archive (``.npz``) is a zip file of arrays, stored or deflated. Its content is measured before
any of it is unpacked, and each array's header against the bytes that follow it.
"""

import math
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from features.errors import SourceError
from features.files.paths import open_regular
from features.limits import FREE_BYTES, MAX_COLUMNS, MAX_PROBLEM_BYTES

_ENDING: Final = ".npy"
_ENCRYPTED: Final = 1
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_MOST_DIMENSIONS: Final = 8
_CHUNK: Final = 2**24


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """What an array file says of itself, checked against its size.

    Parameters
    ----------
    shape, dtype, fortran_order
        Of the array.
    start
        Byte of the file at which its numbers begin.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    start: int


def read_header(stream: IO[bytes], size: int, place: str) -> ArrayHeader:
    """Read the header of an array, and leave the stream at its numbers.

    Parameters
    ----------
    stream
        At the start of the array's file.
    size
        Bytes that the file has.
    place
        What the file is called in errors.

    Raises
    ------
    SourceError
        It is no array of version 1 or 2, holds Python objects or records, or is longer or shorter
        than its header says.
    """
    try:
        version = npy_format.read_magic(stream)
        is_first = version == (1, 0)
        read = npy_format.read_array_header_1_0 if is_first else npy_format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except Exception as error:  # numpy parses a header as Python, which fails in many ways
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise SourceError(place, f"is no .npy array ({reason})") from error
    if dtype.hasobject:
        raise SourceError(place, "holds pickled Python objects, which are never loaded")
    if dtype.kind == "V" or not dtype.itemsize:
        raise SourceError(place, f"holds {dtype!s:.40}, which is neither a number nor a text")
    if len(shape) > _MOST_DIMENSIONS or not all(type(n) is int and n >= 0 for n in shape):
        raise SourceError(place, f"has no usable shape: {shape!s:.60}")
    start = stream.tell()
    if start + math.prod(shape) * dtype.itemsize != size:
        rule = f"is truncated or broken: its size does not fit its shape {shape!s:.60}"
        raise SourceError(place, rule)
    return ArrayHeader(shape, dtype, bool(fortran), start)


class Archive:
    """An open archive.

    Parameters
    ----------
    zipped
        The zip file.
    place
        What it is called in errors.

    Attributes
    ----------
    names
        Of its members, without the ending of arrays.
    """

    def __init__(self, zipped: zipfile.ZipFile, place: str) -> None:
        self._zipped = zipped
        self._place = place
        self._members = {entry.filename.removesuffix(_ENDING): entry for entry in zipped.infolist()}
        self.names = tuple(self._members)

    def read(self, name: str) -> NDArray[Any]:
        """Return an array.

        Raises
        ------
        SourceError
            It is none, or is broken.
        KeyError
            There is no such member.
        """
        entry = self._members[name]
        if not entry.filename.endswith(_ENDING):
            raise SourceError(self._place, f"{name!r:.60} is no array of numpy")
        _require_plain(entry, self._place)
        with _sentence(self._place, f"{name!r:.60} is damaged"), self._zipped.open(entry) as stream:
            place = f"{self._place}: {name!r:.60}"
            header = read_header(stream, entry.file_size, place)
            flat = np.empty(math.prod(header.shape), header.dtype)
            _fill(stream, flat.view(np.uint8).data if flat.size else memoryview(b""))
            require_unicode(flat, place)
            return flat.reshape(header.shape, order="F" if header.fortran_order else "C")


def _require_plain(entry: zipfile.ZipInfo, place: str) -> None:
    if entry.flag_bits & _ENCRYPTED:
        raise SourceError(place, f"{entry.filename.removesuffix(_ENDING)!r:.60} is encrypted")
    if entry.compress_type not in _METHODS:
        name = entry.filename.removesuffix(_ENDING)
        raise SourceError(place, f"{name!r:.60} is neither stored nor deflated")


def require_unicode(array: NDArray[Any], place: str) -> None:
    """Refuse an array of text whose numbers are no characters: Python cannot make strings of it.

    Raises
    ------
    SourceError
        There is such a number.
    """
    if array.dtype.kind == "U" and array.size:
        numbers = np.ascontiguousarray(array).view(f"{array.dtype.byteorder}u4")
        if numbers.max() > sys.maxunicode:
            raise SourceError(place, "holds text that is not Unicode")


def _fill(stream: IO[bytes], room: memoryview) -> None:
    done = 0
    while done < len(room):
        chunk = stream.read(min(_CHUNK, len(room) - done))
        if not chunk:
            message = "it ends early"
            raise EOFError(message)
        room[done : done + len(chunk)] = chunk
        done += len(chunk)
    stream.read(1)  # at the end the checksum is compared


@contextmanager
def open_archive(path: Path, proportion: int) -> Iterator[Archive]:
    """Open an archive of arrays.

    Parameters
    ----------
    path
        The file.
    proportion
        Most times its size that it may unpack to, where that is more than ``FREE_BYTES``.

    Raises
    ------
    SourceError
        It is no zip file, is damaged, or unpacks to too much.
    """
    with _opened(path, ".npz", proportion) as zipped:
        yield Archive(zipped, str(path))


def unpack(path: Path, proportion: int, place_of: Callable[[str], Path | None]) -> None:
    """Unpack files of a ZIP archive of any files.

    Parameters
    ----------
    path, proportion
        See :func:`open_archive`.
    place_of
        Where a member of a name goes, None for nowhere. It is asked for each file once.

    Raises
    ------
    SourceError
        It is no zip file, is damaged, or unpacks to too much.
    """
    with _opened(path, "ZIP", proportion) as zipped:
        for entry in zipped.infolist():
            place = None if entry.is_dir() else place_of(entry.filename)
            if place is None:
                continue
            _require_plain(entry, str(path))
            damaged = _sentence(str(path), f"{entry.filename!r:.60} is damaged")
            with damaged, zipped.open(entry) as stream, place.open("wb") as file:
                shutil.copyfileobj(stream, file, _CHUNK)  # never more than the header says


@contextmanager
def _opened(path: Path, kind: str, proportion: int) -> Iterator[zipfile.ZipFile]:
    with open_regular(path) as stream:
        with _sentence(str(path), f"is no {kind} archive"):
            zipped = zipfile.ZipFile(stream)
        with zipped:
            _require_room(path, zipped.infolist(), proportion)
            yield zipped


def _require_room(path: Path, entries: list[zipfile.ZipInfo], proportion: int) -> None:
    if len(entries) > MAX_COLUMNS:
        rule = f"has {len(entries):,} members; up to {MAX_COLUMNS:,} are read"
        raise SourceError(str(path), rule)
    if len({entry.filename for entry in entries}) < len(entries):
        raise SourceError(str(path), "has two members of one name")
    whole = sum(entry.file_size for entry in entries)
    if whole > max(FREE_BYTES, min(proportion * path.stat().st_size, MAX_PROBLEM_BYTES)):
        rule = f"unpacks to {whole:,} bytes, more than {proportion} times its size"
        raise SourceError(str(path), rule)


@contextmanager
def _sentence(place: str, rule: str) -> Iterator[None]:
    """Turn what zipfile and zlib raise on broken data, which is anything, into one sentence."""
    try:
        yield
    except (SourceError, MemoryError):
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise SourceError(place, f"{rule} ({reason})") from error
