"""What surfaces look like: one pattern, rows of cells with joints between them.

Planks, tiles, bricks, carpet, checks, book spines and foliage differ only in the cells' size,
their two colours and the width of the joints.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Material:
    """How a surface looks. Colours are sRGB hex codes.

    Parameters
    ----------
    base, accent
        Each cell has a mixture of these two; an even surface has the base only.
    line
        Colour of the joints.
    cell
        A cell's edges along and up the surface.
    joint
        Width of the joints between neighbours along and up the surface.
    shift
        Share of a cell by which each row is moved against the row below it.
    glow
        Light that the surface sends out itself, in units of its colour.
    """

    base: str
    accent: str = ""
    line: str = "000000"
    cell: tuple[float, float] = (1.0, 1.0)
    joint: tuple[float, float] = (0.0, 0.0)
    shift: float = 0.0
    glow: float = 0.0


def colour(code: str) -> Floats:
    """Return the linear-light colour of an sRGB hex code, shape (3,), by a plain 2.2 exponent."""
    levels = np.frombuffer(bytes.fromhex(code), np.uint8).astype(np.float32)
    return np.asarray((levels / 255) ** np.float32(2.2), np.float32)


class Paint:
    """The materials of a room's boxes as one table, so that all hits are painted at once.

    Parameters
    ----------
    materials
        One per box.
    """

    def __init__(self, materials: Sequence[Material]) -> None:
        self._base = np.stack([colour(m.base) for m in materials], axis=1)
        self._range = np.stack([colour(m.accent or m.base) for m in materials], axis=1) - self._base
        self._line = np.stack([colour(m.line) for m in materials], axis=1)
        self._cell = np.array([m.cell for m in materials], np.float32).T
        self._joint = np.array([m.joint for m in materials], np.float32).T
        self._shift = np.array([m.shift for m in materials], np.float32)
        self.glow = np.array([m.glow for m in materials], np.float32)

    def at(self, box: Ints, place: Floats, footprint: Floats) -> Floats:
        """Paint points on boxes.

        Parameters
        ----------
        box
            Which box, shape (n,).
        place
            Position along and up the surface in metres, shape (2, n).
        footprint
            Width on the surface that one pixel covers, in metres, positive, shape (n,).

        Returns
        -------
        ndarray of float32, shape (3, n)
            Linear colour.
        """
        cell, joint = self._cell.take(box, axis=1), self._joint.take(box, axis=1)
        along, up = place / cell
        row = np.floor(up)
        along += row * self._shift[box]
        # Cells that are smaller than a pixel fade into their mean, so that they do not flicker.
        sharp = np.clip(1.5 - footprint / cell.min(axis=0), 0, 1)
        share = 0.5 + (_scatter(np.floor(along), row) - 0.5) * sharp
        paint = self._base.take(box, axis=1) + self._range.take(box, axis=1) * share
        ruled = np.maximum(
            _covered(along, cell[0], joint[0], footprint),
            _covered(up, cell[1], joint[1], footprint),
        )
        paint += (self._line.take(box, axis=1) - paint) * ruled
        return np.asarray(paint, np.float32)


def _covered(position: Floats, period: Floats, width: Floats, footprint: Floats) -> Floats:
    """Return the share of a pixel that lines at whole positions cover, box-filtered."""
    distance = np.abs(position - np.round(position)) * period
    reach, half = footprint / 2, width / 2
    overlap = np.minimum(distance + reach, half) - np.maximum(distance - reach, -half)
    return np.asarray(np.clip(overlap / footprint, 0, 1), np.float32)


def _scatter(i: Floats, j: Floats) -> Floats:
    """Return a pseudo-random number in [0, 1) of each integer lattice point, shape (n,)."""
    mixed = i.astype(np.int32).view(np.uint32) * np.uint32(374761393)
    mixed += j.astype(np.int32).view(np.uint32) * np.uint32(668265263) + np.uint32(12345)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(1274126177)
    mixed ^= mixed >> np.uint32(16)
    return (mixed >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def tiles(base: str, joint: str, edge: float) -> Material:
    """Return square tiles."""
    return Material(base, base, joint, (edge, edge), (0.008 + 0.02 * edge, 0.008 + 0.02 * edge))


def checks(base: str, accent: str, edge: float) -> Material:
    """Return a chequered floor: joints as wide as the cells that they separate."""
    return Material(base, base, accent, (2 * edge, edge), (edge, 0), 0.5)


def flakes(base: str, accent: str, edge: float) -> Material:
    """Return squares in random shades: carpet tiles, or the chips of terrazzo."""
    return Material(base, accent, cell=(edge, edge))


OAK: Final = Material("c79a67", "b0814f", "b0814f", (1.1, 0.12), (0.006, 0.006), 0.37)
WALNUT: Final = Material("7d583c", "68462f", "68462f", (1.1, 0.12), (0.006, 0.006), 0.37)
BIRCH: Final = Material("e3cfae")
WHITE: Final = Material("eeeeea")
PAPER: Final = Material("e0d6c2")
DOOR: Final = Material("a9794f")
GLASS: Final = Material("6f8894")
GREY: Final = Material("9aa0a4")
STEEL: Final = Material("b4babd")
GRAPHITE: Final = Material("3a3f44")
BLACK: Final = Material("24272a")
CARDBOARD: Final = Material("c0966a")
LEAVES: Final = Material("6fae5c", "27502f", cell=(0.07, 0.09), shift=0.4)
MIRROR: Final = Material("c3d2d6", "d2dee1", "9fb2b8", (0.6, 0.9), (0.02, 0.02))
BOOKS: Final = (
    Material("b4553f", "d8b25c", "3b352f", (0.055, 1.0), (0.01, 0.0)),
    Material("3f6a8a", "8fae86", "3b352f", (0.065, 1.0), (0.01, 0.0)),
)
FABRICS: Final = tuple(
    Material(code) for code in ("3f6a8a", "c4573f", "d39b3a", "5f7f5a", "6a5a86", "2f7f7c")
)

PLASTER: Final = Material("e5e0d5")
CEILING: Final = tiles("efeee9", "d3d1ca", 0.6)

SCREEN: Final = Material("24425f", "c9e6f8", "24425f", (0.05, 0.07), (0.0, 0.04), 0.3, 0.9)
SCRIBBLE: Final = Material("f7f8f6", "2d4f8f", "f7f8f6", (0.05, 0.12), (0.01, 0.06), 0.3)
SKY: Final = Material("c9e2f2", line="575755", joint=(0.06, 0.06), glow=1.3)
TREES: Final = Material("8ab56c", "5d8a4c", cell=(0.3, 0.2), shift=0.4, glow=0.9)
WARM: Final = Material("ffe3bd", glow=2.8)
NEUTRAL: Final = Material("fff6e8", glow=2.6)
