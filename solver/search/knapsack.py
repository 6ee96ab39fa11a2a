"""The continuous knapsack: what a budget buys where the last item may be bought in part.

Dantzig (1957): by worth per cost, the last item in part. The item at which the budget runs out is
found by partitioning around pivots, as in quickselect, so nothing is sorted: it takes O(n), for the
dozens of items of a node as for the millions of a pool. The number of items may be limited too.

References
----------
Balas, Zemel: An algorithm for large zero-one knapsack problems (1980).
"""

from typing import NamedTuple

import numpy as np

from solver.model.constraints import Ints
from solver.model.kernel import kernel
from solver.model.problem import Floats

# Multipliers of the number of items tried to bracket the best one.
_BRACKET = 12
# Worth per cost beyond this is the same for any purpose.
_STEEPEST = 1e200


@kernel
def fill_fraction(
    items: Ints, size: int, worth: Floats, costs: Floats, room: float, y: Floats, pivot: float
) -> tuple[float, float]:
    """Fill `room` with the first `size` of `items`.

    Parameters
    ----------
    items
        Indices of items of positive worth and cost; reordered in place.
    worth, costs
        Of all items.
    room
        What their costs may add up to.
    y
        Receives the fraction of each item taken; must be 0 at `items` before.
    pivot
        A guess of the multiplier: the closer, the faster. Any number gives the same answer up to
        ties.

    Returns
    -------
    tuple[float, float]
        The worth of the filling, and the multiplier: worth per cost where the budget runs out, 0
        where it does not.
    """
    total = 0.0
    weight = 0.0
    for t in range(size):
        weight += costs[items[t]]
    if weight <= room:
        for t in range(size):
            j = items[t]
            y[j] = 1.0
            total += worth[j]
        return total, 0.0
    low, high = 0, size
    first = True
    while low < high:
        if not first:
            j = items[(low + high) // 2]
            pivot = worth[j] / costs[j]
        first = False
        # [low, above) better than the pivot, [above, end) equal to it, [end, high) worse.
        above, place, end = low, low, high
        better, equal = 0.0, 0.0
        while place < end:
            j = items[place]
            ratio = worth[j] / costs[j]
            if ratio > pivot:
                items[place] = items[above]
                items[above] = j
                above += 1
                place += 1
                better += costs[j]
            elif ratio < pivot:
                end -= 1
                items[place] = items[end]
                items[end] = j
            else:
                equal += costs[j]
                place += 1
        if better > room:
            high = above
            continue
        for t in range(low, above):
            j = items[t]
            y[j] = 1.0
            total += worth[j]
        room -= better
        last = better + equal > 0.0 and equal >= room
        for t in range(above, end):
            j = items[t]
            if costs[j] <= room:
                y[j] = 1.0
                total += worth[j]
                room -= costs[j]
            else:
                y[j] = room / costs[j]
                total += worth[j] * y[j]
                return total, pivot
        if last:
            return total, pivot
        low = end
    return total, 0.0


@kernel
def fill(
    candidates: Ints,
    size: int,
    worth: Floats,
    costs: Floats,
    room: float,
    items: Ints,
    y: Floats,
    pivot: float,
) -> tuple[float, float]:
    """Fill `room` with the first `size` of `candidates`, those that are worth something.

    Parameters
    ----------
    candidates
        Indices of items; not changed.
    worth, costs, room, y, pivot
        As in `fill_fraction`; y is overwritten at the candidates, and what is free is taken.
    items
        Room to work in, as long as the candidates.
    """
    count = 0
    free = 0.0
    for t in range(size):
        j = candidates[t]
        y[j] = 0.0
        if worth[j] > 0.0:
            if costs[j] <= 0.0:
                y[j] = 1.0
                free += worth[j]
            else:
                items[count] = j
                count += 1
    total, price = fill_fraction(items, count, worth, costs, room, y, pivot)
    return total + free, price


@kernel
def fill_all(
    worth: Floats,
    costs: Floats,
    room: float,
    largest: float,
    items: Ints,
    y: Floats,
    pivot: float,
) -> tuple[float, float]:
    """Fill `room` with all items that cost at most `largest`; otherwise as `fill`."""
    count = 0
    free = 0.0
    for j in range(len(costs)):
        y[j] = 0.0
        if worth[j] > 0.0:
            if costs[j] <= 0.0:
                y[j] = 1.0
                free += worth[j]
            elif costs[j] <= largest:
                items[count] = j
                count += 1
    total, price = fill_fraction(items, count, worth, costs, room, y, pivot)
    return total + free, price


class Scratch(NamedTuple):
    """Room to work in, so that a step allocates nothing: shapes (k,)."""

    vertex: Floats
    near: Floats
    far: Floats
    worth: Floats
    items: Ints


@kernel
def make_scratch(k: int) -> Scratch:
    """Return room for k items."""
    return Scratch(np.zeros(k), np.zeros(k), np.zeros(k), np.zeros(k), np.empty(k, np.int64))


@kernel
def _fill_at(
    count_multiplier: float,
    free: Ints,
    size: int,
    gradient: Floats,
    costs: Floats,
    room: float,
    scratch: Scratch,
    price: float,
) -> tuple[float, float, float]:
    """Solve the continuous knapsack with every item's worth lowered by `count_multiplier`.

    Returns its worth, the number of items in it, and the price of the budget.
    """
    for t in range(size):
        scratch.worth[free[t]] = gradient[free[t]] - count_multiplier
    value, price = fill(
        free, size, scratch.worth, costs, room, scratch.items, scratch.vertex, price
    )
    number = 0.0
    for t in range(size):
        number += scratch.vertex[free[t]]
    return value, number, price


@kernel
def fill_counted(
    free: Ints,
    size: int,
    gradient: Floats,
    costs: Floats,
    room: float,
    least: int,
    most: int,
    count_multiplier: float,
    price: float,
    scratch: Scratch,
) -> tuple[float, float, float]:
    """Maximise ``gradient.y`` over the budget and the range of the number of items.

    The number of items gets a multiplier, ``count_multiplier``: at least 0 where there are too
    many, at most 0 where there are too few. Its best value is bracketed; the vertices on its two
    sides, mixed to the right number, are the solution. Any multiplier gives a valid bound; the
    least one found is returned.

    Returns
    -------
    tuple[float, float, float]
        The bound on ``gradient.y``, the count multiplier and the price that belong to it.
        ``scratch.vertex`` holds y.
    """
    value, number, price = _fill_at(0.0, free, size, gradient, costs, room, scratch, price)
    if least <= number <= most:
        return value, 0.0, price
    bound_number = most if number > most else least
    sign = 1.0 if number > most else -1.0
    best, best_multiplier, best_price = value, 0.0, price
    near, near_number = 0.0, number
    steepest = 0.0
    for t in range(size):
        j = free[t]
        scratch.near[j] = scratch.vertex[j]
        steepest = max(steepest, abs(gradient[j]))
    far, far_number = 0.0, number
    reach = abs(count_multiplier) if count_multiplier * sign > 0.0 else 0.1 * steepest
    crossed = False
    for _ in range(_BRACKET):
        middle = 0.5 * (near + far) if crossed else near + sign * reach
        value, number, price = _fill_at(middle, free, size, gradient, costs, room, scratch, price)
        value += middle * bound_number
        if value < best:
            best, best_multiplier, best_price = value, middle, price
        if (number - bound_number) * sign > 0.0:
            near, near_number = middle, number
            for t in range(size):
                scratch.near[free[t]] = scratch.vertex[free[t]]
            reach *= 2.0
        else:
            far, far_number = middle, number
            for t in range(size):
                scratch.far[free[t]] = scratch.vertex[free[t]]
            crossed = True
            if number == bound_number:
                break
    if not crossed:
        # Not even every item is enough: the last multiplier's bound stands, and any point will do.
        return best, best_multiplier, best_price
    share = 0.0
    if near_number != far_number:
        share = (bound_number - far_number) / (near_number - far_number)
    for t in range(size):
        j = free[t]
        scratch.vertex[j] = share * scratch.near[j] + (1.0 - share) * scratch.far[j]
    return best, best_multiplier, best_price


@kernel
def fractional(
    worth: Floats, costs: Floats, room: float, guess: float, x: Floats
) -> tuple[float, float]:
    """Fill `room` with the best of all items: x, shape (n,), receives the fractions.

    Returns its worth and the price of room, at most 1e200; see `fill_fraction`.
    """
    items = np.empty(len(worth), np.int64)
    # A pivot somewhat below the price leaves little to look at: what is above it overspends.
    pivot = 0.8 * min(guess, _STEEPEST)
    value, price = fill_all(worth, costs, max(0.0, room), np.inf, items, x, pivot)
    return value, min(price, _STEEPEST)


def fractional_knapsack(worth: Floats, costs: Floats, allowance: float) -> Floats:
    """Return the x in [0, 1]^n with ``costs.x <= allowance`` that maximises ``worth.x``.

    What a running sum of costs may be off by is added to the allowance, so that ``worth.x`` bounds
    whatever is affordable.
    """
    x = np.zeros(len(worth))
    fractional(worth, costs, allowance * (1.0 + len(costs) * np.finfo(float).eps), 0.0, x)
    return x


def unit_price(worth: Floats, costs: Floats, allowance: float, guess: float = 0.0) -> float:
    """Return what a unit of the budget is worth: 0 where all that is wanted can be bought.

    Parameters
    ----------
    worth, costs
        Shape (n,).
    allowance
        The budget.
    guess
        Where the price may be. A good guess saves most of the work and changes nothing else.
    """
    return fractional(worth, costs, allowance, guess, np.zeros(len(worth)))[1]


def largest_total(weights: Floats, costs: Floats, allowance: float) -> float:
    """Return a number that ``weights.x`` of no affordable x in [0, 1]^n exceeds."""
    price = unit_price(weights, costs, allowance)
    # Any price bounds; the error of the sums is at most one unit for each of their terms.
    total = price * allowance + float(np.maximum(weights - price * costs, 0.0).sum())
    unit = float(np.finfo(np.float64).eps)
    return total + (len(weights) + 8) * unit * (total + price * allowance)


def most_items(costs: Floats, allowance: float) -> int:
    """Return how many items fit at most: the cheapest ones."""
    # A running sum of n numbers may come out this much too large.
    drift = 1.0 + len(costs) * np.finfo(float).eps
    return int(np.searchsorted(np.cumsum(np.sort(costs)), allowance * drift, side="right"))
