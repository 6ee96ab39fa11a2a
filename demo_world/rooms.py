"""The types of room: what stands where.

A builder gets a seeded generator and a finish number (a floor's colour scheme) and returns one
furnished room. Offices and hallways are alike on purpose: a real building repeats itself, and a
good seed set does not.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from demo_world import materials as m
from demo_world.furniture import cabinet, panel, piece, table
from demo_world.geometry import EAST, NORTH, SOUTH, WEST, Cuboid, Room, Vector, block
from demo_world.materials import Material

Builder = Callable[[np.random.Generator, int], Room]

_WALL: Final = 0.2


class Interior:
    """A room while it is being furnished.

    Parameters
    ----------
    size
        Width, depth and height.
    floor, wall
        What they are made of.
    """

    def __init__(self, size: Vector, floor: Material, wall: Material) -> None:
        self._size = width, depth, height = size
        self._shell = (
            Cuboid((0, 0, -_WALL), (width, depth, 0), floor),
            Cuboid((0, 0, height), (width, depth, height + _WALL), m.CEILING),
            Cuboid((-_WALL, 0, 0), (0, depth, height), wall),
            Cuboid((width, 0, 0), (width + _WALL, depth, height), wall),
            Cuboid((0, -_WALL, 0), (width, 0, height), wall),
            Cuboid((0, depth, 0), (width, depth + _WALL, height), wall),
        )
        self._furniture: list[Cuboid] = []

    def put(self, boxes: Iterable[Cuboid], x: float, y: float, turn: int = 0) -> None:
        """Place a piece, turned counter-clockwise by quarters."""
        self._furniture += [box.placed(x, y, turn) for box in boxes]

    def hang(self, boxes: Iterable[Cuboid], wall: int, along: float) -> None:
        """Place a piece with its back to a wall."""
        width, depth, _ = self._size
        x, y = ((along, 0.0), (width, along), (along, depth), (0.0, along))[wall]
        self.put(boxes, x, y, wall)

    def windows(self, wall: int, count: int, sill: float) -> None:
        """Divide a wall into equal windows."""
        bay, tall = self._size[wall % 2] / count, self._size[2] - 0.35 - sill
        wide = 0.76 * bay
        sky = replace(m.SKY, cell=(wide / 2, tall))
        pane = block(0, 0.01, sill, wide, 0.02, tall, sky)
        trees = block(0, 0.015, sill + 0.04, wide - 0.08, 0.03, 0.22 * tall, m.TREES)
        for k in range(count):
            self.hang((pane, trees), wall, (k + 0.5) * bay)

    def lit(self, kind: str, columns: int, rows: int, lamp: Material = m.NEUTRAL) -> Room:
        """Return the room with a regular grid of lamps."""
        width, depth, height = self._size
        wide, deep = min(1.2, width / columns / 2), min(0.6, depth / rows / 2)
        luminaire = block(0, 0, height - 0.03, wide, deep, 0.03, lamp)
        for i, j in np.ndindex(columns, rows):
            self.put([luminaire], (i + 0.5) * width / columns, (j + 0.5) * depth / rows)
        return Room(kind, self._size, self._shell, tuple(self._furniture))


def office(rng: np.random.Generator, finish: int) -> Room:
    """Build an office: one or two desks, shelves, a window."""
    width, depth = rng.uniform(3.2, 4.2), rng.uniform(3.6, 4.8)
    floor = (("6f7f8c", "5c6d7c"), ("8a7d6a", "786b58"), ("5f7a70", "4f695f"), ("857080", "705d6d"))
    room = Interior((width, depth, 2.75), m.flakes(*floor[finish % 4], 0.5), m.PLASTER)
    wood, fabric = (m.OAK, m.BIRCH)[int(rng.integers(2))], m.FABRICS[int(rng.integers(3))]
    room.windows(NORTH, 2, 1.0)
    room.hang(piece("desk", wood), NORTH, width - 1.0)
    for x in ((0.0,), (-0.31, 0.31))[int(rng.integers(2))]:
        room.hang(piece("screen"), NORTH, width - 1.0 + x)
    room.put(piece("chair", fabric), width - 1.0, depth - 1.1)
    room.hang(piece("bookshelf", wood), WEST, depth - 1.0)
    room.hang(cabinet(0.9, 0.45, 1.15, "cfc8bb"), WEST, depth * 0.42)
    if depth > 4.1:  # noqa: PLR2004 (metres: there is room for a second desk)
        room.hang((*piece("desk", wood), *piece("screen")), EAST, 1.1)
        room.put(piece("chair", fabric), width - 1.1, 1.1, WEST)
    if rng.random() < 0.5:  # noqa: PLR2004 (half of them)
        room.put(piece("plant"), 0.4, depth - 0.3)
    board = rng.random() < 0.6  # noqa: PLR2004 (more than half of them)
    on_wall = panel(1.6, 0.9, 2.1, m.SCRIBBLE) if board else piece("poster", m.PAPER)
    room.hang(on_wall, EAST, depth * 0.55)
    room.hang(piece("door", m.DOOR), SOUTH, 0.9)
    return room.lit("office", 1, 2)


def storage(rng: np.random.Generator, finish: int) -> Room:
    """Build a store room: steel racks with crates, a bare floor."""
    width, depth = rng.uniform(1.3, 2.6), rng.uniform(1.5, 3.4)
    wall = Material("c9c2b6", "b9b1a3", "aaa396", (0.6, 0.2), (0.014, 0.014), 0.5)
    room = Interior((width, depth, 2.5), m.flakes("8f908d", "7c7d7a", 0.05), wall)
    crates = (m.CARDBOARD, m.CARDBOARD, m.FABRICS[finish % 6], m.STEEL)
    for y in np.arange(0.75, depth - 0.5, 1.25):
        room.hang(piece("rack"), WEST, float(y))
        for level, x in np.ndindex(3, 2):
            if rng.random() < 0.85:  # noqa: PLR2004 (most places are taken)
                tall, look = rng.uniform(0.2, 0.45), crates[int(rng.integers(4))]
                crate = block(0.48 * x - 0.28, 0.27, 0.13 + 0.65 * level, 0.4, 0.42, tall, look)
                room.hang([crate], WEST, float(y))
    room.hang([block(0, 0.3, 0, 0.55, 0.5, 0.45, m.CARDBOARD)], NORTH, width - 0.4)
    room.hang([block(0, 0.3, 0.45, 0.42, 0.4, 0.35, m.CARDBOARD)], NORTH, width - 0.4)
    room.hang(piece("door", m.GREY), SOUTH, width - 0.6)
    return room.lit("storage", 1, 1)


def hallway(rng: np.random.Generator, finish: int) -> Room:
    """Build a hallway: doors on both sides, lamps in a row, little furniture."""
    width, depth = rng.uniform(1.9, 2.3), rng.uniform(12.0, 24.0)
    room = Interior((width, depth, 2.7), m.flakes("cdc6b8", "b5ab9b", 0.05), Material("ece8de"))
    room.windows(NORTH, 1, 0.9)
    rail = Material(("7c98a6", "b08d6a", "7fa08c", "a3879a")[finish % 4])
    for side in (WEST, EAST):
        room.hang([block(0, 0, 0, depth, 0.02, 1.0, rail)], side, depth / 2)
    for bay, y in enumerate(np.arange(1.6, depth - 1.2, 2.9)):
        for side in (WEST, EAST):
            room.hang(piece("door", (m.DOOR, m.GREY)[finish % 2]), side, float(y))
        if bay % 2:
            room.hang(piece("poster", m.PAPER), WEST, float(y) - 1.45)
        draw = rng.random()
        if draw < 0.3:  # noqa: PLR2004 (some bays hold something)
            room.put(piece("plant"), width - 0.28, float(y) - 1.3)
        elif draw < 0.5:  # noqa: PLR2004
            room.hang(cabinet(1.2, 0.36, 1.0, "cfc8bb"), EAST, float(y) - 1.3)
    return room.lit("hallway", 1, max(3, int(depth / 3)))


def conference(rng: np.random.Generator, finish: int) -> Room:
    """Build a conference room: a long table, chairs around it, a display."""
    width, depth = rng.uniform(4.6, 5.6), rng.uniform(6.4, 8.2)
    floor, fabric = m.flakes("4d5b6b", "445261", 0.5), m.FABRICS[finish % 6]
    room = Interior((width, depth, 2.9), floor, Material("dcdedd"))
    room.windows(EAST, 3, 0.7)
    long = depth - 3.0
    room.put(table(1.5, long, 0.74, m.WALNUT), width / 2, depth / 2)
    for y in np.linspace(-long / 2 + 0.45, long / 2 - 0.45, int(long / 0.85)) + depth / 2:
        room.put(piece("chair", fabric), width / 2 - 1.05, float(y), WEST)
        room.put(piece("chair", fabric), width / 2 + 1.05, float(y), EAST)
        room.put([block(-0.5, 0, 0.74, 0.21, 0.3, 0.012, m.WHITE)], width / 2, float(y))
    room.hang(cabinet(1.8, 0.45, 0.85, "8a684b"), SOUTH, width / 2)
    room.put(piece("plant"), width - 0.45, depth - 0.45)
    room.hang(panel(2.0, 1.1, 2.2, m.SCREEN), NORTH, width / 2)
    room.hang(panel(2.4, 0.9, 2.1, m.SCRIBBLE), WEST, depth * 0.55)
    room.hang(piece("door", m.WALNUT), WEST, 1.0)
    return room.lit("conference", 1, 3)


def restroom(rng: np.random.Generator, finish: int) -> Room:
    """Build a restroom: stalls on one side, basins under a mirror on the other."""
    stalls = int(rng.integers(2, 5))
    depth = 1.0 + stalls * 1.05
    floor, wall = m.tiles("8fa3a4", "c9d2d1", 0.3), m.tiles("dfeae8", "b9c7c5", 0.2)
    room = Interior((3.6, depth, 2.6), floor, wall)
    screen = Material(("4f8f93", "7b6aa0", "b9795a", "5d8f69")[finish % 4])
    for k in range(stalls):
        y = depth - 0.55 - k * 1.05
        room.hang(piece("toilet"), WEST, y)
        room.put([block(0.7, -0.53, 0.15, 1.4, 0.04, 1.7, screen)], 0, y)
        room.put([block(1.4, 0.25, 0.15, 0.04, 0.55, 1.7, screen)], 0, y)
        room.hang(piece("basin"), EAST, 0.9 + k * 1.05)
    room.hang(cabinet(depth - 0.8, 0.55, 0.92, "d8d2c6", m.WHITE), EAST, depth / 2)
    room.hang(panel(depth - 0.8, 1.25, 2.15, m.MIRROR), EAST, depth / 2)
    room.hang(piece("door", m.BIRCH), SOUTH, 2.2)
    return room.lit("restroom", 1, 2)


def kitchen(rng: np.random.Generator, finish: int) -> Room:
    """Build a kitchen: counters along a wall, a fridge, a table with chairs."""
    width, depth = rng.uniform(3.8, 4.6), rng.uniform(4.2, 5.0)
    floor, wall = m.checks("e6dfd0", "8c8375", 0.45), m.tiles("f0ebe0", "dcd5c7", 0.3)
    room = Interior((width, depth, 2.75), floor, wall)
    front = ("3f6f73", "c86f4a", "e0b04e", "6b7d57")[finish % 4]
    room.windows(NORTH, 2, 1.1)
    room.hang(cabinet(depth - 1.0, 0.62, 0.92, front, m.OAK), WEST, depth / 2 + 0.45)
    upper = (box.placed(0, 0, z=1.5) for box in cabinet(depth - 1.2, 0.36, 0.72, front))
    room.hang(upper, WEST, depth / 2 + 0.4)
    room.hang(piece("basin"), WEST, depth - 1.5)
    room.hang([block(0, 0.37, 0, 0.72, 0.74, 1.85, m.STEEL)], WEST, 0.4)
    room.hang([block(0, 0.3, 0.92, 0.48, 0.35, 0.28, m.BLACK)], WEST, depth / 2)
    room.put(table(0.95, 1.7, 0.74, m.BIRCH), width - 1.1, depth / 2)
    for y in (depth / 2 - 0.5, depth / 2 + 0.5):
        room.put(piece("chair", m.FABRICS[2]), width - 1.8, y, WEST)
        room.put(piece("chair", m.FABRICS[2]), width - 0.4, y, EAST)
    room.put(piece("plant"), width - 0.4, depth - 0.4)
    room.hang(piece("poster", m.PAPER), EAST, depth / 2)
    room.hang(piece("door", m.DOOR), SOUTH, width - 1.0)
    return room.lit("kitchen", 1, 2)


def lab(rng: np.random.Generator, finish: int) -> Room:
    """Build a laboratory: benches in rows, instruments, cupboards."""
    width, depth = rng.uniform(6.0, 7.2), rng.uniform(6.5, 8.0)
    room = Interior((width, depth, 3.0), m.flakes("cfd6d4", "b3c2bf", 0.05), Material("cfe0de"))
    room.windows(WEST, 3, 1.1)
    middle, long, accent = width / 2 - 0.4, width - 2.6, m.FABRICS[(finish + 5) % 6]
    for y in np.arange(1.3, depth - 1.6, 1.9):
        bench = [
            *cabinet(long, 0.8, 0.92, "dfe5e6", m.GRAPHITE),
            block(-0.35 * long, 0.4, 0.92, 0.5, 0.4, 0.42, m.WHITE),
            block(0, 0.4, 0.92, 0.32, 0.4, 0.55, accent),
            block(0.3 * long, 0.4, 0.92, 0.6, 0.4, 0.3, m.STEEL),
            block(0, 0.1, 1.5, long - 0.2, 0.22, 0.03, m.BIRCH),
        ]
        for x in (-0.3 * long, 0.3 * long):
            bench.append(block(x, 0.1, 0.92, 0.04, 0.04, 0.58, m.STEEL))
            room.put(piece("chair", m.BLACK), middle + x, float(y) + 1.15, NORTH)
        room.put(bench, middle, float(y))
    room.hang(cabinet(depth - 1.5, 0.5, 2.0, "e7ebeb"), EAST, depth / 2)
    room.hang(panel(1.5, 1.1, 1.95, m.SCREEN), NORTH, width / 2)
    room.hang(piece("door", m.GLASS), SOUTH, width - 1.4)
    return room.lit("lab", 2, 3)


def lobby(rng: np.random.Generator, finish: int) -> Room:
    """Build a lobby: a reception desk, columns, sofas, tall windows."""
    width, depth = rng.uniform(10.0, 13.0), rng.uniform(10.0, 13.0)
    floor = m.tiles("bfb5a4", "91887a", 0.8)
    room = Interior((width, depth, 4.2), floor, Material("e7decd"))
    room.windows(SOUTH, 3, 0.3)
    room.windows(WEST, 4, 0.3)
    for x, y in ((0.27, 0.3), (0.27, 0.7), (0.73, 0.3), (0.73, 0.7)):
        room.put([block(0, 0, 0, 0.5, 0.5, 4.2, m.PAPER)], x * width, y * depth)
    reception = [
        block(0, 0, 0, 3.6, 0.7, 1.05, m.WALNUT),
        block(0, 0, 1.05, 3.8, 0.85, 0.06, m.WHITE),
        block(-0.6, 0.2, 1.11, 0.5, 0.05, 0.35, m.BLACK),
    ]
    room.put(reception, width / 2, depth - 1.9)
    rug = block(0, 0, 0, 0.4 * width, 3.0, 0.01, m.flakes("8c4f43", "7a4238", 0.5))
    room.put([rug, *table(0.7, 1.1, 0.4, m.OAK)], 0.26 * width, depth * 0.5)
    for x, turn in ((0.11, WEST), (0.4, EAST)):
        room.put(piece("sofa", m.FABRICS[finish % 6]), x * width, depth * 0.5, turn)
    for x, y in ((0.6, 0.6), (width - 0.6, 0.6), (width - 0.6, depth - 0.6), (0.6, depth - 0.6)):
        room.put(piece("plant"), x, y)
    room.hang(piece("poster", m.PAPER), NORTH, width / 2)
    room.hang(piece("door", m.WALNUT), EAST, depth / 2)
    return room.lit("lobby", 3, 3, m.WARM)


def lounge(rng: np.random.Generator, finish: int) -> Room:
    """Build a lounge: sofas around a low table, shelves, a rug."""
    width, depth = rng.uniform(5.2, 6.4), rng.uniform(5.2, 6.4)
    wall = Material("b4735a", "a3634b", "cdb9a5", (0.3, 0.1), (0.014, 0.014), 0.5)
    room = Interior((width, depth, 2.9), m.OAK, wall)
    room.windows(EAST, 2, 0.6)
    rug = block(0, 0, 0, width - 2.4, depth - 2.8, 0.01, m.checks("d9c8a5", "b5654a", 0.5))
    room.put([rug, *table(1.3, 0.8, 0.4, m.WALNUT)], width / 2, depth / 2)
    for x, y, turn in ((width / 2, 1.2, 0), (0.9, depth / 2, WEST), (width - 0.9, depth / 2, EAST)):
        room.put(piece("sofa", m.FABRICS[(finish + turn) % 6]), x, y, turn)
    for x in (-0.6, 0.6):
        room.hang(piece("bookshelf", m.WALNUT), NORTH, width / 2 + x)
    room.put(piece("plant"), width - 0.5, depth - 0.5)
    room.put(piece("plant"), 0.5, 0.5)
    room.hang(piece("poster", m.PAPER), WEST, depth / 2)
    room.hang(piece("door", m.DOOR), SOUTH, width - 0.9)
    return room.lit("lounge", 2, 2, m.WARM)


# Shares of the types, after what campus buildings look like: many offices, few of the rest.
KINDS: Final[Mapping[str, tuple[Builder, float]]] = {
    "office": (office, 0.395),
    "hallway": (hallway, 0.185),
    "storage": (storage, 0.125),
    "conference": (conference, 0.095),
    "restroom": (restroom, 0.065),
    "kitchen": (kitchen, 0.05),
    "lab": (lab, 0.04),
    "lounge": (lounge, 0.0235),
    "lobby": (lobby, 0.0215),
}
