"""Light of the lamps on a room's six faces, with soft shadows, computed once per room.

A rectangular luminaire is a few point sources that shine down. Whether a box cuts the segment from
a cell of a face to a source is the slab method again; it is separable along the face's two axes, so
a shadow costs two vectors and one comparison of matrices.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.demo.geometry import CEILING, FACE_AXES, FLOOR, WALLS, Box, Floats, Mask, Room

_CELLS: Final = 32
_SAMPLES: Final = 16
_EXPOSURE: Final = 0.40
SOFTENING: Final = 0.15


@dataclass(frozen=True, slots=True)
class LightMaps:
    """Lamp light on the faces of a room.

    Parameters
    ----------
    faces
        Irradiance on a grid of cell centres, flattened, shape (6, cells * cells).
    gain
        Factor that brings the room to the common exposure.
    """

    faces: Floats
    gain: np.float32

    def at(self, face: int, u: Floats, v: Floats) -> Floats:
        """Return the irradiance at points of a face, in shares of its edges: shape (n,)."""
        grid = self.faces[face]
        x = np.clip(u * _CELLS - 0.5, 0, _CELLS - 1.001)
        y = np.clip(v * _CELLS - 0.5, 0, _CELLS - 1.001)
        i, j = np.floor(x), np.floor(y)
        p, q, cell = x - i, y - j, (i * _CELLS + j).astype(np.int64)
        low = grid[cell] * (1 - p) + grid[cell + _CELLS] * p
        high = grid[cell + 1] * (1 - p) + grid[cell + _CELLS + 1] * p
        return np.asarray((low * (1 - q) + high * q) * self.gain, np.float32)


def bake(room: Room) -> LightMaps:
    """Compute the light of a room's lamps on its faces.

    Parameters
    ----------
    room
        A furnished room with at least one lamp.

    Returns
    -------
    LightMaps
        The ceiling, which no lamp shines on, stays dark.
    """
    sources, share = _sources(room)
    faces = np.zeros((6, _CELLS * _CELLS), np.float32)
    for face in range(CEILING):
        faces[face] = share * _lit(room, face, sources).sum(axis=0).ravel()
    return LightMaps(faces, np.float32(_EXPOSURE / faces[[*WALLS, FLOOR]].mean()))


def _sources(room: Room) -> tuple[Floats, np.float32]:
    """Return point sources spread over the lamps, shape (3, s, 1, 1), and a source's share."""
    side = max(1, round(math.sqrt(_SAMPLES / len(room.lamps))))
    steps = (np.arange(side) + 0.5) / side - 0.5
    positions = [
        (
            lamp.position[0] + du * lamp.size[0],
            lamp.position[1] + dv * lamp.size[1],
            lamp.position[2],
        )
        for lamp in room.lamps
        for du in steps
        for dv in steps
    ]
    return np.array(positions, np.float32).T[:, :, None, None], np.float32(1 / side**2)


def _lit(room: Room, face: int, source: Floats) -> Floats:
    """Return how each source lights the cells of a face, shape (s, cells, cells)."""
    axis, (first, second) = face // 2, FACE_AXES[face // 2]
    centres = (np.arange(_CELLS, dtype=np.float32) + 0.5) / _CELLS
    level = np.full((1, 1, 1), room.size[axis] if face % 2 else 0.0, np.float32)
    start: list[Floats] = [level, level, level]
    start[first] = np.asarray(centres * room.size[first], np.float32)[None, :, None]
    start[second] = np.asarray(centres * room.size[second], np.float32)[None, None, :]
    offset = [source[k] - start[k] for k in range(3)]
    square = offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2
    lit = np.abs(offset[axis]) * np.maximum(offset[2], 0) / (square * (square + SOFTENING))
    for box in room.boxes:
        lit[_shadow(box, start, offset)] = 0
    return np.asarray(lit, np.float32)


def _shadow(box: Box, start: list[Floats], offset: list[Floats]) -> Mask:
    """Return which segments from cells to sources a box cuts."""
    near, far = np.full((1, 1, 1), 1e-3, np.float32), np.full((1, 1, 1), 1 - 1e-3, np.float32)
    spans = []
    for axis in range(3):
        step = offset[axis] + np.float32(1e-6)  # never exactly 0 in a room's layout
        a = (np.float32(box.low[axis]) - start[axis]) / step
        b = (np.float32(box.high[axis]) - start[axis]) / step
        spans.append((np.minimum(a, b), np.maximum(a, b)))
    spans.sort(key=lambda span: span[0].size)
    for low, high in spans:
        near, far = np.maximum(near, low), np.minimum(far, high)
    return np.asarray(near < far)
