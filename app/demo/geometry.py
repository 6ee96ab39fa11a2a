"""What a room is made of: axis-aligned boxes, painted patches on its faces, lamps.

Lengths are metres. ``x`` and ``y`` span the floor, ``z`` points up, and a room fills
``[0, width] x [0, depth] x [0, height]``. Faces are numbered ``2 * axis + side`` with side 0 at the
lower coordinate, so a room's floor is face 4 and its ceiling face 5.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]
Colour = tuple[float, float, float]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

WEST: Final = 0
EAST: Final = 1
SOUTH: Final = 2
NORTH: Final = 3
FLOOR: Final = 4
CEILING: Final = 5
WALLS: Final = (WEST, EAST, SOUTH, NORTH)

# The two axes that run along a face, by the axis that is normal to it.
FACE_AXES: Final = ((1, 2), (0, 2), (0, 1))


def colour(code: str) -> Colour:
    """Linear-light colour of an sRGB hex code.

    Parameters
    ----------
    code
        Six hexadecimal digits, for example ``"d8c3a5"``.

    Returns
    -------
    tuple of float
        Red, green and blue in [0, 1], linear (IEC 61966-2-1 with a plain 2.2 exponent).
    """
    red, green, blue = (int(code[k : k + 2], 16) / 255 for k in (0, 2, 4))
    return (red**2.2, green**2.2, blue**2.2)


@dataclass(frozen=True, slots=True)
class Material:
    """How a surface looks.

    Parameters
    ----------
    base, accent
        The two linear colours that the pattern mixes.
    pattern
        A name in `app.demo.textures.PATTERNS`.
    scale
        Size of the pattern's unit (a tile's edge, a plank's width) in metres.
    glow
        Light that the surface sends out itself, in units of its colour.
    gloss
        Share of a mirror image that it shows at a grazing angle, in [0, 1].
    """

    base: Colour
    accent: Colour
    pattern: str = "plain"
    scale: float = 1.0
    glow: float = 0.0
    gloss: float = 0.0


@dataclass(frozen=True, slots=True)
class Box:
    """A solid, axis-aligned box with one material."""

    low: Vector
    high: Vector
    material: Material

    def moved(self, x: float, y: float, z: float = 0.0) -> "Box":
        """Return the same box somewhere else."""
        offset = (x, y, z)
        low, high = (
            (corner[0] + offset[0], corner[1] + offset[1], corner[2] + offset[2])
            for corner in (self.low, self.high)
        )
        return replace(self, low=low, high=high)

    def turned(self, quarters: int) -> "Box":
        """Return the box after so many counter-clockwise quarter turns about the z axis."""
        (x0, y0, z0), (x1, y1, z1) = self.low, self.high
        for _ in range(quarters % 4):
            x0, y0, x1, y1 = -y1, x0, -y0, x1
        return replace(self, low=(x0, y0, z0), high=(x1, y1, z1))


@dataclass(frozen=True, slots=True)
class Patch:
    """A painted rectangle on one of the room's faces: a window, a door, a board.

    Parameters
    ----------
    face
        The room's face that it lies on.
    low, high
        Opposite corners along the face's two axes (`FACE_AXES`).
    material
        Its pattern is drawn once over the whole patch.
    """

    face: int
    low: tuple[float, float]
    high: tuple[float, float]
    material: Material


@dataclass(frozen=True, slots=True)
class Lamp:
    """A rectangular luminaire that shines down.

    Parameters
    ----------
    position
        Its centre.
    size
        Its edges along x and y.
    """

    position: Vector
    size: tuple[float, float]


@dataclass(frozen=True, slots=True)
class View:
    """Where a picture is taken from, and the point it is centred on."""

    eye: Vector
    target: Vector


@dataclass(frozen=True, slots=True)
class Room:
    """A furnished room.

    Parameters
    ----------
    kind
        Its type, for example ``"office"``.
    size
        Width, depth and height.
    floor, wall, ceiling
        Materials of its faces.
    boxes, patches, lamps
        What stands in it, is painted on it and lights it.
    light
        Linear colour of the lamps' light.
    sun
        Direction towards the sun, which shines in through windows.
    """

    kind: str
    size: Vector
    floor: Material
    wall: Material
    ceiling: Material
    boxes: tuple[Box, ...]
    patches: tuple[Patch, ...]
    lamps: tuple[Lamp, ...]
    light: Colour
    sun: Vector

    def face_material(self, face: int) -> Material:
        """Return the material of one of the six faces."""
        return {FLOOR: self.floor, CEILING: self.ceiling}.get(face, self.wall)
