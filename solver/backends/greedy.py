"""Greedy: add what is worth most, per cost or outright, until nothing fits.

The answer that is always there. It has no bound of its own.
"""

import math
from collections.abc import Callable

import numpy as np

from solver.backends import Attempt
from solver.objective import gains, pair_row, per_cost, resolution, value
from solver.problem import Floats, Mask, Problem
from solver.result import StopReason

_Score = Callable[[Floats, Floats], Floats]


def _outright(gain: Floats, costs: Floats) -> Floats:
    del costs
    return gain


def extend(problem: Problem, chosen: Mask, score: _Score = per_cost) -> Mask:
    """Add items to a selection, best score first, while one fits and does no harm.

    Parameters
    ----------
    problem
        The problem.
    chosen
        Shape (n,), within the budget; not changed.
    score
        What "best" means, from gains and costs.

    Returns
    -------
    Mask
        A selection to which no item of non-negative gain can be added.
    """
    chosen = chosen.copy()
    gain = gains(problem, chosen)
    if not chosen.any():
        # Nothing is chosen, so no pair tells items apart: look at each item's pairs with all.
        potential = 0.5 * (gains(problem, np.ones(problem.n, dtype=bool)) + gain)
    else:
        potential = gain
    spent = math.fsum(problem.costs[chosen])
    harm = -resolution(problem)
    while True:
        possible = ~chosen & (spent + problem.costs <= problem.allowance) & (gain >= harm)
        if not possible.any():
            return chosen
        item = int(np.argmax(np.where(possible, score(potential, problem.costs), -np.inf)))
        chosen[item] = True
        spent = math.fsum(problem.costs[chosen])
        gain = gain + pair_row(problem, item)
        potential = gain


def greedy(problem: Problem) -> Attempt:
    """Return the better of greedy by gain per cost and greedy by gain."""
    empty = np.zeros(problem.n, dtype=bool)
    candidates = [extend(problem, empty, score) for score in (per_cost, _outright)]
    chosen = max(candidates, key=lambda mask: value(problem, mask))
    return Attempt(chosen, math.inf, StopReason.EXHAUSTED)
