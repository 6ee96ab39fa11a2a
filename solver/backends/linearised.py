"""The classical model: one 0-1 variable per item and one per pair that is worth something.

    maximise   sum_i p_i x_i + sum_{i<j} s_ij y_ij
    subject to sum_i a_i x_i <= B,
               y_ij <= x_i,  y_ij <= x_j      where s_ij > 0,
               y_ij >= x_i + x_j - 1          where s_ij < 0.

It is SeedAL's model (section 3.3), here for comparison and as a cross-check: it does not scale.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.errors import BackendFailedError, BackendUnavailableError
from solver.objective import pair_matrix, profits
from solver.problem import Floats, Mask, Problem

# Beyond this the model has more than 180,000 pair variables and none of the backends returns a
# useful answer in the time that people wait.
MAX_ITEMS = 600


@dataclass(frozen=True, eq=False, slots=True)
class Linearised:
    """The model's data.

    Parameters
    ----------
    first, second
        Indices of the pairs with non-zero utility, ``first < second``, shape (p,).
    utilities
        Their utilities, shape (p,).
    profits
        Shape (n,).
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    utilities: Floats
    profits: Floats

    @property
    def scale(self) -> float:
        """The largest absolute coefficient (1.0 if all are 0), which models are divided by."""
        largest = max(
            np.abs(self.utilities).max(initial=0.0), np.abs(self.profits).max(initial=0.0)
        )
        return float(largest) or 1.0


def linearise(problem: Problem) -> Linearised:
    """Return the classical model of a problem.

    Raises
    ------
    BackendUnavailableError
        When the problem has more than `MAX_ITEMS` items.
    """
    if problem.n > MAX_ITEMS:
        message = f"The linearised model takes at most {MAX_ITEMS} items, not {problem.n}."
        raise BackendUnavailableError(message)
    matrix = pair_matrix(problem)
    first, second = np.nonzero(np.triu(matrix, k=1))
    return Linearised(first, second, matrix[first, second], profits(problem))


def checked(problem: Problem, chosen: Mask, backend: str) -> Mask:
    """Return `chosen`, or raise if the backend's own tolerance let it break the budget.

    Raises
    ------
    BackendFailedError
        When the costs exceed the budget.
    """
    total = math.fsum(problem.costs[chosen])
    if total > problem.allowance:
        message = f"{backend} returned a selection that costs {total:g} of {problem.budget:g}."
        raise BackendFailedError(message)
    return chosen
