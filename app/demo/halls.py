"""The large rooms: hallways, lobbies, lounges, classrooms."""

from typing import Final

import numpy as np

from app.demo import furniture as f
from app.demo import palette
from app.demo.fittings import NEUTRAL, WARM, board, ceiling_lights, display, door, poster, windows
from app.demo.geometry import EAST, FLOOR, NORTH, SOUTH, WEST, Box, Patch, Room

_SUN: Final = (0.35, 0.62, 0.70)
_RAILS: Final = ("7c98a6", "b08d6a", "7fa08c", "a3879a")


def hallway(rng: np.random.Generator, finish: int) -> Room:
    """Build a hallway: doors on both sides, lamps in a row, little furniture."""
    size = (rng.uniform(1.9, 2.3), rng.uniform(12.0, 28.0), 2.7)
    width, depth, _ = size
    places = np.arange(1.6, depth - 1.2, 2.9)
    code = ("9b6f4a", "7a8b94")[finish % 2]
    patches = [door(side, float(y), code) for side in (WEST, EAST) for y in places]
    patches += [poster(WEST, float(y) + 1.45, "e9dfca", "5b8aa0", 0.6) for y in places[:-1:2]]
    patches += windows(NORTH, size, 1, 0.9)
    boxes: list[Box] = []
    for y in places[:-1]:
        if rng.random() < 0.4:  # noqa: PLR2004 (some bays hold something)
            boxes += f.place(f.plant(1.2), width - 0.28, float(y) + 1.45)
        elif rng.random() < 0.4:  # noqa: PLR2004
            boxes += f.place(f.cabinet(1.2, 0.36, 1.0), width - 0.2, float(y) + 1.45, f.TO_WEST)
    lamps, seen = ceiling_lights(size, 1, max(3, int(depth / 3)))
    wall = palette.pattern("wainscot", "ece8de", _RAILS[finish % 4], 1.0)
    floor = palette.pattern("terrazzo", "cdc6b8", "9b9080", 0.4, 0.4)
    return Room(
        "hallway",
        size,
        floor,
        wall,
        palette.CEILING_TILES,
        tuple(boxes),
        (*patches, *seen),
        lamps,
        NEUTRAL,
        _SUN,
    )


def lobby(rng: np.random.Generator, finish: int) -> Room:
    """Build a lobby: a reception desk, columns, sofas, tall windows, a polished floor."""
    size = (rng.uniform(10.0, 13.0), rng.uniform(10.0, 13.0), 4.2)
    width, depth, height = size
    stone = palette.pattern("concrete", "d9d2c5", "cbc2b3", 1.0)
    boxes: list[Box] = [
        f.block(x * width, y * depth, 0, 0.5, 0.5, height, stone)
        for x in (0.27, 0.73)
        for y in (0.3, 0.7)
    ]
    boxes += [
        f.block(width / 2, depth - 1.9, 0, 3.6, 0.7, 1.05, palette.WALNUT),
        f.block(width / 2, depth - 1.9, 1.05, 3.8, 0.85, 0.06, palette.WHITE),
        f.block(width / 2 - 0.6, depth - 1.7, 1.11, 0.5, 0.05, 0.35, palette.BLACK),
    ]
    fabric = palette.FABRICS[finish % 6]
    for x, turn in ((0.11, f.TO_EAST), (0.33, f.TO_WEST)):
        boxes += f.place(f.sofa(2.0, fabric), x * width + 0.2, depth * 0.42, turn)
    boxes += f.place(f.table(0.7, 1.1, 0.4, palette.OAK), 0.22 * width + 0.2, depth * 0.42)
    for x, y in ((0.6, 0.6), (width - 0.6, 0.6), (width - 0.6, depth - 0.6), (0.6, depth - 0.6)):
        boxes += f.place(f.plant(2.0), x, y)
    lamps, seen = ceiling_lights(size, 3, 3)
    rug = Patch(
        FLOOR,
        (0.6, depth * 0.42 - 1.5),
        (0.44 * width, depth * 0.42 + 1.5),
        palette.pattern("carpet", "8c4f43", "7a4238", 0.4),
    )
    patches = (
        *windows(WEST, size, 4, 0.3),
        *windows(SOUTH, size, 3, 0.3),
        poster(NORTH, width / 2, "efe4cc", "c9673f", 1.5),
        door(EAST, depth / 2, "6b4a33"),
        rug,
        *seen,
    )
    floor = palette.pattern("tiles", "cfc7b9", "a79e90", 0.8, 0.5)
    wall = palette.solid("e7decd")
    return Room(
        "lobby",
        size,
        floor,
        wall,
        palette.CEILING_PLAIN,
        tuple(boxes),
        patches,
        lamps,
        WARM,
        (-0.62, -0.35, 0.70),
    )


def lounge(rng: np.random.Generator, finish: int) -> Room:
    """Build a lounge: sofas around a low table, shelves, a rug."""
    size = (rng.uniform(5.2, 6.4), rng.uniform(5.2, 6.4), 2.9)
    width, depth, _ = size
    first, second = palette.FABRICS[finish % 6], palette.FABRICS[(finish + 2) % 6]
    boxes: list[Box] = [*f.place(f.sofa(2.4, first), width / 2, 1.2)]
    boxes += f.place(f.sofa(1.8, first), 0.9, depth / 2 + 0.4, f.TO_EAST)
    boxes += f.place(f.sofa(1.0, second), width - 1.1, depth / 2 + 0.4, f.TO_WEST)
    boxes += f.place(f.table(1.3, 0.8, 0.4, palette.WALNUT), width / 2, depth / 2 + 0.2)
    boxes += f.place(
        f.bookshelf(2.0, 1.7, palette.WALNUT), width / 2 - 0.6, depth - 0.22, f.TO_SOUTH
    )
    boxes += f.place(f.plant(1.7), width - 0.5, depth - 0.5)
    boxes += f.place(f.plant(1.2), 0.5, 0.5)
    lamps, seen = ceiling_lights(size, 2, 2)
    rug = Patch(
        FLOOR,
        (1.2, 1.5),
        (width - 1.2, depth - 1.3),
        palette.pattern("checks", "d9c8a5", "b5654a", 0.5),
    )
    patches = (
        rug,
        *windows(EAST, size, 2, 0.6),
        poster(WEST, depth / 2, "e6d6b8", "3f6f73", 1.0),
        door(SOUTH, width - 0.9),
        *seen,
    )
    wall = palette.pattern("bricks", "b4735a", "cdb9a5", 0.1)
    return Room(
        "lounge",
        size,
        palette.OAK,
        wall,
        palette.CEILING_PLAIN,
        tuple(boxes),
        patches,
        lamps,
        WARM,
        (0.68, 0.2, 0.7),
    )


def classroom(rng: np.random.Generator, finish: int) -> Room:
    """Build a classroom: rows of tables that look at a board."""
    size = (rng.uniform(6.5, 7.5), rng.uniform(7.5, 9.0), 3.0)
    width, depth, _ = size
    boxes: list[Box] = []
    seat = palette.FABRICS[(finish + 1) % 6]
    for y in np.arange(1.3, depth - 2.6, 1.35):
        for x in (width * 0.28, width * 0.72):
            boxes += f.place(f.table(2.0, 0.55, 0.74, palette.BIRCH), x, float(y) + 0.45)
            boxes += f.place(f.chair(seat), x - 0.5, float(y) - 0.1)
            boxes += f.place(f.chair(seat), x + 0.5, float(y) - 0.1)
    boxes += f.place(f.table(1.6, 0.7, 0.76, palette.OAK), width * 0.3, depth - 1.3)
    boxes.append(f.block(width * 0.78, depth - 1.2, 0, 0.6, 0.5, 1.1, palette.WALNUT))
    lamps, seen = ceiling_lights(size, 2, 3)
    patches = (
        board(NORTH, width * 0.33, 3.0),
        display(NORTH, width * 0.78, 1.7),
        *windows(EAST, size, 4, 0.9),
        door(WEST, depth - 1.2),
        *seen,
    )
    floor = palette.pattern("planks", "b98d5e", "86633f", 0.12)
    wall = palette.pattern("wainscot", "eee7d4", "c9b48a", 0.9)
    return Room(
        "classroom",
        size,
        floor,
        wall,
        palette.CEILING_TILES,
        tuple(boxes),
        patches,
        lamps,
        NEUTRAL,
        (0.68, 0.3, 0.67),
    )
