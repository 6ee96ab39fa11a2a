"""Greedy's order for objectives that evaluate themselves, looking again only where it must.

Under a submodular objective what an item promises only falls while the selection grows, so an old
promise is an upper bound of the new one: whoever has the best score, freshly looked at, is the best
of all. Looks are dealt out in blocks that double.

References
----------
Minoux: Accelerated greedy algorithms for maximizing submodular set functions (1978).
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from solver.model.problem import Floats, Mask, SetProblem
from solver.rules.book import SelectionRules

Score: TypeAlias = Callable[[Floats, Floats], Floats]
"""What "best" means, from gains and costs; it grows with the gain."""

# Items looked at again at once, at first.
_BLOCK = 8


def growth(problem: SetProblem, chosen: Mask, score: Score) -> Iterator[int]:
    """Yield the items that greedy adds to a selection, in the order in which it adds them.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    chosen
        Shape (n,), within every maximum and budget; not changed.
    score
        See `Score`; among equal scores the first item is taken.
    """
    chosen = chosen.copy()
    ledger = SelectionRules(problem)
    prices = ledger.prices()
    state = problem.growing(chosen)
    everything = np.arange(problem.n)
    promise = np.zeros(problem.n)
    promise[~chosen] = state.marginal_gains(everything[~chosen])
    while True:
        open_items = np.flatnonzero(ledger.may_add(chosen))
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
