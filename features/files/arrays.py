"""Read the head of an ``.npy`` file (numpy.lib.format), so that nothing is loaded or unpickled.

Count a file's items from its size.
"""

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from features.errors import SourceError, plural
from features.files.archives import ArrayHeader, require_unicode
from features.files.archives import read_header as read_stream_header
from features.files.paths import open_regular


def read_header(path: Path) -> ArrayHeader:
    """Return an array's shape and dtype without reading its values.

    Raises
    ------
    SourceError
        As :func:`features.files.archives.read_header`.
    """
    with open_regular(path) as file:
        return read_stream_header(file, path.stat().st_size, str(path))


def map_array(path: Path) -> NDArray[Any]:
    """Map an array into memory, read-only.

    Raises
    ------
    SourceError
        As :func:`read_header`.
    """
    header = read_header(path)
    if not math.prod(header.shape):  # nothing can be mapped
        return np.empty(header.shape, header.dtype)
    order: Literal["F", "C"] = "F" if header.fortran_order else "C"
    array = np.memmap(path, header.dtype, "r", header.start, header.shape, order)
    require_unicode(array, str(path))
    return array


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
