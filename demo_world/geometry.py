"""What a room is made of: axis-aligned boxes.

Lengths are metres. ``x`` and ``y`` span the floor, ``z`` points up, and a room fills
``[0, width] x [0, depth] x [0, height]``. Walls are numbered by the quarter turns that make
something with its back to them look into the room.
"""

from dataclasses import dataclass, replace
from typing import Final

from demo_world.materials import Material

Vector = tuple[float, float, float]

SOUTH: Final = 0
EAST: Final = 1
NORTH: Final = 2
WEST: Final = 3


@dataclass(frozen=True, slots=True)
class Cuboid:
    """A solid, axis-aligned box with one material."""

    low: Vector
    high: Vector
    material: Material

    def placed(self, x: float, y: float, quarters: int = 0, z: float = 0.0) -> "Cuboid":
        """Return the box after counter-clockwise quarter turns about the z axis and a move."""
        (x0, y0, z0), (x1, y1, z1) = self.low, self.high
        for _ in range(quarters % 4):
            x0, y0, x1, y1 = -y1, x0, -y0, x1
        low, high = (x0 + x, y0 + y, z0 + z), (x1 + x, y1 + y, z1 + z)
        return replace(self, low=low, high=high)


def block(
    x: float, y: float, z: float, width: float, depth: float, height: float, material: Material
) -> Cuboid:
    """Return a box by the centre of its footprint, its lower edge and its size."""
    low = (x - width / 2, y - depth / 2, z)
    return Cuboid(low, (x + width / 2, y + depth / 2, z + height), material)


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
    shell
        Floor, ceiling and walls: boxes around the room.
    furniture
        Everything in the room, lamps and windows included.
    """

    kind: str
    size: Vector
    shell: tuple[Cuboid, ...]
    furniture: tuple[Cuboid, ...]

    @property
    def boxes(self) -> tuple[Cuboid, ...]:
        """Everything that a ray may meet."""
        return (*self.shell, *self.furniture)
