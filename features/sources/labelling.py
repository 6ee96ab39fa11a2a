"""What labelling a scene costs: its points, or those of its supervoxels.

SeedAL and ReDAL (arXiv:2107.11769, section 3) label supervoxels, so a point that lies in none, with
id 0, costs nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
