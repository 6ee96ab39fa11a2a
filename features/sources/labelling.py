"""What labelling a scene costs: its points, or those of its supervoxels.

SeedAL and ReDAL (arXiv:2107.11769, section 3) label supervoxels, so a point that lies in none, with
id 0, costs nothing.

The arrays of a room or a scan as ReDAL prepares them: ``coords`` and ``supervoxel``.

Source: https://github.com/tsunghan-wu/ReDAL/blob/main/data_preparation/README.md.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.errors import SourceError
from features.files.arrays import read_header

POINTS = "points"
"""The resource of every source of point clouds."""


@dataclass(frozen=True, slots=True)
class Labelling:
    """What there is to label in a scene.

    Parameters
    ----------
    points
        Number of points to label.
    regions
        Ids of the supervoxels, ascending, where they are known.
    """

    points: int
    regions: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is to label in each scene of a pool.

    Parameters
    ----------
    labellings
        One for each scene, in the pool's order.
    origin
        Where they come from, for people.
    notes
        Sentences a user should read.
    """

    labellings: tuple[Labelling, ...]
    origin: str
    notes: tuple[str, ...] = ()


def labelling_of(supervoxels: NDArray[Any]) -> Labelling:
    """Count the points that lie in a supervoxel.

    Parameters
    ----------
    supervoxels : (n,) integers
        The supervoxel of each point; 0 is none.
    """
    ids = np.unique(supervoxels)
    return Labelling(
        points=int(np.count_nonzero(supervoxels)),
        regions=tuple(ids[ids > 0].tolist()),
    )


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
