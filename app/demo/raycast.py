"""Which surface a ray meets first: the inside of the room or one of its boxes.

Boxes are met with the slab method (Kay and Kajiya, SIGGRAPH 1986). A camera's rays are culled
first: a box is tried only for the pixels inside the rectangle that its projection covers. Vectors
are stored one axis per row, shape (3, n), which keeps every operation contiguous.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.demo.geometry import Box, Floats, Ints, Room, View

_CLOSEST: Final = np.float32(1e-4)
_SMALLEST: Final = np.float32(1e-7)
_NEAREST: Final = np.float32(0.05)

# A box's corners as (low or high per axis), and its edges as pairs of corners.
_CORNERS: Final = np.array([(k & 1, k >> 1 & 1, k >> 2) for k in range(8)])
_EDGES: Final = np.array([(a, a | bit) for bit in (1, 2, 4) for a in range(8) if not a & bit])


@dataclass(frozen=True, slots=True)
class Rays:
    """Half-lines with unit directions.

    Parameters
    ----------
    origin, direction
        Shape (3, n); no component of a direction is 0.
    pixel
        Column and row in the image that they leave through, shape (2, n), for a camera's rays,
        which are ordered by the whole number in their row.
    """

    origin: Floats
    direction: Floats
    pixel: Floats | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """Where rays end.

    Parameters
    ----------
    distance
        In metres along the ray, shape (n,).
    box
        Index of the box, -1 for the room itself, shape (n,).
    face
        Number of the box's or the room's face (`app.demo.geometry`), shape (n,).
    """

    distance: Floats
    box: Ints
    face: Ints


class Camera:
    """A pinhole camera with square pixels, held level.

    Parameters
    ----------
    view
        Eye and target.
    size
        Image width and height in pixels.
    field
        Horizontal field of view in degrees.
    """

    def __init__(self, view: View, size: tuple[int, int], field: float = 82.0) -> None:
        self._eye = np.asarray(view.eye, np.float32)
        ahead = np.asarray(view.target, np.float32) - self._eye
        ahead /= np.linalg.norm(ahead)
        right = np.asarray((ahead[1], -ahead[0], 0.0), np.float32)
        right /= np.linalg.norm(right)
        self._axes = np.stack([right, np.cross(ahead, right), ahead]).astype(np.float32)
        self._centre = np.asarray(size, np.float32)[:, None] / 2
        self.focal = np.float32(size[0] / 2 / math.tan(math.radians(field) / 2))

    def rays(self, pixel: Floats) -> Rays:
        """Return the rays through image points, shape (2, n), in pixels."""
        column, row = (pixel - self._centre) / self.focal
        direction = self._axes.T @ np.stack([column, row, np.ones_like(row)])
        direction /= np.sqrt(np.einsum("kn,kn->n", direction, direction))
        direction[np.abs(direction) < _SMALLEST] = _SMALLEST
        origin = np.broadcast_to(self._eye[:, None], direction.shape)
        return Rays(origin, direction, pixel)

    def outlines(self, boxes: tuple[Box, ...]) -> Floats:
        """Return left, right, top and bottom of what each box covers, shape (n_boxes, 4)."""
        ends = np.array([(box.low, box.high) for box in boxes], np.float32)
        corners = np.stack([ends[:, _CORNERS[:, k], k] for k in range(3)])
        seen = np.tensordot(self._axes, corners - self._eye[:, None, None], axes=1)
        begin, end = seen[:, :, _EDGES[:, 0]], seen[:, :, _EDGES[:, 1]]
        # Edges are cut where they pass behind the eye; what is left of them spans the outline.
        run = end[2] - begin[2]
        cut = np.clip((_NEAREST - begin[2]) / np.where(run == 0, 1, run), 0, 1)
        crossing = begin + (end - begin) * cut
        begin, end = (np.where(p[2] < _NEAREST, crossing, p) for p in (begin, end))
        right, down, ahead = np.concatenate([begin, end], axis=2)
        hidden = ahead < _NEAREST * np.float32(0.999)
        ahead = np.maximum(ahead, _NEAREST)
        outline = []
        for coordinate, middle in zip((right, down), self._centre, strict=True):
            image = coordinate / ahead * self.focal + middle
            outline.append(np.where(hidden, np.inf, image).min(axis=1) - 1)
            outline.append(np.where(hidden, -np.inf, image).max(axis=1) + 1)
        return np.stack(outline, axis=1)


def trace(rays: Rays, room: Room, camera: Camera | None = None) -> Hits:
    """First surface that each ray meets.

    Parameters
    ----------
    rays
        They start inside the room.
    room
        Its faces and boxes.
    camera
        The camera that the rays left, to skip boxes that they cannot meet.

    Returns
    -------
    Hits
        One per ray.
    """
    inverse: Floats = np.reciprocal(rays.direction)
    shift: Floats = rays.origin * inverse
    forward = rays.direction > 0
    ends = np.asarray(room.size, np.float32)[:, None] * forward
    exits: Floats = ends * inverse - shift
    distance = np.minimum(np.minimum(exits[0], exits[1]), exits[2])
    axis = _least(exits)
    face = 2 * axis + np.choose(axis, forward)
    owner = np.full(len(axis), -1)
    tried = _Candidates(rays, camera, room.boxes)
    for index, box in enumerate(room.boxes):
        rows = tried.of(index)
        if not len(rows):
            continue
        entries, near = _entry(box, inverse.take(rows, axis=1), shift.take(rows, axis=1))
        closer = np.flatnonzero(near < distance[rows])
        won, through = rows[closer], _least(-entries[:, closer])
        distance[won], owner[won] = near[closer], index
        face[won] = 2 * through + ~forward[through, won]
    return Hits(distance, owner, face)


class _Candidates:
    """The rays that can meet a box at all."""

    def __init__(self, rays: Rays, camera: Camera | None, boxes: tuple[Box, ...]) -> None:
        self._all = np.arange(rays.direction.shape[1])
        self._pixel = rays.pixel if boxes else None
        if self._pixel is not None and camera is not None:
            self._outlines = camera.outlines(boxes)
            lines = np.floor(self._pixel[1])
            self._start = np.searchsorted(lines, np.floor(self._outlines[:, 2]))
            self._stop = np.searchsorted(lines, self._outlines[:, 3], side="right")

    def of(self, index: int) -> Ints:
        """Return the rays' indices for a box."""
        if self._pixel is None:
            return self._all
        left, right = self._outlines[index, :2]
        start = self._start[index]
        column = self._pixel[0, start : self._stop[index]]
        within = np.flatnonzero((column >= left) & (column <= right))
        return np.asarray(within + start, np.int64)


def _least(rows: Floats) -> Ints:
    """Return the index of the least of three rows, per column."""
    first = (rows[1] < rows[0]).astype(np.int64)
    return np.where(rows[2] < np.minimum(rows[0], rows[1]), np.int64(2), first)


def _entry(box: Box, inverse: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """Return where rays enter a box's three slabs, and where the box (infinite: they miss)."""
    first = np.asarray(box.low, np.float32)[:, None] * inverse - shift
    second = np.asarray(box.high, np.float32)[:, None] * inverse - shift
    entries, exits = np.minimum(first, second), np.maximum(first, second)
    near = np.maximum(np.maximum(entries[0], entries[1]), entries[2])
    far = np.minimum(np.minimum(exits[0], exits[1]), exits[2])
    met = (near <= far) & (near > _CLOSEST)
    return entries, np.where(met, near, np.float32(np.inf))
