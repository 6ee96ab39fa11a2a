"""Some records of a file of many.

Files are read, not mapped: one that is cut while it is mapped would end the whole process.

Some lines of a text file of numbers.

Clouds as NumPy arrays, (n, 3) or wider, as ReDAL prepares S3DIS; nothing is unpickled.

Scans as bare rows of float32, as KITTI and nuScenes have them.

Clouds as text: a line a point, ``x y z``, ``x y z intensity`` or ``x y z red green blue``.
"""

import os
from collections.abc import Generator, Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from features.errors import SourceError
from features.files.arrays import count_items, read_header
from features.files.paths import open_regular
from features.limits import MAX_IDLE_LINES
from features.pointclouds.cloud import Cloud, picks

_SPARSE: Final = 32
"""Where fewer than one record in so many is wanted, each is read by itself."""


def gather(
    path: Path, start: int, dtype: np.dtype[Any], total: int, wanted: NDArray[np.int64]
) -> NDArray[Any]:
    """Return some of a file's records.

    Parameters
    ----------
    path
        The file.
    start
        Byte at which the first record begins.
    dtype
        Of a record.
    total
        How many there are.
    wanted
        Their numbers, ascending, shape (k,).

    Returns
    -------
    (k,)

    Raises
    ------
    SourceError
        The file ends before the last record, or is no regular file.
    """
    size = dtype.itemsize
    with open_regular(path) as file:
        descriptor = file.fileno()
        if total <= len(wanted) * _SPARSE:
            file.seek(start)
            content = file.read(total * size)
            whole = len(content) == total * size
        else:
            parts = [os.pread(descriptor, size, start + k * size) for k in wanted.tolist()]
            content = b"".join(parts)
            whole = len(content) == len(wanted) * size
    if not whole:
        raise SourceError(str(path), f"is truncated: it has fewer than {total:,} points")
    records = np.frombuffer(content, dtype=dtype)
    return records[wanted] if len(records) > len(wanted) else records


_LONGEST: Final = 4096
"""Bytes of a line, at most: a point has a few numbers."""


def numbered(path: Path, start: int) -> Generator[bytes]:
    """Yield a file's lines from a byte on.

    Raises
    ------
    SourceError
        A line is too long to be a point, or the file is no regular one.
    """
    with open_regular(path) as file:
        file.seek(start)
        yield from _lines(path, file)


def _lines(path: Path, file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(_LONGEST):
        if len(line) == _LONGEST:
            raise SourceError(str(path), f"has a line of more than {_LONGEST:,} bytes")
        yield line


def numbers(path: Path, lines: Sequence[bytes], width: int) -> NDArray[np.float64]:
    """Return the numbers of lines, shape (k, width); what a line has beyond them is left.

    Raises
    ------
    SourceError
        A line has fewer, or something else.
    """
    rows = np.empty((len(lines), width))
    for place, line in enumerate(lines):
        try:
            if b"_" in line:  # float takes 1_000
                raise ValueError  # noqa: TRY301  one sentence for all that is no number
            rows[place] = np.array([float(word) for word in line.split()[:width]]).reshape(width)
        except ValueError:
            shown = line.decode("latin-1").strip()[:60]
            rule = f"has the line {shown!r} where {width} numbers should be"
            raise SourceError(str(path), rule) from None
    return rows


_AXES: Final = 3
_MATRIX: Final = 2


def read_array(path: Path, most: int) -> Cloud:
    """Return up to `most` points of an ``.npy``: its first three columns.

    Raises
    ------
    SourceError
        It is no such array, or was cut.
    """
    header = read_header(path)
    dtype, shape = header.dtype, header.shape
    if dtype.kind not in "fiu" or len(shape) != _MATRIX or shape[1] < _AXES or not shape[0]:
        rule = f"is no cloud: an array of {dtype} and shape {shape}, not of n x 3 numbers"
        raise SourceError(str(path), rule)
    total, width = shape
    start = path.stat().st_size - total * width * dtype.itemsize
    wanted = picks(total, most)
    if header.fortran_order:
        step = total * dtype.itemsize
        columns = [gather(path, start + k * step, dtype, total, wanted) for k in range(_AXES)]
        return Cloud(total, np.stack(columns, axis=1).astype(np.float64))
    row = np.dtype([("row", dtype, (width,))])
    rows = gather(path, start, row, total, wanted)["row"]
    return Cloud(total, rows[:, :_AXES].astype(np.float64))


_KITTI: Final = 4  # x, y, z, remission
_NUSCENES: Final = 5  # x, y, z, intensity, ring


def read_kitti(path: Path, most: int) -> Cloud:
    """Return up to `most` points of a ``.bin``; raises `SourceError` where it was cut."""
    return _read(path, most, _KITTI)


def read_nuscenes(path: Path, most: int) -> Cloud:
    """Return up to `most` points of a ``.pcd.bin``; raises `SourceError` where it was cut."""
    return _read(path, most, _NUSCENES)


def _read(path: Path, most: int, numbers: int) -> Cloud:
    row = np.dtype(("<f4", (numbers,)))
    total = count_items(path, row.itemsize)
    # Of a dtype with a shape numpy makes further axes.
    flat = np.dtype([("row", row)])
    rows = gather(path, 0, flat, total, picks(total, most))["row"].astype(np.float64)
    return Cloud(total, rows[:, :3], intensity=rows[:, 3])


_WITH_INTENSITY: Final = 4
_WITH_COLOUR: Final = 6
_BRIGHTEST: Final = 255


def read_text(path: Path, most: int) -> Cloud:
    """Return up to `most` points of a text file; empty lines and those with ``#`` are no points.

    Raises
    ------
    SourceError
        It has no point, a line that is none, or more than ``MAX_IDLE_LINES`` without one.
    """
    is_point, idle = bytearray(), 0
    for line in numbered(path, 0):
        there = bool(line.strip()) and not line.startswith(b"#")
        is_point.append(there)
        idle += not there
        if idle > MAX_IDLE_LINES:
            raise SourceError(str(path), f"has more than {MAX_IDLE_LINES:,} lines without a point")
    total = sum(is_point)
    if not total:
        raise SourceError(str(path), "has no points")
    wanted = np.zeros(total, dtype=bool)
    wanted[picks(total, most)] = True
    lines = list(compress(compress(numbered(path, 0), is_point), wanted))
    width = len(lines[0].split())
    read = max(_AXES, min(width, _WITH_COLOUR)) if width != _WITH_COLOUR - 1 else _WITH_INTENSITY
    rows = numbers(path, lines, read)
    if read == _WITH_COLOUR:
        colours = rows[:, 3:]
        if ((colours >= 0) & (colours <= _BRIGHTEST) & (colours == np.rint(colours))).all():
            return Cloud(total, rows[:, :3], colors=colours.astype(np.uint8))
        return Cloud(total, rows[:, :3])
    return Cloud(total, rows[:, :3], intensity=rows[:, 3] if read > _AXES else None)
