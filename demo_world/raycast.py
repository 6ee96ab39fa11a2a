"""Which box a ray meets first.

Boxes are met with the slab method (Kay and Kajiya, SIGGRAPH 1986). Rays from one point are sorted
by azimuth, so that a box is tried only for the run of rays that can meet it. Vectors are stored one
axis per row, shape (3, n), which keeps every operation contiguous.
"""

import math
from collections.abc import Sequence
from itertools import product
from typing import Final

import numpy as np

from demo_world.geometry import Cuboid
from demo_world.materials import Floats, Ints

_CLOSEST: Final = np.float32(1e-4)
_SMALLEST: Final = np.float32(1e-7)
_SLACK: Final = 1e-4


class Solids:
    """Boxes as arrays.

    Parameters
    ----------
    boxes
        At least one.
    """

    def __init__(self, boxes: Sequence[Cuboid]) -> None:
        self.low = np.array([box.low for box in boxes], np.float32).T
        self.high = np.array([box.high for box in boxes], np.float32).T

    def first(self, origin: Floats, direction: Floats) -> tuple[Floats, Ints, Ints]:
        """First box that each ray meets.

        Parameters
        ----------
        origin
            Shape (3, n), or (3, 1) for rays that all start at one point.
        direction
            Unit vectors, shape (3, n).

        Returns
        -------
        distance, box, axis
            In metres (infinite where a ray meets nothing), the index of the box, and the axis that
            is normal to the face that the ray meets, shape (n,) each.
        """
        count = direction.shape[1]
        order, runs = np.arange(count), np.full((self.low.shape[1], 1, 2), [0, count])
        if origin.shape[1] == 1:
            azimuth = np.arctan2(direction[1], direction[0])
            order = np.argsort(azimuth)
            runs = self._runs(origin[:, 0], azimuth[order])
        ray = direction[:, order]
        inverse: Floats = np.reciprocal(np.where(np.abs(ray) < _SMALLEST, _SMALLEST, ray))
        shift = (origin if origin.shape[1] == 1 else origin[:, order]) * inverse
        distance, owner = np.full(count, np.inf, np.float32), np.zeros(count, np.int64)
        for box, run in np.argwhere(runs[:, :, 1] > runs[:, :, 0]):
            rays = slice(*runs[box, run])
            near, far = _slabs(
                self.low[:, box, None], self.high[:, box, None], inverse[:, rays], shift[:, rays]
            )
            entry = np.maximum(np.maximum(near[0], near[1]), near[2])
            leave = np.minimum(np.minimum(far[0], far[1]), far[2])
            met = (entry <= leave) & (entry > _CLOSEST) & (entry < distance[rays])
            np.copyto(distance[rays], entry, where=met)
            np.copyto(owner[rays], box, where=met)
        near, _ = _slabs(self.low[:, owner], self.high[:, owner], inverse, shift)
        back = np.empty_like(order)
        back[order] = np.arange(count)
        return distance[back], owner[back], near.argmax(axis=0)[back]

    def _runs(self, eye: Floats, azimuth: Floats) -> Ints:
        """Return begin and end among sorted rays of what each box covers, (n_boxes, 3, 2)."""
        ends = np.stack([self.low[:2], self.high[:2]]) - eye[:2, None]
        x, y = ends.sum(axis=0)
        centre = np.arctan2(y, x)
        corners = np.stack([np.arctan2(ends[j, 1], ends[i, 0]) for i, j in product((0, 1), (0, 1))])
        away = np.abs((corners - centre + math.pi) % math.tau - math.pi).max(axis=0) + _SLACK
        above = ((ends[0] <= 0) & (ends[1] >= 0)).all(axis=0)
        reach = np.where(above, math.pi, away)
        bounds = np.stack([centre - reach, centre + reach], axis=1)[:, None, :]
        turns = np.array([-math.tau, 0, math.tau])[:, None]
        return np.asarray(np.searchsorted(azimuth, bounds + turns))


def _slabs(low: Floats, high: Floats, inverse: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """Return where rays enter and leave a box's three slabs, shape (3, n) each."""
    begin, end = low * inverse - shift, high * inverse - shift
    return np.minimum(begin, end), np.maximum(begin, end)
