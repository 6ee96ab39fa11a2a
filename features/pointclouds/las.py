"""Clouds in LAS and LAZ, as surveyors write them."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import laspy
import numpy as np
from laspy.errors import LaspyException
from numpy.typing import NDArray

from features.errors import SourceError
from features.files.paths import open_regular
from features.limits import FREE_TABLE_BYTES, MAX_CLOUD_BYTES, MAX_TABLE_PROPORTION
from features.pointclouds.cloud import Cloud, picks

_CHUNK: Final = 500_000
"""Points that are decoded at once: what is not wanted is dropped before the next ones come."""

_PLACE: Final = ("x", "y", "z")
_COLOURS: Final = ("red", "green", "blue")
_WIDE: Final = 255

_HEAD: Final = 104
_OFFSETS: Final = 96
"""Where a header says at which byte the points begin, and how many records come before them."""

_RECORD: Final = 54
"""Bytes of such a record, at least."""

_MISTAKES: Final = (
    *(LaspyException, struct.error, ValueError, TypeError, LookupError, ArithmeticError),
    *(MemoryError, OSError, RuntimeError),
)
"""What a file may be is more than the library expects: it says so in many ways."""


def read_las(path: Path, most: int) -> Cloud:
    """Return up to `most` points of a ``.las`` or ``.laz``, with intensity and colours.

    Colours of 16 bits a channel lose the lower 8; files that use 8 bits alone keep them.

    Raises
    ------
    SourceError
        It is no such file, has no points, or was cut.
    """
    _require_sense(path)
    try:
        with laspy.open(path, read_evlrs=False) as reader:
            header = reader.header
            total = int(header.point_count)
            if total < 1:
                raise SourceError(str(path), "has no points")
            if total * header.point_format.size > _allowed(path):
                rule = f"says that it has {total:,} points, more than are read"
                raise SourceError(str(path), rule)
            names = set(reader.header.point_format.dimension_names)
            coloured = names.issuperset(_COLOURS)
            wanted = picks(total, most)
            points, intensities, shades, start = [], [], [], 0
            for chunk in reader.chunk_iterator(_CHUNK):
                inside = wanted[(wanted >= start) & (wanted < start + len(chunk))] - start
                points.append(_columns(chunk, _PLACE)[inside])
                intensities.append(_columns(chunk, ("intensity",))[inside, 0])
                if coloured:
                    shades.append(_columns(chunk, _COLOURS)[inside])
                start += len(chunk)
    except _MISTAKES as error:
        rule = f"is no LAS that can be read ({type(error).__name__})"
        raise SourceError(str(path), rule) from error
    if start < total:
        raise SourceError(str(path), f"is truncated: it has fewer than {total:,} points")
    colours = None
    if coloured:
        values = np.concatenate(shades).astype(np.int64)
        colours = (values >> 8 if (values > _WIDE).any() else values).astype(np.uint8)
    return Cloud(
        total,
        np.concatenate(points).astype(np.float64),
        colors=colours,
        intensity=np.concatenate(intensities),
    )


def _require_sense(path: Path) -> None:
    """Refuse a header that says more records than the file could hold: the library would look."""
    with open_regular(path) as file:
        head = file.read(_HEAD)
    if len(head) < _HEAD or not head.startswith(b"LASF"):
        raise SourceError(str(path), "is no LAS: it does not begin with its header")
    start, records = struct.unpack_from("<II", head, _OFFSETS)
    size = path.stat().st_size
    if start > size or records * _RECORD > size:
        raise SourceError(str(path), "is truncated: its header says more than the file has")


def _allowed(path: Path) -> int:
    """Return how many bytes of points a file may hold, packed ones included."""
    return min(MAX_CLOUD_BYTES, max(FREE_TABLE_BYTES, MAX_TABLE_PROPORTION * path.stat().st_size))


def _columns(chunk: laspy.ScaleAwarePointRecord, names: Sequence[str]) -> NDArray[np.float64]:
    """Return some of a chunk's dimensions, shape (n, k); one point alone has no axis there."""
    columns = [np.atleast_1d(np.asarray(chunk[name], np.float64)) for name in names]
    return np.stack(columns, axis=1)
