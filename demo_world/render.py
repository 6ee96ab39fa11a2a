"""Pictures and coloured scans of a room: trace, paint, light, smooth the edges, develop."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from demo_world.geometry import Room, View
from demo_world.light import Light
from demo_world.materials import Floats, Ints, Paint
from demo_world.raycast import Solids

POINTS: Final = 20_000
"""Points of a scan: far fewer than labelling is paid for, enough to look at."""

_FIELD_OF_VIEW: Final = math.radians(82)
_EDGE: Final = 0.11
_SUBPIXELS: Final = ((-0.3, -0.15), (0.3, -0.15), (0.0, 0.3))
_SCANNER_PIXEL: Final = 0.009  # radians: it sees as finely as pictures of the usual size
_HEADER: Final = f"""ply
format binary_little_endian 1.0
comment a generated room, in metres
element vertex {POINTS}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
end_header
""".encode()
_VERTEX: Final = np.dtype([("place", "<f4", 3), ("colour", "u1", 3)])


class Renderer:
    """Renders one room from any number of views.

    Parameters
    ----------
    room
        A furnished room; what its light needs is computed here, once.
    """

    def __init__(self, room: Room) -> None:
        self._solids = Solids(room.boxes)
        self._light = Light(room, self._solids)
        self._paint = Paint([box.material for box in room.boxes])

    def picture(self, view: View, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Render a view.

        Parameters
        ----------
        view
            The camera's eye and target, inside the room.
        size
            Width and height in pixels.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            sRGB.
        """
        width, height = size
        rows, columns = np.indices((height, width), np.float32) + np.float32(0.5)
        pixel = np.stack([columns.ravel(), rows.ravel()])
        image = self._seen(view, size, pixel)
        rough = _edges(image.reshape(3, height, width))
        shifts = np.asarray(_SUBPIXELS, np.float32).T[:, None, :]
        finer = (pixel[:, rough, None] + shifts).reshape(2, -1)
        samples = self._seen(view, size, finer).reshape(3, -1, len(_SUBPIXELS))
        image[:, rough] = (image[:, rough] + samples.sum(axis=2)) / (len(_SUBPIXELS) + 1)
        levels = np.rint(image * 255).astype(np.uint8)
        return np.ascontiguousarray(levels.reshape(3, height, width).transpose(1, 2, 0))

    def scan(self, stations: Sequence[View], rng: np.random.Generator) -> bytes:
        """Scan the room as a scanner on a tripod does, with rays in all directions.

        Parameters
        ----------
        stations
            At least one; the scanner stands at their eyes, a share of the points each.
        rng
            Draws the directions, evenly over the sphere.

        Returns
        -------
        bytes
            A PLY file.
        """
        vertices = np.zeros(POINTS, dtype=_VERTEX)
        parts = np.array_split(np.arange(POINTS), len(stations))
        for rows, station in zip(parts, stations, strict=True):
            drawn = rng.normal(size=(3, len(rows)))
            direction = np.asarray(drawn / np.linalg.norm(drawn, axis=0), np.float32)
            places, colours = self._touched(station, direction, _SCANNER_PIXEL)
            vertices["place"][rows] = places.T
            vertices["colour"][rows] = np.rint(colours.T * 255)
        return _HEADER + vertices.tobytes()

    def _touched(self, view: View, direction: Floats, pixel: float) -> tuple[Floats, Floats]:
        """Return where rays of so many radians from an eye end, and sRGB there, (3, n) each."""
        origin = np.asarray(view.eye, np.float32)[:, None]
        distance, box, axis = self._solids.first(origin, direction)
        point = origin + direction * distance
        ray = np.arange(len(axis))
        slant = direction[axis, ray]
        normal = np.zeros_like(point)
        normal[axis, ray] = -np.sign(slant)
        footprint = distance * np.float32(pixel) / np.sqrt(np.maximum(np.abs(slant), 0.02))
        local = point - self._solids.low.take(box, axis=1)
        along = np.where(axis == 0, local[1], local[0])
        up = np.where(axis == 2, local[1], local[2])  # noqa: PLR2004 (floors run along y)
        albedo = self._paint.at(box, np.stack([along, up]), np.maximum(footprint, 1e-4))
        light = self._light.at(point, normal) + self._paint.glow[box]
        return point, _developed(albedo * light)

    def _seen(self, view: View, size: tuple[int, int], pixel: Floats) -> Floats:
        """Return sRGB at image points, shape (2, n), of a level pinhole camera."""
        ahead = np.subtract(view.target, view.eye)
        ahead /= np.linalg.norm(ahead)
        right = np.array([ahead[1], -ahead[0], 0.0])
        right /= np.linalg.norm(right)
        axes = np.stack([right, np.cross(ahead, right), ahead], axis=1).astype(np.float32)
        focal = np.float32(size[0] / 2 / math.tan(_FIELD_OF_VIEW / 2))
        across, down = (pixel - np.asarray(size, np.float32)[:, None] / 2) / focal
        direction = axes @ np.stack([across, down, np.ones_like(down)])
        direction /= np.sqrt((direction**2).sum(axis=0))
        return self._touched(view, direction, float(1 / focal))[1]


def _edges(image: Floats) -> Ints:
    """Return which pixels, in reading order, differ visibly from a neighbour."""
    rough = np.zeros(image.shape[1:], dtype=np.bool_)
    across = (np.abs(np.diff(image, axis=2)) > _EDGE).any(axis=0)
    down = (np.abs(np.diff(image, axis=1)) > _EDGE).any(axis=0)
    rough[:, 1:] |= across
    rough[:, :-1] |= across
    rough[1:] |= down
    rough[:-1] |= down
    return np.flatnonzero(rough)


def _developed(light: Floats) -> Floats:
    """Return sRGB values in [0, 1]: K. Narkowicz's fit of the ACES film curve, then gamma."""
    curve = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    return np.asarray(np.clip(curve, 0, 1) ** np.float32(1 / 2.2), np.float32)
