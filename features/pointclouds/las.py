"""Clouds in LAS and LAZ, as surveyors write them."""

from pathlib import Path
from typing import Final

import laspy
import numpy as np
from laspy.errors import LaspyException

from features.errors import SourceError
from features.pointclouds.cloud import Cloud, picks

_CHUNK: Final = 500_000
"""Points that are decoded at once: what is not wanted is dropped before the next ones come."""

_COLOURS: Final = ("red", "green", "blue")
_WIDE: Final = 255


def read_las(path: Path, most: int) -> Cloud:
    """Return up to `most` points of a ``.las`` or ``.laz``, with intensity and colours.

    Colours of 16 bits a channel lose the lower 8; files that use 8 bits alone keep them.

    Raises
    ------
    SourceError
        It is no such file, has no points, or was cut.
    """
    try:
        with laspy.open(path) as reader:
            total = int(reader.header.point_count)
            if total < 1:
                raise SourceError(str(path), "has no points")
            names = set(reader.header.point_format.dimension_names)
            coloured = names.issuperset(_COLOURS)
            wanted = picks(total, most)
            points, intensities, shades, start = [], [], [], 0
            for chunk in reader.chunk_iterator(_CHUNK):
                inside = wanted[(wanted >= start) & (wanted < start + len(chunk))] - start
                points.append(np.stack([chunk.x[inside], chunk.y[inside], chunk.z[inside]], axis=1))
                intensities.append(np.asarray(chunk.intensity[inside], np.float64))
                if coloured:
                    shades.append(np.stack([chunk[name][inside] for name in _COLOURS], axis=1))
                start += len(chunk)
    except (LaspyException, ValueError, OSError, RuntimeError) as error:
        # What a file may be is more than this library expects: it says so in many ways.
        rule = f"is no LAS that can be read ({type(error).__name__})"
        raise SourceError(str(path), rule) from error
    if start < total:
        raise SourceError(str(path), f"is truncated: it has fewer than {total:,} points")
    colours = None
    if coloured:
        values = np.concatenate(shades)
        colours = (values >> 8 if (values > _WIDE).any() else values).astype(np.uint8)
    return Cloud(
        total,
        np.concatenate(points).astype(np.float64),
        colors=colours,
        intensity=np.concatenate(intensities),
    )
