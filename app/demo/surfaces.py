"""The table of a room's surfaces: which material a hit meets, and where on it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.demo.drawings import DRAWINGS
from app.demo.geometry import FACE_AXES, Floats, Ints, Material, Room
from app.demo.noise import Spot
from app.demo.raycast import Hits
from app.demo.textures import TEXTURES

_PAINT: Final = {**TEXTURES, **DRAWINGS}


@dataclass(frozen=True, slots=True)
class Look:
    """What the surfaces look like at hits, without light.

    Parameters
    ----------
    albedo
        Linear colour, shape (3, n).
    glow, gloss
        As in `Material`, shape (n,).
    """

    albedo: Floats
    glow: Floats
    gloss: Floats


class Surfaces:
    """Rows 0 to 5 are the room's faces, then six rows per box, then one per patch.

    Parameters
    ----------
    room
        The room.
    """

    def __init__(self, room: Room) -> None:
        self._patches = room.patches
        rows = [((0.0, 0.0, 0.0), room.size, room.face_material(face), face) for face in range(6)]
        rows += [(box.low, box.high, box.material, face) for box in room.boxes for face in range(6)]
        table = []
        for low, high, material, face in rows:
            u, v = FACE_AXES[face // 2]
            table.append((low[u], low[v], high[u] - low[u], high[v] - low[v], material))
        self._first_patch = len(table)
        for patch in room.patches:
            (u0, v0), (u1, v1) = patch.low, patch.high
            table.append((u0, v0, u1 - u0, v1 - v0, patch.material))
        self._extent = np.array([row[:4] for row in table], np.float32).T
        self._materials = list(dict.fromkeys(row[4] for row in table))
        number = {material: k for k, material in enumerate(self._materials)}
        self._material_of = np.array([number[row[4]] for row in table])

    def look(self, hits: Hits, point: Floats, footprint: Floats) -> Look:
        """Paint hits.

        Parameters
        ----------
        hits, point
            What was met, and where, shape (3, n).
        footprint
            What a pixel covers there in metres, shape (n,).

        Returns
        -------
        Look
            One column per hit.
        """
        along = np.where(hits.face < 2, point[1], point[0])  # noqa: PLR2004 (faces 0 and 1 run along y)
        upward = np.where(hits.face < 4, point[2], point[1])  # noqa: PLR2004 (walls rise, floors run along y)
        row = self._row(hits, along, upward)
        u0, v0, width, height = self._extent[:, row]
        spot = Spot(along - u0, upward - v0, footprint, width, height)
        return self._painted(self._material_of[row], spot)

    def _row(self, hits: Hits, along: Floats, upward: Floats) -> Ints:
        """Return each hit's row of the table."""
        row = (hits.box + 1) * 6 + hits.face
        for index, patch in enumerate(self._patches):
            here = np.flatnonzero(row == patch.face)
            u, v = along[here], upward[here]
            (u0, v0), (u1, v1) = patch.low, patch.high
            on = (u >= u0) & (u <= u1) & (v >= v0) & (v <= v1)
            row[here[on]] = self._first_patch + index
        return row

    def _painted(self, material_of: Ints, spot: Spot) -> Look:
        """Return the looks of spots, material by material."""
        count = len(material_of)
        look = Look(*(np.zeros(shape, np.float32) for shape in ((3, count), count, count)))
        for number in np.flatnonzero(np.bincount(material_of)):
            material: Material = self._materials[number]
            here = np.flatnonzero(material_of == number)
            part = Spot(
                spot.u[here],
                spot.v[here],
                spot.footprint[here],
                spot.width[here],
                spot.height[here],
            )
            look.albedo[:, here] = _PAINT[material.pattern](material, part)
            look.glow[here], look.gloss[here] = material.glow, material.gloss
        return look
