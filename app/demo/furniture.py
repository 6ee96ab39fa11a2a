"""Furniture, each piece a few boxes.

A piece stands on the floor with its centre at the origin and faces north (+y): someone who uses it
stands or sits on its north side. `place` turns it and puts it somewhere.
"""

from collections.abc import Iterable
from typing import Final

from app.demo import palette
from app.demo.geometry import Box, Material

Piece = tuple[Box, ...]

# Quarter turns that make a piece look towards a side.
TO_NORTH: Final = 0
TO_WEST: Final = 1
TO_SOUTH: Final = 2
TO_EAST: Final = 3


def place(piece: Iterable[Box], x: float, y: float, quarters: int = 0, z: float = 0.0) -> Piece:
    """Turn a piece by quarter turns and move it.

    Parameters
    ----------
    piece
        Its boxes around the origin.
    x, y, z
        Where its origin goes, in metres.
    quarters
        Counter-clockwise quarter turns.

    Returns
    -------
    tuple of Box
        The boxes in the room.
    """
    return tuple(box.turned(quarters).moved(x, y, z) for box in piece)


def block(
    x: float, y: float, z: float, width: float, depth: float, height: float, material: Material
) -> Box:
    """Return a box by the centre of its footprint, its lower edge and its size."""
    low = (x - width / 2, y - depth / 2, z)
    return Box(low, (x + width / 2, y + depth / 2, z + height), material)


def table(width: float, depth: float, height: float, top: Material) -> Piece:
    """Return a table on four legs."""
    legs = [
        block(
            sx * (width / 2 - 0.07),
            sy * (depth / 2 - 0.07),
            0,
            0.06,
            0.06,
            height - 0.04,
            palette.GRAPHITE,
        )
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    return (block(0, 0, height - 0.04, width, depth, 0.04, top), *legs)


def desk(top: Material, screens: int = 1) -> Piece:
    """Return a desk with a drawer unit, screens and a keyboard."""
    pieces = [
        block(0, 0, 0.70, 1.5, 0.75, 0.04, top),
        block(-0.72, 0, 0, 0.04, 0.7, 0.70, palette.GREY),
        block(0.52, -0.02, 0, 0.4, 0.6, 0.70, palette.STEEL),
        block(0, 0.12, 0.74, 0.45, 0.15, 0.02, palette.GRAPHITE),
        block(0.55, 0.15, 0.74, 0.22, 0.3, 0.015, palette.WHITE),
    ]
    for k in range(screens):
        x = (k - (screens - 1) / 2) * 0.62
        pieces += [
            block(x, -0.2, 0.74, 0.2, 0.14, 0.14, palette.BLACK),
            block(x, -0.22, 0.86, 0.58, 0.03, 0.36, palette.BLACK),
            block(x, -0.2, 0.88, 0.54, 0.012, 0.32, palette.SCREEN),
        ]
    return tuple(pieces)


def office_chair(fabric: Material) -> Piece:
    """Return a swivel chair that looks north."""
    return (
        block(0, 0, 0.42, 0.5, 0.5, 0.09, fabric),
        block(0, -0.23, 0.58, 0.46, 0.07, 0.5, fabric),
        block(0, 0, 0.08, 0.07, 0.07, 0.36, palette.GRAPHITE),
        block(0, 0, 0.02, 0.55, 0.1, 0.05, palette.GRAPHITE),
        block(0, 0, 0.02, 0.1, 0.55, 0.05, palette.GRAPHITE),
    )


def chair(seat: Material) -> Piece:
    """Return a simple chair."""
    return (
        block(0, 0, 0.42, 0.44, 0.44, 0.05, seat),
        block(0, -0.2, 0.47, 0.44, 0.04, 0.42, seat),
        block(-0.18, 0, 0, 0.04, 0.38, 0.42, palette.GRAPHITE),
        block(0.18, 0, 0, 0.04, 0.38, 0.42, palette.GRAPHITE),
    )


def stool(seat: Material) -> Piece:
    """Return a bar stool."""
    return (
        block(0, 0, 0.66, 0.36, 0.36, 0.06, seat),
        block(0, 0, 0.02, 0.07, 0.07, 0.66, palette.STEEL),
        block(0, 0, 0, 0.34, 0.34, 0.03, palette.STEEL),
    )


def bookshelf(width: float, height: float, wood: Material, levels: int = 4) -> Piece:
    """Return a shelf of binders, its back to the south."""
    step = height / levels
    boards = [block(0, 0, k * step, width, 0.34, 0.035, wood) for k in range(levels)]
    rows = [
        block(0, -0.02, k * step + 0.035, width - 0.06, 0.24, step * 0.78, palette.BINDERS)
        for k in range(levels)
    ]
    sides = [block(s * (width / 2 - 0.015), 0, 0, 0.03, 0.34, height, wood) for s in (-1, 1)]
    back = block(0, -0.16, 0, width, 0.02, height, wood)
    return (*boards, *rows, *sides, back, block(0, 0, height, width, 0.34, 0.035, wood))


def rack(
    width: float, height: float, load: Iterable[tuple[float, float, float, Material]]
) -> Piece:
    """Return a steel rack with a load: (level in 0..2, offset, height, material) per crate."""
    posts = [
        block(sx * (width / 2 - 0.02), sy * 0.23, 0, 0.04, 0.04, height, palette.GRAPHITE)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    levels = [
        block(0, 0, 0.1 + k * height * 0.33, width, 0.5, 0.03, palette.STEEL) for k in range(3)
    ]
    crates = [
        block(x * width, 0, 0.13 + level * height * 0.33, 0.38, 0.42, tall, material)
        for level, x, tall, material in load
    ]
    return (*posts, *levels, *crates)


def cabinet(width: float, depth: float, height: float, front: str = "cfc8bb") -> Piece:
    """Return a cupboard with doors."""
    doors = palette.pattern("fronts", front, "6d6a64", 0.5)
    return (
        block(0, 0, 0.05, width, depth, height - 0.05, doors),
        block(0, -0.03, 0, width, depth - 0.06, 0.05, palette.BLACK),
    )


def sofa(width: float, fabric: Material) -> Piece:
    """Return a sofa that looks north."""
    return (
        block(0, 0, 0.08, width, 0.85, 0.22, fabric),
        block(0, 0.06, 0.3, width - 0.36, 0.7, 0.14, fabric),
        block(0, -0.34, 0.3, width, 0.18, 0.5, fabric),
        block(-width / 2 + 0.09, 0, 0.3, 0.18, 0.85, 0.28, fabric),
        block(width / 2 - 0.09, 0, 0.3, 0.18, 0.85, 0.28, fabric),
        block(0, 0, 0, width - 0.2, 0.6, 0.08, palette.BLACK),
    )


def plant(height: float) -> Piece:
    """Return a potted plant: a few leafy boxes around a stem."""
    crown = height - 0.45
    return (
        block(0, 0, 0, 0.36, 0.36, 0.36, palette.CLAY),
        block(0, 0, 0.36, 0.05, 0.05, 0.2, palette.WALNUT),
        block(0, 0, 0.5, 0.42, 0.42, crown * 0.7, palette.LEAF),
        block(0.1, 0.06, 0.62, 0.44, 0.3, crown * 0.4, palette.LEAF),
        block(-0.08, -0.05, 0.58, 0.3, 0.46, crown * 0.55, palette.LEAF),
        block(0.02, 0.0, 0.5 + crown * 0.7, 0.24, 0.24, crown * 0.2, palette.LEAF),
    )


def counter(width: float, depth: float, top: Material, front: str) -> Piece:
    """Return a counter with cupboard doors."""
    doors = palette.pattern("fronts", front, "6d6a64", 0.6)
    return (
        block(0, -0.02, 0.08, width, depth - 0.04, 0.8, doors),
        block(0, 0, 0.88, width, depth, 0.04, top),
        block(0, -0.05, 0, width, depth - 0.12, 0.08, palette.BLACK),
    )


def basin() -> Piece:
    """Return a wash basin with its tap, for a counter 0.92 m high."""
    return (
        block(0, 0, 0.92, 0.46, 0.36, 0.1, palette.PORCELAIN),
        block(0, 0.02, 1.0, 0.36, 0.24, 0.025, palette.GREY),
        block(0, -0.2, 0.92, 0.04, 0.04, 0.28, palette.STEEL),
        block(0, -0.12, 1.18, 0.04, 0.16, 0.03, palette.STEEL),
    )


def toilet() -> Piece:
    """Return a toilet with its cistern to the south."""
    return (
        block(0, 0.1, 0, 0.3, 0.5, 0.38, palette.PORCELAIN),
        block(0, 0.12, 0.38, 0.38, 0.5, 0.05, palette.PORCELAIN),
        block(0, -0.2, 0.36, 0.42, 0.18, 0.42, palette.PORCELAIN),
    )


def partition(length: float, height: float, panel: Material) -> Piece:
    """Return a free-standing panel along y."""
    return (
        block(0, 0, 0.15, 0.04, length, height - 0.15, panel),
        block(0, length / 2 - 0.05, 0, 0.05, 0.05, 0.15, palette.STEEL),
    )


def waste_bin() -> Piece:
    """Return a waste bin."""
    return (block(0, 0, 0, 0.3, 0.3, 0.42, palette.GRAPHITE),)


def radiator(width: float) -> Piece:
    """Return a radiator for a wall to the south."""
    return (
        block(0, 0, 0.15, width, 0.1, 0.55, palette.pattern("stripes", "f2f1ec", "cfcdc6", 0.08)),
    )
