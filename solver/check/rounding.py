"""What float64 may be off by: bounds of sums and products that hold in any order of operations.

``gamma(k) = k u / (1 - k u)`` with ``u = 2^-53`` bounds the relative error of a sum or an inner
product of k terms, relative to the sum of absolute values (Higham: Accuracy and Stability of
Numerical Algorithms, 2002, chapter 3). What products lose by underflow is far below `UNDERFLOW`,
which is granted beside the tolerance.
"""

import math
from collections.abc import Iterable

import numpy as np

from .reading import Array

UNIT = 2.0**-53
TINY = 2.0**-1022
SMALLEST = 2.0**-1074
UNDERFLOW = 1e-290

# Terms that numpy may add in an order of its own; sums of these blocks are added exactly.
_TERMS = 1024


def gamma(terms: int) -> float:
    """Return what a sum of so many terms may be off by, relative to that of absolute values."""
    product = (terms + 1) * UNIT
    return product / (1.0 - product)


def exact_sum(values: Iterable[float]) -> float:
    """Return the correctly rounded sum; no number where it, or a part of it, overflows."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return math.nan


def row_sums(values: Array) -> tuple[Array, Array]:
    """Return the sum of each row of a matrix, and what it may be off by.

    Parameters
    ----------
    values
        Shape (L, n).

    Returns
    -------
    tuple[Array, Array]
        Shapes (L,).
    """
    starts = np.arange(0, max(1, values.shape[1]), _TERMS)
    if values.shape[1] == 0:
        return np.zeros(len(values)), np.zeros(len(values))
    parts = np.add.reduceat(values, starts, axis=1)
    sizes = np.add.reduceat(np.abs(values), starts, axis=1)
    totals = np.array([exact_sum(row) for row in parts])
    magnitudes = sizes.sum(axis=1)
    error = gamma(min(_TERMS, values.shape[1])) * (1.0 + gamma(len(starts))) * magnitudes
    return totals, error + UNIT * np.abs(totals)


def row_norms(squares: Array, terms: int) -> Array:
    """Return upper bounds of the norms whose squares were computed as sums of so many terms."""
    lost = terms * SMALLEST  # a square that underflows is nothing, and its root is not
    return np.asarray(np.sqrt(squares * (1.0 + 2.0 * gamma(terms)) + lost) * (1.0 + 4 * UNIT))
