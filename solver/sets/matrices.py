"""Checks that the kinds share: matrices of items by points, and what is there already."""

import numpy as np
import numpy.typing as npt

from solver.model.errors import InvalidProblemError
from solver.model.problem import Floats, check_length, check_nonnegative, floats

# 200 MB of float64.
MOST_ENTRIES = 25_000_000


def matrix(name: str, values: npt.ArrayLike, n: int) -> Floats:
    """Return a checked read-only matrix with a row for each of n items.

    Raises
    ------
    InvalidProblemError
        When it has more than `MOST_ENTRIES` entries, another number of rows, or an entry that is
        negative or not finite.
    """
    size = np.size(values)
    if size > MOST_ENTRIES:
        message = f"{name} has {size:,} entries; up to {MOST_ENTRIES:,} can be worked with."
        raise InvalidProblemError(message)
    array = floats(name, values, 2)
    check_length(name, len(array), n)
    if array.size and float(array.min()) < 0:
        i, j = (int(k) for k in np.argwhere(array < 0)[0])
        message = f"{name} must be at least 0; entry ({i}, {j}) is {array[i, j]:g}."
        raise InvalidProblemError(message)
    return array


def per_point(name: str, values: npt.ArrayLike, m: int, default: float) -> Floats:
    """Return checked read-only numbers of at least 0, one for each of m points.

    Parameters
    ----------
    name
        For messages.
    values
        Shape (m,), or (0,) where the default is meant.
    m
        Number of points.
    default
        What every point has where nothing is given.
    """
    array = floats(name, values, 1)
    if not array.size:
        array = floats(name, np.full(m, default), 1)
    if len(array) != m:
        message = f"{name} has {len(array)} entries where there are {m} points."
        raise InvalidProblemError(message)
    check_nonnegative(name, array)
    return array
