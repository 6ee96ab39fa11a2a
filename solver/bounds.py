"""Upper bounds: no feasible selection is worth more.

For signatures the concave relaxation of `solver.signatures.relaxation`, once with the budget
itself and once with the number of items that it buys at most; the lower of the two counts.

For pair matrices the bound is Gallo, Hammer and Simeone's upper plane (1980): each item is
credited with half of the best company that the rest of the budget could buy.

References
----------
Gallo, Hammer, Simeone: Quadratic knapsack problems (1980).
"""

import math

import numpy as np

from solver.model.objective import profits
from solver.model.problem import Floats, PairProblem, Problem, SignatureProblem, take
from solver.model.stop import Stop
from solver.model.vectors import row_squares
from solver.search.knapsack import fractional_knapsack, most_items
from solver.signatures.relaxation import THOROUGH, Relaxation, relax

# Items between two looks at the criterion.
_LOOK = 256
# What rounding may have taken off a bound, relative to the numbers it is a difference of.
_ROUNDING = 1e-12


def _triangle(matrix: Floats) -> Floats:
    """Return R of the QR factorisation, so that ``|R x| = |matrix x|`` for every x."""
    r: Floats = np.linalg.qr(matrix, mode="r")  # type: ignore[assignment]  # numpy types mode="r" wrongly
    return r


def relaxation(problem: SignatureProblem) -> Relaxation:
    """Return the relaxation of a whole problem, under its budget."""
    w, m = problem.weights, problem.vectors
    directions = w[:, None] * m
    if problem.n < directions.shape[1]:
        # |V^T x| needs only the n x n triangle of V^T: fewer columns, the same norms.
        directions = np.ascontiguousarray(_triangle(directions.T).T)
    diagonal = w**2 * (1.0 - row_squares(m))
    return Relaxation(
        base=0.0,
        gain=problem.profits,
        weights=w,
        directions=directions,
        diagonal=diagonal,
        costs=problem.costs,
        allowance=problem.allowance,
    )


def counted(data: Relaxation) -> Relaxation:
    """Return the relaxation with the largest number of items in place of the budget."""
    most = most_items(data.costs, data.allowance)
    return Relaxation(
        data.base,
        data.gain,
        data.weights,
        data.directions,
        data.diagonal,
        np.ones_like(data.costs),
        float(most),
    )


def _signature_bound(problem: SignatureProblem, incumbent: float, stop: Stop) -> float:
    data = relaxation(problem)

    def give_up() -> bool:
        return stop(incumbent, math.inf) is not None

    by_budget = relax(data, incumbent, THOROUGH, give_up).bound
    if by_budget <= incumbent:
        return by_budget
    return min(by_budget, relax(counted(data), incumbent, THOROUGH, give_up).bound)


def _pair_bound(problem: PairProblem, incumbent: float, stop: Stop) -> float:
    helpful = np.maximum(problem.utilities, 0.0)
    worth = profits(problem).copy()
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
        Asked with the incumbent; whatever has been proven by then is returned.

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
        bound = _signature_bound(problem, incumbent, stop)
        scale = 0.5 * float(
            problem.weights @ fractional_knapsack(problem.weights, problem.costs, problem.allowance)
        )
        terms = scale * scale + float(np.abs(problem.profits).sum())
        return max(incumbent, bound + _ROUNDING * terms)
    bound = _pair_bound(problem, incumbent, stop)
    return max(incumbent, bound + _ROUNDING * abs(bound))
