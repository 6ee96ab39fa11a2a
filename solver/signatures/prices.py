"""The fractional knapsack in O(n): the price of the budget, and what is bought at it.

Sorting a million items at every step would take longer than the pass over their vectors. The price
is the worth per cost of the item at which the budget runs out, and that item is found like a
median, by halving the range that holds it.
"""

from dataclasses import dataclass

import numpy as np

from solver.model.problem import Floats, Mask

_SORTABLE = 4_096  # so few numbers are sorted rather than halved
_SAMPLE = 257  # numbers whose median splits the rest
_STEEPEST = 1e200  # worth per cost beyond this is the same for any purpose


def ratios(worth: Floats, costs: Floats) -> Floats:
    """Return worth per cost, at most 1e200; what is free counts as that steep."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        steep: Floats = worth / costs
    # What is free, and worth nothing, is 0 / 0.
    np.nan_to_num(steep, copy=False, nan=0.0, posinf=_STEEPEST, neginf=-_STEEPEST)
    return np.minimum(steep, _STEEPEST, out=steep)


def unit_price(ratio: Floats, costs: Floats, allowance: float, guess: float = 0.0) -> float:
    """Return the ratio of the item at which a fractional knapsack runs full; 0 if it never does.

    Parameters
    ----------
    ratio, costs
        Worth per cost and cost, shape (k,). Ratios of at most 0 are not bought.
    allowance
        The budget.
    guess
        Where the price may be. A good guess saves most of the work and changes nothing else.
    """
    for low in (0.8 * guess, 0.0):
        steep = ratio > low
        part = costs[steep]
        # Where these alone overspend, the price is among their ratios.
        if float(part.sum()) > allowance:
            ratio, costs = ratio[steep], part
            break
    else:
        return 0.0
    while len(ratio) > _SORTABLE:
        pivot = float(np.median(ratio[:: len(ratio) // _SAMPLE]))
        above = ratio > pivot
        spent = float(costs[above].sum())
        if spent <= allowance:
            allowance -= spent
            above = ~above
        if above.all():  # more than half of the numbers are equal: split them off
            equal = ratio == pivot
            spent = float(costs[equal].sum())
            if spent > allowance or equal.all():
                return pivot
            allowance -= spent
            above = ~equal
        ratio, costs = ratio[above], costs[above]
    order = np.argsort(-ratio, kind="stable")
    place = int(np.searchsorted(np.cumsum(costs[order]), allowance, side="right"))
    return float(ratio[order[min(place, len(order) - 1)]])


@dataclass(frozen=True, eq=False, slots=True)
class Purchase:
    """What a fractional knapsack buys.

    Parameters
    ----------
    whole
        Items bought whole, shape (n,).
    part, share
        The item bought in part and how much of it; -1 and 0 where there is none.
    price
        What a unit of the budget is worth.
    """

    whole: Mask
    part: int
    share: float
    price: float

    def point(self) -> Floats:
        """Return x, shape (n,)."""
        x = self.whole.astype(np.float64)
        if self.part >= 0:
            x[self.part] = self.share
        return x


def purchase(worth: Floats, costs: Floats, allowance: float, guess: float = 0.0) -> Purchase:
    """Return the x in [0, 1]^n with ``costs.x <= allowance`` that maximises ``worth.x``.

    Equal ratios are bought in the order of the items (Dantzig 1957).
    """
    ratio = ratios(worth, costs)
    wanted = worth > 0
    price = unit_price(ratio, costs, allowance, guess)
    whole = wanted & (ratio > price)
    left = allowance - float(costs[whole].sum())
    while left < 0:  # rounding within the running sums: leave out the last one
        last = np.flatnonzero(whole)[int(np.argmin(ratio[whole]))]
        whole[last] = False
        left = allowance - float(costs[whole].sum())
    ties = np.flatnonzero(wanted & (ratio == price))
    bought = int(np.searchsorted(np.cumsum(costs[ties]), left, side="right"))
    whole[ties[:bought]] = True
    if bought == len(ties):
        return Purchase(whole, -1, 0.0, price)
    part = int(ties[bought])
    left -= float(costs[ties[:bought]].sum())
    share = min(1.0, max(0.0, left) / float(costs[part]))
    return Purchase(whole, part, share, price)


def largest_total(weights: Floats, costs: Floats, allowance: float) -> float:
    """Return a number that ``weights.x`` of no affordable x in [0, 1]^n exceeds."""
    price = unit_price(ratios(weights, costs), costs, allowance)
    # Any price bounds; the error of the sums is at most one unit for each of their terms.
    total = price * allowance + float(np.maximum(weights - price * costs, 0.0).sum())
    unit = float(np.finfo(np.float64).eps)
    return total + (len(weights) + 8) * unit * (total + price * allowance)
