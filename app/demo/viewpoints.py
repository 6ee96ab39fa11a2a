"""Where pictures of a room are taken from: at eye height, near its corners, looking across it."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.demo.geometry import Room, View
from app.demo.raycast import Rays, trace

_GRID: Final = 9
_MARGIN: Final = 0.38
_EYE_HEIGHT: Final = 1.58
_TARGET_HEIGHT: Final = 1.12
_BODY: Final = (0.9, 1.95)  # furniture between these heights stands in a photographer's way
_ELBOW_ROOM: Final = 0.8
_FREE_SIGHT: Final = 2.2
_GLANCES: Final = (-0.45, 0.0, 0.45)

Points = NDArray[np.float64]


def viewpoints(room: Room, count: int, rng: np.random.Generator) -> tuple[View, ...]:
    """Choose camera poses.

    The floor is divided into as many sectors around the room's centre as pictures are wanted; each
    gets the place that is farthest out, with elbow room and a free sight across the room.

    Parameters
    ----------
    room
        A furnished room.
    count
        How many, at least 1.
    rng
        Moves the sectors and the targets a little.

    Returns
    -------
    tuple of View
        ``count`` poses.
    """
    shares = np.linspace(0, 1, _GRID)
    spread = np.stack(np.meshgrid(shares, shares), axis=-1).reshape(-1, 2) - 0.5
    extent = np.array(room.size[:2])
    place = extent / 2 + spread * (extent - 2 * _MARGIN)
    score = np.hypot(*spread.T) + np.minimum(_clearance(room, place), _ELBOW_ROOM)
    score += 0.6 * np.minimum(_sight(room, place), _FREE_SIGHT)
    turn = np.arctan2(spread[:, 1], spread[:, 0]) / math.tau + rng.uniform(0.1, 0.15)
    views = []
    for sector in range(count):
        away = np.abs((turn - (sector + 0.5) / count + 0.5) % 1 - 0.5)
        best = int(np.argmax(score - 3.5 * np.maximum(away - 0.5 / count, 0)))
        score[best] -= 0.7  # a place is used again only where the others are clearly worse
        views.append(_across(room, place[best], rng))
    return tuple(views)


def _across(room: Room, place: Points, rng: np.random.Generator) -> View:
    """Return a view from a place to a point beyond the room's centre."""
    x, y = np.array(room.size[:2]) / 2 - place
    if math.hypot(x, y) < _MARGIN:
        x, y = 0.0, room.size[1]
    aside = rng.normal(0, 0.06)
    target = place + 1.35 * np.array([x - aside * y, y + aside * x])
    eye = (float(place[0]), float(place[1]), _EYE_HEIGHT + float(rng.uniform(-0.05, 0.1)))
    return View(eye, (float(target[0]), float(target[1]), _TARGET_HEIGHT))


def _sight(room: Room, place: Points) -> Points:
    """Return how far one sees from places towards the room's centre and beside it, (n,)."""
    x, y = (np.array(room.size[:2]) / 2 - place).T
    ahead = np.arctan2(y, x)
    origin = np.stack([*place.T, np.full(len(place), _EYE_HEIGHT)]).astype(np.float32)
    nearest = np.full(len(place), np.inf)
    for glance in _GLANCES:
        level = np.stack([np.cos(ahead + glance), np.sin(ahead + glance), np.full_like(x, 1e-3)])
        hits = trace(Rays(origin, level.astype(np.float32) + np.float32(1e-6)), room)
        nearest = np.minimum(nearest, hits.distance)
    return nearest


def _clearance(room: Room, place: Points) -> Points:
    """Return the horizontal distance from places to furniture at camera height, (n,)."""
    nearest = np.full(len(place), np.inf)
    for box in room.boxes:
        if box.high[2] < _BODY[0] or box.low[2] > _BODY[1]:
            continue
        outside = np.maximum(np.array(box.low[:2]) - place, place - np.array(box.high[:2]))
        gap = np.hypot(*np.maximum(outside, 0).T)
        nearest = np.minimum(nearest, np.where(gap > 0, gap, -math.inf))
    return nearest
