"""Greedy: add what is worth most, per cost or outright, until nothing fits.

The answer that is always there. It has no bound of its own. Where something must be chosen, greedy
starts from the cheapest selection that reaches every minimum (`solver.rules.feasibility`).

Under a submodular objective what an item promises only falls while the selection grows, so an old
promise is an upper bound of the new one: the item of the best score, freshly looked at, is the best
of all. Looks are dealt out in blocks that double.

References
----------
Minoux: Accelerated greedy algorithms for maximizing submodular set functions (1978).
"""

import math
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from solver.model.objective import gains, pair_row, per_cost, resolution, value
from solver.model.problem import AnyProblem, Floats, Mask, Problem, SetProblem
from solver.model.result import StopReason
from solver.rules.book import SelectionRules, keeps
from solver.rules.feasibility import complete
from solver.search.best_first import Attempt

Score: TypeAlias = Callable[[Floats, Floats], Floats]
"""What "best" means, from gains and costs; it grows with the gain."""

# Items looked at again at once, at first.
_BLOCK = 8


def _outright(gain: Floats, costs: Floats) -> Floats:
    del costs
    return gain


def additions(problem: AnyProblem, chosen: Mask, score: Score) -> Iterator[int]:
    """Yield the items that greedy adds to a selection, in the order in which it adds them."""
    if isinstance(problem, SetProblem):
        return _set_additions(problem, chosen, score)
    return _pair_additions(problem, chosen, score)


def _pair_additions(problem: Problem, chosen: Mask, score: Score) -> Iterator[int]:
    chosen = chosen.copy()
    gain = gains(problem, chosen)
    potential = gain
    if not chosen.any():
        # Nothing is chosen, so no pair tells items apart: look at each item's pairs with all.
        potential = 0.5 * (gains(problem, np.ones(problem.n, dtype=bool)) + gain)
    harm = -resolution(problem)
    rules = SelectionRules(problem)
    prices = rules.prices()
    while True:
        possible = np.flatnonzero(rules.may_add(chosen) & (gain >= harm))
        if not possible.size:
            return
        # Among these alone: the score of a free item that does a little harm may be -inf.
        item = int(possible[np.argmax(score(potential[possible], prices[possible]))])
        yield item
        chosen[item] = True
        gain = gain + pair_row(problem, item)
        potential = gain


def _set_additions(problem: SetProblem, chosen: Mask, score: Score) -> Iterator[int]:
    """Look again only where it must; among equal scores the first item is taken."""
    chosen = chosen.copy()
    rules = SelectionRules(problem)
    prices = rules.prices()
    state = problem.growing(chosen)
    everything = np.arange(problem.n)
    promise = np.zeros(problem.n)
    promise[~chosen] = state.marginal_gains(everything[~chosen])
    while True:
        open_items = np.flatnonzero(rules.may_add(chosen))
        if not open_items.size:
            return
        if not problem.submodular:
            promise[open_items] = state.marginal_gains(open_items)
        item = _best(problem, open_items, promise, prices, score, state.marginal_gains)
        yield item
        chosen[item] = True
        state.add(item)


def _best(
    problem: SetProblem,
    items: np.ndarray,
    promise: Floats,
    prices: Floats,
    score: Score,
    marginal_gains: Callable[[np.ndarray], Floats],
) -> int:
    """Return the item of the best score; promises that were looked at again are kept."""
    if not problem.submodular:
        return int(items[np.argmax(score(promise[items], prices[items]))])
    order = items[np.argsort(-score(promise[items], prices[items]), kind="stable")]
    fresh, size = 0, _BLOCK
    best, best_score = int(order[0]), -np.inf
    while fresh < len(order):
        block = order[fresh : fresh + size]
        if float(score(promise[block[:1]], prices[block[:1]])[0]) < best_score:
            break
        promise[block] = marginal_gains(block)
        scores = score(promise[block], prices[block])
        for item, worth in zip(block, scores, strict=True):
            if worth > best_score or (worth == best_score and item < best):
                best, best_score = int(item), float(worth)
        fresh, size = fresh + len(block), 2 * size
    return best


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
