"""What a room costs to label: the points that a scan of it holds."""

from typing import Final

import numpy as np

from app.demo.geometry import Room

POINTS_PER_SQUARE_METRE: Final = 470.0
_SPREAD: Final = 0.06


def count_points(room: Room, rng: np.random.Generator) -> int:
    """Count the points of a scan that was thinned to an even density.

    Parameters
    ----------
    room
        The points lie on its six faces and on the sides and tops of its boxes.
    rng
        Scans of equal rooms differ by a log-normal factor of a few per cent.

    Returns
    -------
    int
        At least 1.
    """
    width, depth, height = room.size
    area = 2 * (width * depth + width * height + depth * height)
    for box in room.boxes:
        w, d, h = (high - low for low, high in zip(box.low, box.high, strict=True))
        area += w * d + 2 * (w + d) * h
    return max(1, round(area * POINTS_PER_SQUARE_METRE * float(rng.lognormal(0.0, _SPREAD))))
