"""Some lines of a text file of numbers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from features.errors import SourceError
from features.files.regular import open_regular

_LONGEST: Final = 4096
"""Bytes of a line, at most: a point has a few numbers."""


def numbered(path: Path, start: int) -> Iterator[bytes]:
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
            rows[place] = np.array([float(word) for word in line.split()[:width]]).reshape(width)
        except ValueError:
            shown = line.decode("latin-1").strip()[:60]
            rule = f"has the line {shown!r} where {width} numbers should be"
            raise SourceError(str(path), rule) from None
    return rows
