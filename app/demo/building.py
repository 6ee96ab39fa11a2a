"""Which rooms a building has: their types, floors and names."""

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from app.demo.geometry import Room
from app.demo.rooms import BUILDERS

_PER_FLOOR: Final = 16

# Shares of the types, after what campus buildings look like: many offices, few of the rest.
_SHARES: Final = MappingProxyType(
    {
        "office": 0.395,
        "hallway": 0.185,
        "storage": 0.125,
        "conference": 0.08,
        "restroom": 0.065,
        "kitchen": 0.045,
        "lab": 0.04,
        "lounge": 0.0225,
        "classroom": 0.0215,
        "lobby": 0.021,
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A room of the building.

    Parameters
    ----------
    scene_id
        Floor, type and a number, for example ``"Floor_1/office_3"``.
    floor
        Name of its floor.
    room
        What is in it.
    """

    scene_id: str
    floor: str
    room: Room


def plan_building(rooms: int, seed: int) -> tuple[Plan, ...]:
    """Lay out a building.

    Parameters
    ----------
    rooms
        How many, at least 1.
    seed
        The same seed gives the same building.

    Returns
    -------
    tuple of Plan
        Floor by floor; ids are unique.
    """
    kinds = np.array(_apportioned(rooms))
    np.random.default_rng(seed).shuffle(kinds)
    floors = -(-rooms // _PER_FLOOR)
    plans: list[Plan] = []
    for storey, part in enumerate(np.array_split(kinds, floors), start=1):
        numbers: Counter[str] = Counter()
        for kind in sorted(part.tolist(), key=list(_SHARES).index):
            numbers[kind] += 1
            room = BUILDERS[kind](np.random.default_rng([seed, len(plans)]), storey - 1)
            floor = f"Floor_{storey}"
            plans.append(Plan(f"{floor}/{kind}_{numbers[kind]}", floor, room))
    return tuple(plans)


def _apportioned(rooms: int) -> list[str]:
    """Return that many types in their shares, by the largest-remainder method."""
    exact = {kind: share * rooms for kind, share in _SHARES.items()}
    counts = {kind: int(value) for kind, value in exact.items()}
    by_remainder = sorted(exact, key=lambda kind: counts[kind] - exact[kind])
    for kind in by_remainder[: rooms - sum(counts.values())]:
        counts[kind] += 1
    return [kind for kind, count in counts.items() for _ in range(count)]
