"""A coloured scan of a room, as a scanner on a tripod makes it: rays in all directions."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from app.demo.geometry import Floats, View
from app.demo.render import Renderer

POINTS: Final = 20_000
"""Points of a cloud: far fewer than labelling is paid for, enough to look at."""

_HEADER: Final = """ply
format binary_little_endian 1.0
comment a generated room, in metres
element vertex {}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
end_header
"""
_VERTEX: Final = np.dtype([("place", "<f4", 3), ("colour", "u1", 3)])


def scan(renderer: Renderer, stations: Sequence[View], rng: np.random.Generator) -> bytes:
    """Scan a room.

    Parameters
    ----------
    renderer
        The room's.
    stations
        At least one; the scanner stands where pictures are taken from, a share of the points each.
    rng
        Draws the directions, evenly over the sphere.

    Returns
    -------
    bytes
        A PLY file.
    """
    vertices = np.zeros(POINTS, dtype=_VERTEX)
    for rows, station in zip(
        np.array_split(np.arange(POINTS), len(stations)), stations, strict=True
    ):
        places, colours = renderer.touched(station, _directions(len(rows), rng))
        vertices["place"][rows], vertices["colour"][rows] = places.T, colours.T
    return _HEADER.format(POINTS).encode() + vertices.tobytes()


def _directions(count: int, rng: np.random.Generator) -> Floats:
    """Return unit vectors, shape (3, count)."""
    drawn = rng.normal(size=(3, count))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=0), np.float32)
