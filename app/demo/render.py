"""A picture of a room: trace, paint, light, smooth the edges, develop."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.demo.geometry import FACE_AXES, Floats, Mask, Room, View
from app.demo.lighting import lamp_light, openness, sunlight, surroundings
from app.demo.lightmap import bake
from app.demo.raycast import Camera, Hits, Rays, trace
from app.demo.surfaces import Surfaces

_EDGE: Final = 0.11
_SUBPIXELS: Final = ((-0.3, -0.15), (0.3, -0.15), (0.0, 0.3))
_SUN: Final = (2.3, 1.95, 1.45)
_AMBIENT: Final = 0.27
_SMALLEST: Final = np.float32(1e-7)
_SCANNER: Final = (192, 144)  # it sees as finely as pictures of this size


class Renderer:
    """Renders one room from any number of views.

    Parameters
    ----------
    room
        A furnished room; its lamps' light is computed here, once.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._maps = bake(room)
        self._surfaces = Surfaces(room)

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
        camera = Camera(view, size)
        rows, columns = np.indices((height, width), np.float32) + np.float32(0.5)
        pixel = np.stack([columns.ravel(), rows.ravel()])
        image = _developed(self._light_along(camera.rays(pixel), camera))
        rough = np.flatnonzero(_edges(image.reshape(3, height, width)))
        shifts = np.asarray(_SUBPIXELS, np.float32).T[:, None, :]
        finer = (pixel[:, rough, None] + shifts).reshape(2, -1)
        samples = _developed(self._light_along(camera.rays(finer), camera))
        total = image[:, rough] + samples.reshape(3, -1, len(_SUBPIXELS)).sum(axis=2)
        image[:, rough] = total / (len(_SUBPIXELS) + 1)
        levels = np.rint(image * 255).astype(np.uint8)
        return np.ascontiguousarray(levels.reshape(3, height, width).transpose(1, 2, 0))

    def touched(self, view: View, direction: Floats) -> tuple[Floats, NDArray[np.uint8]]:
        """Return where rays from a view's eye end, and the colours there.

        Parameters
        ----------
        view
            Only its eye matters.
        direction
            Unit vectors, shape (3, n).

        Returns
        -------
        places, colours
            Metres and sRGB, shape (3, n) each.
        """
        safe = np.where(np.abs(direction) < _SMALLEST, _SMALLEST, direction)
        eye = np.asarray(view.eye, np.float32)[:, None]
        rays = Rays(np.broadcast_to(eye, safe.shape), safe)
        light = self._light_along(rays, Camera(view, _SCANNER))
        places = rays.origin + rays.direction * trace(rays, self._room).distance
        return places, np.rint(_developed(light) * 255).astype(np.uint8)

    def _light_along(self, rays: Rays, camera: Camera, *, mirrored: bool = False) -> Floats:
        """Return the light that comes back along rays, shape (3, n)."""
        hits = trace(rays, self._room, camera)
        point = rays.origin + rays.direction * hits.distance
        axis = hits.face // 2
        # A box's normal points away from it, the room's normals point inside.
        towards = ((hits.face % 2 == 1) == (hits.box >= 0)) * np.float32(2) - 1
        normal = np.stack([np.where(axis == k, towards, np.float32(0)) for k in range(3)])
        slant = np.abs(np.choose(axis, rays.direction))
        footprint = hits.distance / camera.focal / np.sqrt(np.maximum(slant, np.float32(0.02)))
        look = self._surfaces.look(hits, point, np.maximum(footprint, np.float32(1e-4)))
        colour = look.albedo * (self._light(hits, point, normal) + look.glow)
        shiny = np.flatnonzero(look.gloss)
        if len(shiny) and not mirrored:
            start = point[:, shiny] + normal[:, shiny] * np.float32(2e-3)
            turn = 1 - 2 * np.abs(normal[:, shiny])
            away = Rays(start, rays.direction[:, shiny] * turn)
            strength = look.gloss[shiny] * (0.25 + 0.75 * (1 - slant[shiny]) ** 3)
            colour[:, shiny] += strength * self._light_along(away, camera, mirrored=True)
        return np.asarray(colour, np.float32)

    def _light(self, hits: Hits, point: Floats, normal: Floats) -> Floats:
        """Return the irradiance at hits, shape (3, n)."""
        room, free = self._room, openness(self._room, point, normal)
        lamps = np.empty(point.shape[1], np.float32)
        for face in range(6):
            here = np.flatnonzero((hits.box < 0) & (hits.face == face))
            first, second = FACE_AXES[face // 2]
            u, v = point[first, here] / room.size[first], point[second, here] / room.size[second]
            lamps[here] = self._maps.at(face, u, v)
        solid = np.flatnonzero(hits.box >= 0)
        lit = lamp_light(room.lamps, point[:, solid], normal[:, solid])
        lamps[solid] = lit * self._maps.gain
        around = surroundings(room, normal) * np.float32(_AMBIENT) * free
        sun = sunlight(room, point, normal) * np.asarray(_SUN, np.float32)[:, None]
        lamps *= 0.5 + 0.5 * free
        return np.asarray(around + np.asarray(room.light, np.float32)[:, None] * lamps + sun)


def _edges(image: Floats) -> Mask:
    """Return which pixels differ visibly from a neighbour, shape (height, width)."""
    rough = np.zeros(image.shape[1:], dtype=np.bool_)
    across = (np.abs(np.diff(image, axis=2)) > _EDGE).any(axis=0)
    down = (np.abs(np.diff(image, axis=1)) > _EDGE).any(axis=0)
    rough[:, 1:] |= across
    rough[:, :-1] |= across
    rough[1:] |= down
    rough[:-1] |= down
    return rough


def _developed(light: Floats) -> Floats:
    """Return sRGB values in [0, 1]: K. Narkowicz's fit of the ACES film curve, then gamma."""
    curve = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    return np.asarray(np.clip(curve, 0, 1) ** np.float32(1 / 2.2), np.float32)
