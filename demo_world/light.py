"""How bright it is at a point: lamps, windows, and light from all around.

Surfaces are Lambertian. No light throws a hard shadow; things are darkened by ambient occlusion,
read off a field of distances to the nearest box (I. Quilez, "Rendering Worlds with Two Triangles",
NVScene 2008).
"""

from itertools import product
from typing import Final

import numpy as np

from demo_world.geometry import Room
from demo_world.materials import Floats, colour
from demo_world.raycast import Solids

_STEP: Final = 0.12
_TAPS: Final = (0.22, 0.62)
_DARKEST: Final = 0.32
_AMBIENT: Final = 0.3
_EXPOSURE: Final = 0.44
_SOFTENING: Final = 0.15


class Light:
    """The light in a room.

    Parameters
    ----------
    room
        A furnished room. What glows brighter than 1 lights it, from its thinnest side.
    solids
        Its boxes.
    """

    def __init__(self, room: Room, solids: Solids) -> None:
        self._field = _DistanceField(room, solids)
        middle_of_room, self._sources, total = np.array(room.size) / 2, [], 0.0
        for box in room.furniture:
            if box.material.glow <= 1:
                continue
            extent, middle = np.subtract(box.high, box.low), np.add(box.low, box.high) / 2
            facing = (extent == extent.min()) * np.sign(middle_of_room - middle)
            power = colour(box.material.base) * box.material.glow * extent.prod() / extent.min()
            self._sources.append(
                tuple(v.astype(np.float32)[:, None] for v in (middle, facing, power))
            )
            total += power.mean()
        self._gain = np.float32(_EXPOSURE * room.size[0] * room.size[1] / total)

    def at(self, point: Floats, normal: Floats) -> Floats:
        """Irradiance at points.

        Parameters
        ----------
        point, normal
            Positions and unit normals, shape (3, n).

        Returns
        -------
        ndarray of float32, shape (3, n)
            Linear, about 1 where it is bright.
        """
        free = self.openness(point, normal)
        light = free * np.float32(_AMBIENT) + self.direct(point, normal) * (0.25 + 0.75 * free)
        return np.asarray(light, np.float32)

    def openness(self, point: Floats, normal: Floats) -> Floats:
        """Return the share of light from all around that reaches points, less in corners: (n,)."""
        share = sum(np.minimum(self._field.at(point + normal * tap) / tap, 1) for tap in _TAPS)
        return np.asarray(_DARKEST + (1 - _DARKEST) / len(_TAPS) * share, np.float32)

    def direct(self, point: Floats, normal: Floats) -> Floats:
        """Return the light of lamps and windows at points, shape (3, n)."""
        total = np.zeros_like(point)
        for middle, facing, power in self._sources:
            away = middle - point
            square = (away * away).sum(axis=0)
            arriving = np.maximum((away * normal).sum(axis=0), 0)
            leaving = np.maximum(-(away * facing).sum(axis=0), 0)
            total += power * (arriving * leaving / (square * (square + _SOFTENING)))
        return np.asarray(total * self._gain, np.float32)


class _DistanceField:
    """The distance to the nearest box on a grid that fills the room."""

    def __init__(self, room: Room, solids: Solids) -> None:
        axes = [np.arange(-1, edge / _STEP + 2, dtype=np.float32) * _STEP for edge in room.size]
        square = np.full([len(axis) for axis in axes], np.inf, np.float32)
        for low, high in zip(solids.low.T, solids.high.T, strict=True):
            x, y, z = (
                np.maximum(np.maximum(low[k] - axis, axis - high[k]), 0) ** 2
                for k, axis in enumerate(axes)
            )
            np.minimum(square, x[:, None, None] + (y[:, None] + z), out=square)
        self._values = np.sqrt(square).ravel()
        self._strides = np.array(square.strides) // square.itemsize
        self._last = np.array(square.shape, np.float32)[:, None] - np.float32(1.001)
        self._corners = np.array(list(product((0, 1), repeat=3))) @ self._strides

    def at(self, point: Floats) -> Floats:
        """Return the distance at points, shape (n,), by trilinear interpolation."""
        cell = np.clip(point / np.float32(_STEP) + 1, 0, self._last)
        whole = np.floor(cell)
        start = self._strides @ whole.astype(np.int64)
        near = self._values[start + self._corners[:, None]]
        for share in cell - whole:
            half = len(near) // 2
            near = near[:half] + (near[half:] - near[:half]) * share
        return np.asarray(near[0], np.float32)
