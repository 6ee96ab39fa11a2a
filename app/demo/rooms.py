"""The types of room that repeat on every floor, and the table of all types.

A builder gets a seeded generator and a finish number (a floor's colour scheme) and returns one
furnished room. Offices and hallways are alike on purpose: a real building repeats itself, and a
good seed set does not.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from app.demo import furniture as f
from app.demo import halls, palette
from app.demo.fittings import COOL, NEUTRAL, board, ceiling_lights, display, door, poster, windows
from app.demo.geometry import EAST, NORTH, SOUTH, WEST, Box, Room

Builder = Callable[[np.random.Generator, int], Room]

_SUN: Final = (0.35, 0.62, 0.70)
_CARPETS: Final = (
    ("6f7f8c", "59697a"),
    ("8a7d6a", "776a58"),
    ("5f7a70", "4f695f"),
    ("857080", "705d6d"),
)


def office(rng: np.random.Generator, finish: int) -> Room:
    """Build an office: one or two desks, shelves, a window."""
    width, depth = rng.uniform(3.2, 4.2), rng.uniform(3.6, 4.8)
    size = (width, depth, 2.75)
    wood = (palette.OAK, palette.BIRCH)[int(rng.integers(2))]
    fabric = palette.FABRICS[int(rng.integers(3))]
    boxes: list[Box] = []
    boxes += f.place(f.desk(wood, int(rng.integers(1, 3))), width - 1.2, depth - 1.1, f.TO_SOUTH)
    boxes += f.place(f.office_chair(fabric), width - 1.3, depth - 1.85, f.TO_NORTH)
    boxes += f.place(f.bookshelf(1.1, 1.9, wood), 0.22, depth - 1.0, f.TO_EAST)
    if depth > 4.1:  # noqa: PLR2004 (metres: there is room for a second desk)
        boxes += f.place(f.desk(wood), width - 0.45, 1.1, f.TO_WEST)
        boxes += f.place(f.office_chair(fabric), width - 1.2, 1.1, f.TO_EAST)
    boxes += f.place(f.cabinet(0.9, 0.45, 1.15), 0.26, depth * 0.42, f.TO_EAST)
    if rng.random() < 0.5:  # noqa: PLR2004 (half of them)
        boxes += f.place(f.plant(1.3), 0.4, depth - 0.35)
    boxes += f.place(f.waste_bin(), width - 2.2, depth - 0.3)
    boxes += f.place(f.radiator(width * 0.6), width / 2, depth - 0.06, f.TO_SOUTH)
    lamps, seen = ceiling_lights(size, 1, 2)
    patches = [*windows(NORTH, size, 2, 1.0), door(SOUTH, 0.9), *seen]
    if rng.random() < 0.6:  # noqa: PLR2004 (more than half of them)
        patches.append(board(EAST, depth * 0.55, 1.6))
    else:
        patches.append(poster(EAST, depth * 0.5, "e9dfca", "cf6a45"))
    carpet = palette.pattern("carpet", *_CARPETS[finish % len(_CARPETS)], 0.5)
    return Room(
        "office",
        size,
        carpet,
        palette.PLASTER,
        palette.CEILING_TILES,
        tuple(boxes),
        tuple(patches),
        lamps,
        NEUTRAL,
        _SUN,
    )


def storage(rng: np.random.Generator, finish: int) -> Room:
    """Build a store room: steel racks with crates, a bare floor."""
    width, depth = rng.uniform(1.3, 2.6), rng.uniform(1.5, 3.4)
    size = (width, depth, rng.uniform(2.3, 2.7))
    boxes: list[Box] = []
    crates = [palette.CARDBOARD, palette.CARDBOARD, palette.FABRICS[finish % 6], palette.STEEL]
    for y in np.arange(0.75, depth - 0.5, 1.25):
        load = [
            (level, x, float(rng.uniform(0.2, 0.45)), crates[int(rng.integers(4))])
            for level in range(3)
            for x in (-0.3, 0.1)
            if rng.random() < 0.85  # noqa: PLR2004 (most places are taken)
        ]
        boxes += f.place(f.rack(1.15, 1.95, load), 0.28, float(y), f.TO_EAST)
    boxes.append(f.block(width - 0.4, depth - 0.4, 0, 0.55, 0.5, 0.45, palette.CARDBOARD))
    boxes.append(f.block(width - 0.42, depth - 0.4, 0.45, 0.42, 0.4, 0.35, palette.CARDBOARD))
    lamps, seen = ceiling_lights(size, 1, 1)
    walls = palette.pattern("bricks", "c9c2b6", "b3aca0", 0.2)
    floor = palette.pattern("concrete", "8f908d", "7c7d7a", 1.0)
    return Room(
        "storage",
        size,
        floor,
        walls,
        palette.CEILING_PLAIN,
        tuple(boxes),
        (door(SOUTH, width - 0.7, "7d8a91"), *seen),
        lamps,
        NEUTRAL,
        _SUN,
    )


def conference(rng: np.random.Generator, finish: int) -> Room:
    """Build a conference room: a long table, chairs around it, a display."""
    size = (rng.uniform(4.6, 5.6), rng.uniform(6.4, 8.2), 2.9)
    width, depth, _ = size
    long = depth - 3.0
    boxes: list[Box] = [*f.place(f.table(1.5, long, 0.74, palette.WALNUT), width / 2, depth / 2)]
    fabric = palette.FABRICS[finish % 6]
    for y in np.linspace(
        depth / 2 - long / 2 + 0.45, depth / 2 + long / 2 - 0.45, int(long / 0.85)
    ):
        boxes += f.place(f.chair(fabric), width / 2 - 1.05, float(y), f.TO_EAST)
        boxes += f.place(f.chair(fabric), width / 2 + 1.05, float(y), f.TO_WEST)
        boxes.append(f.block(width / 2 - 0.5, float(y), 0.74, 0.21, 0.3, 0.012, palette.WHITE))
    boxes += f.place(f.cabinet(1.8, 0.45, 0.85, "8a684b"), width / 2, 0.25)
    boxes += f.place(f.plant(1.6), width - 0.45, depth - 0.45)
    lamps, seen = ceiling_lights(size, 1, 3)
    patches = (
        *windows(EAST, size, 3, 0.7),
        display(NORTH, width / 2, 2.0),
        board(WEST, depth * 0.55, 2.4),
        door(WEST, 1.0, "8a684b"),
        *seen,
    )
    carpet = palette.pattern("carpet", "4d5b6b", "414e5d", 0.5)
    wall = palette.solid("dcdedd")
    return Room(
        "conference",
        size,
        carpet,
        wall,
        palette.CEILING_TILES,
        tuple(boxes),
        patches,
        lamps,
        NEUTRAL,
        (0.72, 0.25, 0.64),
    )


def restroom(rng: np.random.Generator, finish: int) -> Room:
    """Build a restroom: stalls on one side, basins under a mirror on the other."""
    stalls = int(rng.integers(2, 5))
    depth = 1.0 + stalls * 1.05
    size = (3.3, depth, 2.6)
    panel = palette.solid(("4f8f93", "7b6aa0", "b9795a", "5d8f69")[finish % 4])
    boxes: list[Box] = []
    for k in range(stalls):
        y = depth - 0.55 - k * 1.05
        boxes += f.place(f.toilet(), 0.35, y, f.TO_EAST)
        boxes += f.place(f.partition(1.45, 1.95, panel), 0.75, y - 0.53, f.TO_EAST)
        boxes.append(f.block(1.48, y + 0.22, 0.15, 0.04, 0.55, 1.8, panel))
    long = depth - 0.8
    boxes += f.place(
        f.counter(long, 0.55, palette.solid("efeae0"), "d8d2c6"), 3.0, depth / 2, f.TO_WEST
    )
    for k in range(stalls):
        boxes += f.place(
            f.basin(), 2.98, depth / 2 + (k - (stalls - 1) / 2) * long / stalls, f.TO_WEST
        )
    lamps, seen = ceiling_lights(size, 1, 2)
    mirror = f.block(3.29, depth / 2, 1.25, 0.02, long, 0.9, palette.MIRROR)
    tiles = palette.pattern("tiles", "dfeae8", "b9c7c5", 0.2)
    floor = palette.pattern("tiles", "8fa3a4", "c9d2d1", 0.3, 0.25)
    return Room(
        "restroom",
        size,
        floor,
        tiles,
        palette.CEILING_PLAIN,
        (*boxes, mirror),
        (door(SOUTH, 2.2, "d9d4c8"), *seen),
        lamps,
        NEUTRAL,
        _SUN,
    )


def kitchen(rng: np.random.Generator, finish: int) -> Room:
    """Build a kitchen: counters along a wall, a fridge, a table with stools."""
    size = (rng.uniform(3.8, 4.6), rng.uniform(4.2, 5.0), 2.75)
    width, depth, _ = size
    front = ("3f6f73", "c86f4a", "e0b04e", "6b7d57")[finish % 4]
    boxes: list[Box] = [
        *f.place(
            f.counter(depth - 1.0, 0.62, palette.OAK, front), 0.32, depth / 2 + 0.45, f.TO_EAST
        )
    ]
    boxes += f.place(
        f.cabinet(depth - 1.2, 0.36, 0.72, front), 0.19, depth / 2 + 0.4, f.TO_EAST, 1.5
    )
    boxes += f.place(f.basin(), 0.34, depth - 1.5, f.TO_EAST, -0.06)
    boxes += [
        f.block(0.4, 0.45, 0, 0.72, 0.7, 1.85, palette.STEEL),
        f.block(0.78, 0.22, 0.9, 0.03, 0.03, 0.7, palette.GRAPHITE),
        f.block(0.3, depth / 2, 0.92, 0.35, 0.48, 0.28, palette.BLACK),
        f.block(0.28, depth / 2 - 0.6, 0.92, 0.22, 0.2, 0.34, palette.FABRICS[1]),
    ]
    boxes += f.place(f.table(0.95, 1.7, 0.74, palette.BIRCH), width - 1.1, depth / 2)
    for y in (-0.5, 0.5):
        boxes += f.place(f.chair(palette.FABRICS[2]), width - 1.85, depth / 2 + y, f.TO_EAST)
        boxes += f.place(f.chair(palette.FABRICS[2]), width - 0.4, depth / 2 + y, f.TO_WEST)
    boxes += f.place(f.plant(1.1), width - 0.4, depth - 0.4)
    lamps, seen = ceiling_lights(size, 1, 2)
    patches = (
        *windows(NORTH, size, 2, 1.1),
        poster(EAST, depth / 2, "f0d9a8", "3f7f86", 0.9),
        door(SOUTH, width - 1.0),
        *seen,
    )
    floor = palette.pattern("checks", "e6dfd0", "8c8375", 0.45, 0.12)
    wall = palette.pattern("tiles", "f0ebe0", "dcd5c7", 0.3)
    return Room(
        "kitchen",
        size,
        floor,
        wall,
        palette.CEILING_PLAIN,
        tuple(boxes),
        patches,
        lamps,
        NEUTRAL,
        _SUN,
    )


def lab(rng: np.random.Generator, finish: int) -> Room:
    """Build a laboratory: benches in rows, instruments, cupboards."""
    size = (rng.uniform(6.0, 7.2), rng.uniform(6.5, 8.0), 3.0)
    width, depth, _ = size
    top = palette.solid("2f3a40")
    boxes: list[Box] = []
    for y in np.arange(1.7, depth - 1.2, 1.9):
        boxes += f.place(f.counter(width - 2.6, 0.8, top, "dfe5e6"), width / 2 - 0.4, float(y))
        boxes += [
            f.block(1.6, float(y), 0.92, 0.5, 0.4, 0.42, palette.WHITE),
            f.block(width / 2, float(y), 0.92, 0.32, 0.3, 0.55, palette.FABRICS[(finish + 5) % 6]),
            f.block(width - 2.6, float(y), 0.92, 0.6, 0.45, 0.3, palette.STEEL),
            f.block(width / 2 - 0.4, float(y) - 0.3, 1.45, width - 2.8, 0.22, 0.03, palette.BIRCH),
        ]
        boxes += [
            f.block(x, float(y) - 0.3, 0.92, 0.04, 0.04, 0.55, palette.STEEL)
            for x in (1.2, width - 2.0)
        ]
        for x in (2.2, width - 3.4):
            boxes += f.place(f.stool(palette.BLACK), x, float(y) + 0.7)
    boxes += f.place(f.cabinet(depth - 1.5, 0.5, 2.0, "e7ebeb"), width - 0.26, depth / 2, f.TO_WEST)
    lamps, seen = ceiling_lights(size, 2, 3)
    patches = (
        *windows(WEST, size, 3, 1.1),
        display(NORTH, width / 2, 1.5),
        door(SOUTH, width - 1.4, "5d7f8c"),
        *seen,
    )
    floor = palette.pattern("terrazzo", "cfd6d4", "8da09c", 0.3, 0.2)
    return Room(
        "lab",
        size,
        floor,
        palette.pattern("wainscot", "eef1f0", "7fb0ac", 1.0),
        palette.CEILING_TILES,
        tuple(boxes),
        patches,
        lamps,
        COOL,
        (-0.7, 0.3, 0.65),
    )


BUILDERS: Final[Mapping[str, Builder]] = MappingProxyType(
    {
        "office": office,
        "hallway": halls.hallway,
        "storage": storage,
        "conference": conference,
        "restroom": restroom,
        "kitchen": kitchen,
        "lab": lab,
        "lobby": halls.lobby,
        "lounge": halls.lounge,
        "classroom": halls.classroom,
    }
)
