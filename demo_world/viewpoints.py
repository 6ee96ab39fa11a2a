"""Where pictures of a room are taken from: at eye height, looking across it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from demo_world.geometry import Room, View
from demo_world.raycast import Solids

_GRID: Final = 8  # even, so that no place is the room's centre, where nothing is "across"
_MARGIN: Final = 0.38
_EYE_HEIGHT: Final = 1.6
_DOWNWARDS: Final = 0.2
_BODY: Final = (0.9, 1.95)  # things between these heights stand in a photographer's way
_ELBOW_ROOM: Final = 0.8
_FREE_SIGHT: Final = 3.0
_GLANCES: Final = (-0.45, 0.0, 0.45)

Points = NDArray[np.float64]


def viewpoints(room: Room, count: int, rng: np.random.Generator) -> tuple[View, ...]:
    """Choose camera poses.

    The best places are far from the room's centre, have elbow room and a free sight across the
    room. One after the other is taken, and each makes its neighbours less wanted.

    Parameters
    ----------
    room
        A furnished room.
    count
        How many, at least 1.
    rng
        Turns and lifts the camera a little.

    Returns
    -------
    tuple of View
        ``count`` poses.
    """
    shares = np.linspace(-0.5, 0.5, _GRID)
    spread = np.stack(np.meshgrid(shares, shares), axis=-1).reshape(-1, 2)
    inner = np.array(room.size[:2]) - 2 * _MARGIN
    places = _MARGIN + (spread + 0.5) * inner
    x, y = -(spread * inner).T
    across = np.arctan2(y, x)
    score = np.hypot(*spread.T) + np.minimum(_clearance(room, places), _ELBOW_ROOM)
    score += np.minimum(_sight(room, places, across), _FREE_SIGHT)
    views = []
    for _ in range(count):
        best = int(np.argmax(score))
        angle, lift = across[best] + rng.normal(0, 0.1), rng.uniform(-0.05, 0.1)
        (x, y), z = places[best], _EYE_HEIGHT + lift
        views.append(View((x, y, z), (x + np.cos(angle), y + np.sin(angle), z - _DOWNWARDS)))
        score -= 1.3 * np.exp(-16 * ((spread - spread[best]) ** 2).sum(axis=1))
    return tuple(views)


def _sight(room: Room, places: Points, across: Points) -> Points:
    """Return how far one sees from places towards the room's centre and beside it, (n,)."""
    origin = np.stack([*places.T, np.full(len(places), _EYE_HEIGHT)]).astype(np.float32)
    solids, nearest = Solids(room.boxes), np.full(len(places), np.inf)
    for glance in across + np.array(_GLANCES)[:, None]:
        level = np.stack([np.cos(glance), np.sin(glance), np.zeros_like(glance)])
        nearest = np.minimum(nearest, solids.first(origin, level.astype(np.float32))[0])
    return nearest


def _clearance(room: Room, places: Points) -> Points:
    """Return the horizontal distance from places to things at a body's height, (n,)."""
    nearest = np.full(len(places), np.inf)
    for box in room.furniture:
        if box.high[2] > _BODY[0] and box.low[2] < _BODY[1]:
            outside = np.maximum(np.subtract(box.low[:2], places), places - box.high[:2])
            gap = np.hypot(*np.maximum(outside, 0).T)
            nearest = np.minimum(nearest, np.where(gap > 0, gap, -np.inf))
    return nearest
