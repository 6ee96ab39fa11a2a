"""Clouds as text: a line a point, ``x y z``, ``x y z intensity`` or ``x y z red green blue``."""

from itertools import compress
from pathlib import Path
from typing import Final

import numpy as np

from features.errors import SourceError
from features.pointclouds.cloud import Cloud, picks
from features.pointclouds.lines import numbered, numbers

_AXES: Final = 3
_WITH_INTENSITY: Final = 4
_WITH_COLOUR: Final = 6
_BRIGHTEST: Final = 255


def read_text(path: Path, most: int) -> Cloud:
    """Return up to `most` points of a text file; empty lines and those with ``#`` are no points.

    Raises
    ------
    SourceError
        It has no point, or a line that is none.
    """
    is_point = [bool(line.strip()) and not line.startswith(b"#") for line in numbered(path, 0)]
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
