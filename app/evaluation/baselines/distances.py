"""Euclidean distances between scenes' vectors."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Squares of vectors no longer than 1 come out exact to about 1e-15: below this they are equal.
_SAME: Final = 1e-14


def distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of every row to every other.

    Parameters
    ----------
    first : (n, d)
        No row much longer than 1.
    second : (m, d)
        Likewise.

    Returns
    -------
    (n, m) float64
        0 between rows that differ by rounding only.
    """
    squares = first @ second.T
    squares *= -2.0
    squares += np.einsum("nd,nd->n", first, first)[:, None]
    squares += np.einsum("md,md->m", second, second)
    squares[squares < _SAME] = 0.0
    return np.sqrt(squares, out=squares)
