"""Which rooms a building has, and what each costs to label: the points that a scan of it holds."""

from collections import Counter
from typing import Final

import numpy as np

from demo_world.geometry import Room
from demo_world.rooms import KINDS

POINTS_PER_SQUARE_METRE: Final = 470.0
_SPREAD: Final = 0.06
_FLAT: Final = 0.031
_PER_FLOOR: Final = 16


def plan_building(rooms: int, seed: int) -> dict[str, Room]:
    """Lay out a building.

    Parameters
    ----------
    rooms
        How many, at least 1.
    seed
        The same seed gives the same building.

    Returns
    -------
    dict of Room
        By id, floor by floor: floor, type and a number, for example ``"Floor_1/office_3"``.
    """
    steps = np.cumsum([share for _, share in KINDS.values()])
    chosen = np.searchsorted(steps, (np.arange(rooms) + 0.5) / rooms * steps[-1])
    np.random.default_rng(seed).shuffle(chosen)
    plans: dict[str, Room] = {}
    for storey, part in enumerate(np.array_split(chosen, -(-rooms // _PER_FLOOR))):
        numbers: Counter[str] = Counter()
        for kind in (list(KINDS)[index] for index in np.sort(part)):
            numbers[kind] += 1
            room = KINDS[kind][0](np.random.default_rng([seed, len(plans)]), storey)
            plans[f"Floor_{storey + 1}/{kind}_{numbers[kind]}"] = room
    return plans


def count_points(room: Room, rng: np.random.Generator) -> int:
    """Count the points of a scan that was thinned to an even density.

    Parameters
    ----------
    room
        The points lie on its faces, and on the tops and sides of its furniture. What is flat
        hides as much as it shows.
    rng
        Scans of equal rooms differ by a log-normal factor of a few per cent.

    Returns
    -------
    int
        At least 1.
    """
    width, depth, height = room.size
    area = 2 * (width * depth + width * height + depth * height)
    for box in room.furniture:
        w, d, h = np.subtract(box.high, box.low)
        if min(w, d, h) > _FLAT:
            area += w * d + 2 * (w + d) * h
    return max(1, round(area * POINTS_PER_SQUARE_METRE * float(rng.lognormal(0.0, _SPREAD))))
