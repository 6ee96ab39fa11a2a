"""Nested selections: a larger budget only adds items.

A chain grows upwards and shrinks downwards from one free selection, the anchor; of several anchors
the chain counts whose worst price is lowest.
"""

from collections.abc import Sequence

import numpy as np

from solver.frontier.search import Search
from solver.model.problem import Mask

# Free selections that chains are grown from.
_ANCHORS = 5
# Moves of the search at each step of a chain.
_MOVES = 120


def _chain(search: Search, allowances: Sequence[float], anchor: int, chosen: Mask) -> list[Mask]:
    chain = {anchor: chosen}
    for place in range(anchor + 1, len(allowances)):
        inner = chain[place - 1]
        chain[place] = search.improve(inner, allowances[place], _MOVES, fixed=inner)
    for place in range(anchor - 1, -1, -1):
        outer = chain[place + 1]
        start = search.trim(outer, allowances[place])
        chain[place] = search.improve(start, allowances[place], _MOVES, allowed=outer)
    return [chain[place] for place in range(len(allowances))]


def price(objective: float, free: float) -> float:
    """Return what nesting costs: 1 - objective / free, at least 0; 0 where nothing is to be had."""
    return max(0.0, 1.0 - objective / free) if free > 0 else 0.0


def nest(search: Search, allowances: Sequence[float], free: Sequence[Mask]) -> list[Mask]:
    """Return selections of which each contains those of smaller budgets.

    Parameters
    ----------
    search
        Of the problem.
    allowances
        Limits on the cost, ascending.
    free
        The best selections known without nesting, one for each.
    """
    values = [search.value(chosen) for chosen in free]
    anchors = sorted(set(np.linspace(0, len(free) - 1, _ANCHORS).round().astype(int).tolist()))
    best, best_price = list(free), np.inf
    for anchor in anchors:
        chain = _chain(search, allowances, anchor, free[anchor])
        prices = [price(search.value(c), v) for c, v in zip(chain, values, strict=True)]
        worst = max(prices) + sum(prices) / len(prices)
        if worst < best_price:
            best, best_price = chain, worst
    return best
