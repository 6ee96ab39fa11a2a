"""What an annotator clicks: connected segments of one class."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.evaluation.grid import UNLABELLED

LEAST_PIXELS: Final = 16
"""A smaller segment is noise of the drawing and costs nobody a click."""


def count_segments(classes: NDArray[np.intp], least: int = LEAST_PIXELS) -> int:
    """Count the 4-connected segments of one class that have at least ``least`` pixels.

    Parameters
    ----------
    classes : (H, W)
        Classes from 0; ``UNLABELLED`` is no segment.
    least
        Fewest pixels of a segment that counts.
    """
    total = 0
    # The smallest box around each class, or nothing: most classes are in a part of the image.
    boxes = ndimage.find_objects(classes - UNLABELLED)
    for value, box in enumerate(boxes):
        if box is None:
            continue
        segments, _ = ndimage.label(classes[box] == value)  # 4-connected is its default
        total += int(np.count_nonzero(np.bincount(segments.ravel())[1:] >= least))
    return total
