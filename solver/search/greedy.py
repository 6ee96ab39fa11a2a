"""Greedy: add what is worth most, per cost or outright, until nothing fits.

The answer that is always there. It has no bound of its own. Where something must be chosen, greedy
starts from the cheapest selection that reaches every minimum (`solver.rules.feasibility`).
"""

import math
from collections.abc import Iterator

import numpy as np

from solver.model.objective import gains, pair_row, per_cost, resolution, value
from solver.model.problem import AnyProblem, Floats, Mask, Problem, SetProblem
from solver.model.result import StopReason
from solver.rules.book import SelectionRules, keeps
from solver.rules.feasibility import complete
from solver.search.best_first import Attempt
from solver.search.growth import Score, growth


def _outright(gain: Floats, costs: Floats) -> Floats:
    del costs
    return gain


def additions(problem: AnyProblem, chosen: Mask, score: Score) -> Iterator[int]:
    """Yield the items that greedy adds to a selection, in the order in which it adds them."""
    if isinstance(problem, SetProblem):
        return growth(problem, chosen, score)
    return _pair_additions(problem, chosen, score)


def _pair_additions(problem: Problem, chosen: Mask, score: Score) -> Iterator[int]:
    chosen = chosen.copy()
    gain = gains(problem, chosen)
    potential = gain
    if not chosen.any():
        # Nothing is chosen, so no pair tells items apart: look at each item's pairs with all.
        potential = 0.5 * (gains(problem, np.ones(problem.n, dtype=bool)) + gain)
    harm = -resolution(problem)
    ledger = SelectionRules(problem)
    prices = ledger.prices()
    while True:
        possible = ledger.may_add(chosen) & (gain >= harm)
        if not possible.any():
            return
        item = int(np.argmax(np.where(possible, score(potential, prices), -np.inf)))
        yield item
        chosen[item] = True
        gain = gain + pair_row(problem, item)
        potential = gain


def extend(problem: AnyProblem, chosen: Mask, score: Score = per_cost) -> Mask:
    """Add items to a selection, best score first, while one fits and does no harm.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    chosen
        Shape (n,), within every maximum and budget; not changed.
    score
        What "best" means, from gains and costs.

    Returns
    -------
    Mask
        A selection to which no item of non-negative gain can be added.
    """
    extended = chosen.copy()
    extended[list(additions(problem, chosen, score))] = True
    return extended


def greedy(problem: AnyProblem) -> Attempt:
    """Return the best of greedy by gain per cost and by gain, from nothing and from the minimums.

    Parameters
    ----------
    problem
        Reduced.

    Returns
    -------
    Attempt
        Its selection keeps every rule if `solver.rules.feasibility.complete` finds any that does.
        Where it finds none, the selection is empty and does not.
    """
    starts = [np.zeros(problem.n, dtype=bool)]
    if SelectionRules(problem).has_minimums:
        starts.append(complete(problem).chosen)
    extended = [
        extend(problem, start, score) for start in starts for score in (per_cost, _outright)
    ]
    candidates = [mask for mask in extended if keeps(problem, mask)]
    chosen = max(candidates, key=lambda mask: value(problem, mask), default=starts[0])
    return Attempt(chosen, math.inf, StopReason.EXHAUSTED)
