"""The arrays of a room or a scan as ReDAL prepares them: ``coords`` and ``supervoxel``.

Source: https://github.com/tsunghan-wu/ReDAL/blob/main/data_preparation/README.md.
"""

from pathlib import Path

import numpy as np

from features.errors import SourceError
from features.files.npy import read_header
from features.sources.labelling import Labelling, labelling_of


def count_points(coords: Path) -> int:
    """Return the number of points, from the array's header.

    Raises
    ------
    SourceError
        The file is no array, or its shape is not (points, 3) with at least one point.
    """
    shape = read_header(coords).shape
    match shape:
        case (points, 3) if points > 0:
            return points
        case _:
            rule = f"must have shape (points, 3) with at least one point, not {shape}"
            raise SourceError(str(coords), rule)


def read_supervoxels(path: Path, points: int) -> Labelling:
    """Return what there is to label, from the supervoxel of each of the ``points``.

    Raises
    ------
    SourceError
        The file is no array of one whole number a point.
    """
    header = read_header(path)
    if header.shape not in {(points,), (points, 1)} or header.dtype.kind not in "iu":
        rule = (
            f"must have a whole number for each of the {points} points, "
            f"not shape {header.shape} of {header.dtype}"
        )
        raise SourceError(str(path), rule)
    return labelling_of(np.load(path, mmap_mode="r", allow_pickle=False))
