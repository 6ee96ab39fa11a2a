"""Upper bounds for strategies that have none of their own: no feasible selection is worth more.

For signatures it is the concave relaxation (`solver.signatures.relaxation`). For pair matrices it
is Gallo, Hammer and Simeone's upper plane: each item is credited with half of the best company that
the rest of the budget could buy.

References
----------
Gallo, Hammer, Simeone: Quadratic knapsack problems (1980).
"""

import math

import numpy as np

from solver.model.problem import PairProblem, Problem, SignatureProblem, take
from solver.model.stop import Stop
from solver.search.knapsack import fractional_knapsack
from solver.signatures.relaxation import signature_bound

# Items between two looks at the criterion.
_LOOK = 256
# What rounding may have taken off a bound, relative to the numbers it is a difference of.
_ROUNDING = 1e-12


def _pair_bound(problem: PairProblem, incumbent: float, stop: Stop) -> float:
    helpful = np.maximum(problem.utilities, 0.0)
    worth = problem.profits.copy()
    for item in range(problem.n):
        if item and item % _LOOK == 0 and stop(incumbent, math.inf) is not None:
            # No time for the others: each is credited with half of all company.
            worth[item:] += 0.5 * helpful[item:].sum(axis=1)
            break
        rest = problem.allowance - problem.costs[item]
        company = fractional_knapsack(helpful[item], problem.costs, rest)
        worth[item] += 0.5 * float(helpful[item] @ company)
    return float(worth @ fractional_knapsack(worth, problem.costs, problem.allowance))


def upper_bound(problem: Problem, incumbent: float, stop: Stop) -> float:
    """Return a value that no feasible selection exceeds.

    Parameters
    ----------
    problem
        The problem.
    incumbent
        A known objective; nothing is refined that cannot beat it.
    stop
        Asked with the incumbent; what has been proven by then is returned.

    Returns
    -------
    float
        At least `incumbent`.
    """
    affordable = problem.costs <= problem.allowance
    if not affordable.all():
        # What no budget of this size can buy only blurs the bound.
        problem = take(problem, np.flatnonzero(affordable))
    if isinstance(problem, SignatureProblem):
        return max(incumbent, signature_bound(problem, incumbent, stop))
    bound = _pair_bound(problem, incumbent, stop)
    return max(incumbent, bound + _ROUNDING * abs(bound))
