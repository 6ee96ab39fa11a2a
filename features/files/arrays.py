"""Read the head of an ``.npy`` file (numpy.lib.format), so that nothing is loaded or unpickled.

Count a file's items from its size.

Named arrays in ``.npz`` files: written all at once, read without ever unpickling.
"""

import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from features.errors import SourceError, VectorsError, plural
from features.files.paths import atomic_write, open_regular

_BROKEN: Final = (
    ValueError, EOFError, SyntaxError, TypeError, RecursionError, MemoryError, TokenError
)  # fmt: skip
"""What numpy raises on a broken header, which it parses as Python."""


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """What an array file says of itself, checked against its size."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool


def read_header(path: Path) -> ArrayHeader:
    """Return an array's shape and dtype without reading its values.

    Raises
    ------
    SourceError
        The file is no ``.npy`` file of version 1 or 2, holds Python objects, or is
        longer or shorter than its header says.
    """
    try:
        with open_regular(path) as file:
            version = npy_format.read_magic(file)
            if version == (1, 0):
                shape, fortran, dtype = npy_format.read_array_header_1_0(file)
            else:
                shape, fortran, dtype = npy_format.read_array_header_2_0(file)
            start = file.tell()
            size = path.stat().st_size
    except _BROKEN as error:
        raise SourceError(str(path), f"is no .npy array ({error})") from error
    if dtype.hasobject:
        raise SourceError(str(path), "holds Python objects, which are never loaded")
    if start + math.prod(shape) * dtype.itemsize != size:
        rule = f"is truncated or broken: its size does not fit its shape {shape}"
        raise SourceError(str(path), rule)
    return ArrayHeader(shape, dtype, fortran)


def count_items(path: Path, item_bytes: int) -> int:
    """Return how many items of a fixed size a file holds.

    Raises
    ------
    SourceError
        The size is no positive multiple of an item's: the file was cut, or is something else.
    """
    size = path.stat().st_size
    if size == 0 or size % item_bytes:
        rule = f"has {plural(size, 'byte')}, not a positive multiple of {item_bytes}"
        raise SourceError(str(path), rule)
    return size // item_bytes


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write named arrays, all or nothing."""
    with atomic_write(path) as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # numpy's stub takes ** for its flag


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
    VectorsError
        The file is missing, broken or foreign, or lacks one of the arrays.
    """
    try:
        # numpy leaves a file open that it opens itself and cannot read.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            there = optional if all(name in arrays for name in optional) else ()
            return tuple(arrays[name] for name in (*names, *there))
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        message = f"{path}: not a whole file of {', '.join(names)} ({error})"
        raise VectorsError(message) from error
