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

from solver.model.errors import BackendFailedError, BackendUnavailableError
from solver.model.objective import pair_matrix
from solver.model.problem import Floats, Mask, Problem
from solver.rules.book import keeps

# Beyond this the model has more than 180,000 pair variables and none of the backends returns a
# useful answer in the time that people wait.
MAX_ITEMS = 600

# What SCIP, HiGHS and CBC may have cut off in a model whose largest coefficient is 1: CBC's cutoff
# increment, and a reduced cost of 1e-7 on every column.
_CUTOFF = 1e-5
_REDUCED_COST = 1e-7


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

    @property
    def tolerance(self) -> float:
        """How far below the optimum a floating-point solver's bound may lie."""
        columns = len(self.utilities) + len(self.profits)
        return self.scale * (_CUTOFF + _REDUCED_COST * columns)


def linearise(
    problem: Problem, time_limit_s: float = math.inf, seconds_per_pair: float = 0.0
) -> Linearised:
    """Return the classical model of a problem.

    Pairs that the budget cannot buy together are left out: they are worth nothing, and one large
    utility among them would push all others below a solver's tolerance.

    Parameters
    ----------
    problem
        The problem.
    time_limit_s, seconds_per_pair
        What there is, and what the backend's modelling layer needs to build the model.

    Raises
    ------
    BackendUnavailableError
        When the problem has more than `MAX_ITEMS` items, or more pairs than fit the time.
    """
    if problem.n > MAX_ITEMS:
        message = f"The linearised model takes at most {MAX_ITEMS} items, not {problem.n}."
        raise BackendUnavailableError(message)
    matrix = pair_matrix(problem)
    together = problem.costs[:, None] + problem.costs[None, :] <= problem.allowance
    first, second = np.nonzero(np.triu(matrix * together, k=1))
    if len(first) * seconds_per_pair > time_limit_s:
        message = f"A model of {len(first):,} pairs cannot be built in {time_limit_s:.3g} s."
        raise BackendUnavailableError(message)
    return Linearised(first, second, matrix[first, second], problem.profits)


def checked(problem: Problem, chosen: Mask, backend: str) -> Mask:
    """Return `chosen`, or raise if the backend's own tolerance let it break a rule.

    Raises
    ------
    BackendFailedError
        When a budget or another limit is broken.
    """
    if not keeps(problem, chosen):
        total = math.fsum(problem.costs[chosen])
        message = f"{backend} returned a selection that breaks a rule; it costs {total:g}."
        raise BackendFailedError(message)
    return chosen
