"""An independent check of an answer, sharing no code with what found it.

It recomputes cost and objective from the inputs by their definitions: a sum over chosen pairs. It
does not prove the upper bound; it checks that the answer's own statements agree with each other.
"""

import math

import numpy as np

from solver.errors import VerificationError
from solver.problem import BUDGET_TOLERANCE, PairProblem, Problem
from solver.result import Result, Status

# Two objectives are called equal up to this much relative to the larger ...
TOLERANCE = 1e-9
# ... plus this much relative to the numbers whose difference they are: where all vectors are nearly
# the same, the objective is a small difference of large sums, and that much of it is rounding.
CANCELLATION = 1e-12

# Rows of pair utilities held at once.
_ROWS = 512


def _objective(problem: Problem, selected: np.ndarray) -> float:
    total = 0.0
    for start in range(0, len(selected), _ROWS):
        rows = selected[start : start + _ROWS]
        if isinstance(problem, PairProblem):
            block = problem.utilities[np.ix_(rows, selected)]
        else:
            cosines = problem.vectors[rows] @ problem.vectors[selected].T
            block = np.outer(problem.weights[rows], problem.weights[selected]) * (1.0 - cosines)
        later = np.arange(len(selected))[None, :] > np.arange(start, start + len(rows))[:, None]
        total += float(block[later].sum())
    if isinstance(problem, PairProblem):
        total += float(problem.profits[selected].sum())
    return total


def _require(*, holds: bool, otherwise: str) -> None:
    if not holds:
        raise VerificationError(otherwise)


def slack(problem: Problem, selected: np.ndarray, objective: float) -> float:
    """Return how far apart two values of the same selection may be and still be called equal."""
    if isinstance(problem, PairProblem):
        terms = float(np.abs(problem.profits[selected]).sum())
    else:
        terms = 0.5 * float(problem.weights[selected].sum()) ** 2
    return TOLERANCE * abs(objective) + CANCELLATION * terms


def verify(problem: Problem, result: Result) -> None:
    """Check a result against its problem.

    Parameters
    ----------
    problem
        As it was given.
    result
        As it was returned.

    Raises
    ------
    VerificationError
        Naming the first statement that does not hold: the selection (indices in range, sorted, no
        item twice), the cost (equal to the sum, within the budget), the objective (equal to the
        sum over pairs up to `slack`), the bound (not below the objective), or the status
        (``optimal`` only where bound and objective meet).
    """
    chosen = result.selected
    inside = bool(len(chosen) == 0 or (chosen[0] >= 0 and chosen[-1] < problem.n))
    _require(
        holds=inside and bool((np.diff(chosen) > 0).all()),
        otherwise="The selection is not a sorted list of distinct items of the problem.",
    )
    cost = math.fsum(problem.costs[chosen])
    _require(
        holds=abs(cost - result.total_cost) <= TOLERANCE * cost,
        otherwise=f"The selection costs {cost!r}, not {result.total_cost!r}.",
    )
    _require(
        holds=result.budget == problem.budget,
        otherwise=f"The budget is {problem.budget!r}, not {result.budget!r}.",
    )
    _require(
        holds=cost <= problem.budget * (1.0 + BUDGET_TOLERANCE),
        otherwise=f"The selection costs {cost!r}, more than the budget of {problem.budget!r}.",
    )
    objective = _objective(problem, chosen)
    _require(
        holds=abs(objective - result.objective) <= slack(problem, chosen, objective),
        otherwise=f"The selection is worth {objective!r}, not {result.objective!r}.",
    )
    _require(
        holds=result.upper_bound >= result.objective,
        otherwise=f"The bound {result.upper_bound!r} is below {result.objective!r}.",
    )
    _require(
        holds=result.status != Status.OPTIMAL or result.upper_bound == result.objective,
        otherwise=f"The answer is called optimal with a gap of {result.gap!r}.",
    )
