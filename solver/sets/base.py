"""What objectives that evaluate themselves share: checked matrices, and concave extensions.

A selection is a corner of the cube on which a concave extension is defined.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.model.errors import InvalidProblemError
from solver.model.problem import Floats, SetProblem, check_length, check_nonnegative, floats


@dataclass(frozen=True, eq=False, kw_only=True)
class ConcaveProblem(SetProblem, ABC):
    """An objective that is concave in ``x`` in ``[0, 1]^n``, and equal to itself at 0-1 points."""

    @abstractmethod
    def plane(self, x: Floats) -> tuple[float, Floats]:
        """Return c and g, of shape (n,), so that ``f(S) <= c + sum of g over S``.

        It holds for every S that the budget and the number of items allow.

        Parameters
        ----------
        x
            Where the plane should touch, shape (n,), in ``[0, 1]``. Any x gives a valid plane, but
            for rounding of at most `margin`.
        """

    @property
    @abstractmethod
    def margin(self) -> float:
        """What rounding may have taken off a plane anywhere in the cube."""


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
