"""Furniture: a table of boxes, and the few pieces that come in several sizes.

A piece faces north (+y). The origin of what stands at a wall or hangs on one is the middle of its
back, that of the rest is the middle of its footprint.
"""

from collections.abc import Mapping
from typing import Final

from demo_world import materials as m
from demo_world.geometry import Cuboid, block
from demo_world.materials import Material

Piece = tuple[Cuboid, ...]
Row = tuple[float, float, float, float, float, float, Material | None]

# Centre of the footprint, lower edge, size, and a material, or none: the one that is asked for.
PIECES: Final[Mapping[str, tuple[Row, ...]]] = {
    "desk": (
        (0, 0.375, 0.70, 1.5, 0.75, 0.04, None),
        (-0.72, 0.375, 0, 0.04, 0.7, 0.70, m.GREY),
        (0.52, 0.355, 0, 0.4, 0.6, 0.70, m.STEEL),
        (0, 0.5, 0.74, 0.45, 0.15, 0.02, m.GRAPHITE),
    ),
    "screen": (
        (0, 0.16, 0.74, 0.2, 0.14, 0.12, m.BLACK),
        (0, 0.16, 0.86, 0.58, 0.03, 0.36, m.BLACK),
        (0, 0.18, 0.88, 0.54, 0.012, 0.32, m.SCREEN),
    ),
    "chair": (
        (0, 0, 0.42, 0.46, 0.46, 0.07, None),
        (0, -0.21, 0.49, 0.46, 0.05, 0.48, None),
        (0, 0, 0.04, 0.07, 0.07, 0.38, m.GRAPHITE),
        (0, 0, 0, 0.46, 0.46, 0.04, m.GRAPHITE),
    ),
    "sofa": (
        (0, 0, 0, 1.8, 0.6, 0.08, m.BLACK),
        (0, 0, 0.08, 2.0, 0.85, 0.34, None),
        (0, -0.34, 0.42, 2.0, 0.18, 0.38, None),
        (-0.91, 0, 0.42, 0.18, 0.85, 0.16, None),
        (0.91, 0, 0.42, 0.18, 0.85, 0.16, None),
    ),
    "bookshelf": (
        (0, 0.15, 0, 1.2, 0.3, 1.9, None),
        (0, 0.16, 0.07, 1.1, 0.32, 0.34, m.BOOKS[0]),
        (0, 0.16, 0.54, 1.1, 0.32, 0.34, m.BOOKS[1]),
        (0, 0.16, 1.01, 1.1, 0.32, 0.34, m.BOOKS[0]),
        (0, 0.16, 1.48, 1.1, 0.32, 0.34, m.BOOKS[1]),
    ),
    "rack": (
        *((x, y, 0, 0.04, 0.04, 1.95, m.GRAPHITE) for x in (-0.56, 0.56) for y in (0.04, 0.48)),
        *((0, 0.26, z, 1.15, 0.5, 0.03, m.STEEL) for z in (0.1, 0.75, 1.4)),
    ),
    "plant": (
        (0, 0, 0, 0.36, 0.36, 0.36, m.FABRICS[1]),
        (0, 0, 0.36, 0.42, 0.42, 0.7, m.LEAVES),
        (0.06, 0.04, 0.55, 0.5, 0.3, 0.4, m.LEAVES),
        (0, 0, 1.06, 0.24, 0.24, 0.3, m.LEAVES),
    ),
    "basin": (
        (0, 0.3, 0.92, 0.46, 0.36, 0.1, m.WHITE),
        (0, 0.32, 1.0, 0.36, 0.24, 0.025, m.GREY),
        (0, 0.12, 0.92, 0.05, 0.2, 0.26, m.STEEL),
    ),
    "toilet": (
        (0, 0.42, 0, 0.34, 0.5, 0.42, m.WHITE),
        (0, 0.1, 0.36, 0.42, 0.18, 0.42, m.WHITE),
    ),
    "door": (
        (0, 0.01, 0, 1.06, 0.02, 2.16, m.WHITE),
        (0, 0.015, 0, 0.96, 0.03, 2.11, None),
        (0, 0.02, 1.35, 0.32, 0.035, 0.5, m.GLASS),
        (0.36, 0.03, 1.02, 0.14, 0.06, 0.04, m.GREY),
    ),
    "poster": (
        (0, 0.01, 1.1, 0.9, 0.02, 1.15, m.BLACK),
        (0, 0.015, 1.14, 0.82, 0.03, 1.07, None),
        (0, 0.02, 1.14, 0.82, 0.035, 0.35, m.GLASS),
        (0, 0.02, 1.7, 0.36, 0.035, 0.32, m.FABRICS[1]),
    ),
}


def piece(name: str, material: Material = m.WHITE) -> Piece:
    """Return a piece of the table, its main parts of a material."""
    return tuple(block(*row[:6], row[6] or material) for row in PIECES[name])


def table(width: float, depth: float, height: float, top: Material) -> Piece:
    """Return a table on two frames."""
    frame = block(width / 2 - 0.1, 0, 0, 0.06, depth - 0.12, height - 0.04, m.GRAPHITE)
    board = block(0, 0, height - 0.04, width, depth, 0.04, top)
    return (board, frame, frame.placed(0, 0, 2))


def cabinet(width: float, depth: float, height: float, front: str, top: Material = m.GREY) -> Piece:
    """Return cupboards with doors, a plinth and a top."""
    doors = Material(front, line="6d6a64", cell=(0.5, 9.0), joint=(0.03, 0.0))
    return (
        block(0, depth / 2, 0, width, depth - 0.08, 0.08, m.BLACK),
        block(0, depth / 2, 0.08, width, depth - 0.03, height - 0.12, doors),
        block(0, depth / 2, height - 0.04, width, depth, 0.04, top),
    )


def panel(width: float, low: float, high: float, face: Material) -> Piece:
    """Return something flat on a wall, in a dark frame."""
    return (
        block(0, 0.01, low, width, 0.02, high - low, m.GRAPHITE),
        block(0, 0.015, low + 0.03, width - 0.06, 0.03, high - low - 0.06, face),
    )
