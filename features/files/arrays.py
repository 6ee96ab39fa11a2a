"""Read the head of an ``.npy`` file (numpy.lib.format), so that nothing is loaded or unpickled.

Count a file's items from its size.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy_format

from features.errors import SourceError, plural
from features.files.paths import open_regular

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
