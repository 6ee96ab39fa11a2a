"""What a point cloud is here, and which of its points are looked at."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

_FARTHEST: Final = 1e9
"""Metres beyond which a number is no place of anything that was scanned."""


@dataclass(frozen=True, eq=False, slots=True)
class Cloud:
    """Points of a file.

    Parameters
    ----------
    total
        How many the file holds.
    points : (k, 3) float64
        Those that were read, in metres, in the file's order.
    colors : (k, 3) uint8
        Red, green and blue; None where the file has none.
    intensity : (k,) float64
        In the file's own unit; None where the file has none.
    """

    total: int
    points: NDArray[np.float64]
    colors: NDArray[np.uint8] | None = None
    intensity: NDArray[np.float64] | None = None

    def finite(self) -> Self:
        """Return the cloud without points that have no place, or whose intensity is no number."""
        sound = (np.abs(self.points) < _FARTHEST).all(axis=1)
        if self.intensity is not None:
            sound &= np.isfinite(self.intensity)
        return type(self)(
            self.total,
            self.points[sound],
            None if self.colors is None else self.colors[sound],
            None if self.intensity is None else self.intensity[sound],
        )


def picks(total: int, most: int) -> NDArray[np.int64]:
    """Return which of a file's points are read: evenly spread, always the same ones, ascending.

    One of each of `most` stretches of equal length, at random within it: every k-th point would
    follow the rings of a scanner, and show stripes.
    """
    if total <= most:
        return np.arange(total)
    edges = np.arange(most + 1) * total // most
    drawn = np.random.default_rng(0).random(most)
    return edges[:-1] + (drawn * np.diff(edges)).astype(np.int64)
