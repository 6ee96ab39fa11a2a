"""Greedy: add what is worth most, per cost or outright, until nothing fits.

The answer that is always there. It has no bound of its own.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from solver.backends import Attempt
from solver.objective import gains, pair_row, per_cost, resolution, value
from solver.problem import Floats, Mask, Problem, take
from solver.result import StopReason

_Score = Callable[[Floats, Floats], Floats]


def _outright(gain: Floats, costs: Floats) -> Floats:
    del costs
    return gain


def _additions(problem: Problem, chosen: Mask, score: _Score) -> Iterator[int]:
    """Yield the items that greedy adds to a selection, in the order in which it adds them."""
    chosen = chosen.copy()
    gain = gains(problem, chosen)
    potential = gain
    if not chosen.any():
        # Nothing is chosen, so no pair tells items apart: look at each item's pairs with all.
        potential = 0.5 * (gains(problem, np.ones(problem.n, dtype=bool)) + gain)
    harm = -resolution(problem)
    spent = math.fsum(problem.costs[chosen])
    while True:
        possible = ~chosen & (spent + problem.costs <= problem.allowance) & (gain >= harm)
        if not possible.any():
            return
        item = int(np.argmax(np.where(possible, score(potential, problem.costs), -np.inf)))
        yield item
        chosen[item] = True
        spent = math.fsum(problem.costs[chosen])
        gain = gain + pair_row(problem, item)
        potential = gain


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
    extended = chosen.copy()
    extended[list(_additions(problem, chosen, score))] = True
    return extended


def rank(problem: Problem, selected: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Put chosen items into the order in which greedy, by gain per cost, would take them.

    A set has no order, and work queues need one: whoever stops early then has labelled a good set.

    Parameters
    ----------
    problem
        The problem.
    selected
        Indices of the chosen items, shape (k,).

    Returns
    -------
    npt.NDArray[np.int64]
        The same indices, first to label first. Items that only harm come last.
    """
    inner = take(problem, selected, budget=math.fsum(problem.costs[selected]))
    order = list(_additions(inner, np.zeros(inner.n, dtype=bool), per_cost))
    rest = sorted(set(range(inner.n)) - set(order))
    return selected[np.array([*order, *rest], dtype=np.int64)]


def greedy(problem: Problem) -> Attempt:
    """Return the better of greedy by gain per cost and greedy by gain."""
    empty = np.zeros(problem.n, dtype=bool)
    candidates = [extend(problem, empty, score) for score in (per_cost, _outright)]
    chosen = max(candidates, key=lambda mask: value(problem, mask))
    return Attempt(chosen, math.inf, StopReason.EXHAUSTED)
