"""Cosines that do not depend on the order of a sum.

Sums in another order, on another machine or in another library, differ by 1e-16. That decides
nothing once cosines are rounded to multiples of 2^-24, which float32 can hold.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_STEPS: Final = 2.0**24


def rounded(cosines: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return cosines as the nearest multiples of 2^-24 in [-1, 1]; never -0."""
    steps = np.rint(cosines * _STEPS) / _STEPS + 0.0
    inside: NDArray[np.float32] = np.clip(steps, -1, 1).astype(np.float32)
    return inside
