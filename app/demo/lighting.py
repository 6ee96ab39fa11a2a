"""How bright it is at a point: lamps, the sun through windows, and light from all around.

Surfaces are Lambertian. Furniture is lit without hard shadows but darkened by ambient occlusion,
read off the distance from a probe above the surface to the nearest solid (the single-tap form of
I. Quilez, "Rendering Worlds with Two Triangles", NVScene 2008).
"""

from typing import Final

import numpy as np

from app.demo.geometry import FACE_AXES, Box, Floats, Lamp, Mask, Patch, Room
from app.demo.lightmap import SOFTENING

_PROBE: Final = np.float32(0.33)
_DARKEST: Final = np.float32(0.3)


def lamp_light(lamps: tuple[Lamp, ...], point: Floats, normal: Floats) -> Floats:
    """Light of all lamps at points, without shadows.

    Parameters
    ----------
    lamps
        The room's luminaires.
    point, normal
        Positions and unit normals, shape (3, n).

    Returns
    -------
    ndarray of float32, shape (n,)
        Irradiance, in the unit of `app.demo.lightmap` before its gain.
    """
    total = np.zeros(point.shape[1], np.float32)
    for lamp in lamps:
        offset = np.asarray(lamp.position, np.float32)[:, None] - point
        square = offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2
        cosine = offset[0] * normal[0] + offset[1] * normal[1] + offset[2] * normal[2]
        total += np.maximum(cosine, 0) * np.maximum(offset[2], 0) / (square * (square + SOFTENING))
    return total


def openness(room: Room, point: Floats, normal: Floats) -> Floats:
    """Share of the light from all around that reaches points.

    Parameters
    ----------
    room
        Its faces and boxes occlude.
    point, normal
        Positions and unit normals, shape (3, n).

    Returns
    -------
    ndarray of float32, shape (n,)
        1 in the open, less in corners and close to things.
    """
    x, y, z = probe = point + normal * _PROBE
    nearest = np.full(point.shape[1], _PROBE)
    for k in range(3):
        np.minimum(nearest, np.minimum(probe[k], np.float32(room.size[k]) - probe[k]), out=nearest)
    for box in room.boxes:
        (x0, y0, z0), (x1, y1, z1) = box.low, box.high
        close = (x > x0 - _PROBE) & (x < x1 + _PROBE) & (y > y0 - _PROBE) & (y < y1 + _PROBE)
        near = np.flatnonzero(close & (z > z0 - _PROBE) & (z < z1 + _PROBE))
        if len(near):
            nearest[near] = np.minimum(nearest[near], _gap(box, probe.take(near, axis=1)))
    share = np.clip(nearest / _PROBE, 0, 1)
    return np.asarray(_DARKEST + (1 - _DARKEST) * share, np.float32)


def _gap(box: Box, probe: Floats) -> Floats:
    """Return the distance from points to a box, 0 inside."""
    low, high = (np.asarray(corner, np.float32)[:, None] for corner in (box.low, box.high))
    outside = np.maximum(np.maximum(low - probe, probe - high), 0)
    return np.asarray(np.sqrt(outside[0] ** 2 + outside[1] ** 2 + outside[2] ** 2), np.float32)


def sunlight(room: Room, point: Floats, normal: Floats) -> Floats:
    """How much sun reaches points through the windows.

    Parameters
    ----------
    room
        Its window patches let the sun in, its boxes stop it.
    point, normal
        Positions and unit normals, shape (3, n).

    Returns
    -------
    ndarray of float32, shape (n,)
        Cosine at the surface where the sun reaches it, 0 elsewhere.
    """
    sun = np.asarray(room.sun, np.float32)
    result = np.zeros(point.shape[1], np.float32)
    facing = sun @ normal
    lit = np.flatnonzero(facing > 0)
    for axis in (0, 1):
        face = 2 * axis + int(sun[axis] > 0)
        panes = [p for p in room.patches if p.face == face and p.material.pattern == "window"]
        if not panes:
            continue
        seen = lit[_through(panes, room, point[:, lit], sun)]
        start = point[:, seen] + normal[:, seen] * np.float32(2e-3)
        result[seen] = facing[seen] * ~_stopped(room.boxes, start, sun)
    return result


def _through(panes: list[Patch], room: Room, point: Floats, sun: Floats) -> Mask:
    """Return the points from which the sun is seen through windows of one wall."""
    axis = panes[0].face // 2
    level = np.float32(room.size[axis] if panes[0].face % 2 else 0.0)
    far = (level - point[axis]) / sun[axis]
    u, v = (point[k] + far * sun[k] for k in FACE_AXES[axis])
    reached = np.zeros(len(u), dtype=np.bool_)
    for pane in panes:
        (u0, v0), (u1, v1) = pane.low, pane.high
        reached |= (u > u0) & (u < u1) & (v > v0) & (v < v1)
    return reached


def _stopped(boxes: tuple[Box, ...], start: Floats, sun: Floats) -> Mask:
    """Return where a box stands between points and the sun."""
    stopped = np.zeros(start.shape[1], dtype=np.bool_)
    x, y, z = start / sun[:, None]
    towards = (sun > 0).astype(int)
    for box in boxes:
        ends = np.array((box.low, box.high), np.float32)
        (x0, y0, z0), (x1, y1, z1) = (
            ends[side, (0, 1, 2)] / sun for side in (1 - towards, towards)
        )
        near = np.maximum(np.maximum(x0 - x, y0 - y), z0 - z)
        far = np.minimum(np.minimum(x1 - x, y1 - y), z1 - z)
        stopped |= (near <= far) & (far >= 0)
    return stopped


def surroundings(room: Room, normal: Floats) -> Floats:
    """Light from all around, tinted by the floor below and the ceiling above.

    Parameters
    ----------
    room
        Its floor and ceiling colours.
    normal
        Unit normals, shape (3, n).

    Returns
    -------
    ndarray of float32, shape (3, n)
        About 1 for a surface that faces up.
    """
    floor, ceiling = (np.asarray(m.base, np.float32) for m in (room.floor, room.ceiling))
    below = (0.3 * floor / floor.max() + 0.7)[:, None]
    above = (0.3 * ceiling / ceiling.max() + 0.7)[:, None]
    return np.asarray(below + (above - below) * (normal[2] * 0.5 + 0.5), np.float32)
