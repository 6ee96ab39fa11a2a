"""Fillings of a budget by undecided items: the best one, and one in given proportions."""

import numpy as np

from solver.model.kernel import kernel
from solver.model.problem import Floats
from solver.rules.arrays import FREE, States
from solver.search.knapsack import fill_fraction

# Halvings of the price range; the result is scaled to fit anyway.
_HALVINGS = 60


@kernel
def best_filling(worth: Floats, costs: Floats, state: States, room: float) -> tuple[float, float]:
    """Return the most that undecided items are worth within `room`, and the price of room.

    Dantzig's continuous knapsack.

    Parameters
    ----------
    worth, costs
        At least 0, shape (n,).
    state
        Decisions, shape (n,).
    room
        What the undecided may cost together.
    """
    n = len(worth)
    items, size, total = np.empty(n, np.int64), 0, 0.0
    for i in range(n):
        if state[i] == FREE and worth[i] > 0.0:
            if costs[i] > 0.0:
                items[size] = i
                size += 1
            else:
                total += worth[i]
    filled, price = fill_fraction(items, size, worth, costs, room, np.zeros(n), 0.0)
    return total + filled, price


@kernel
def proportional(
    x: Floats, worth: Floats, costs: Floats, state: States, room: float, least: float
) -> Floats:
    """Return a point where undecided x grow in proportion to worth per cost, up to 1.

    The multiplicative step of optimal design: at an optimum, worth per cost is the price of room
    wherever x lies between 0 and 1, and the step changes nothing.

    Parameters
    ----------
    x
        Decided items keep theirs, shape (n,).
    least
        No undecided x becomes less, so that none is lost.
    """
    n = len(x)
    weight, out = np.zeros(n), x.copy()
    cost, top = 0.0, 0.0
    for i in range(n):
        if state[i] == FREE:
            out[i] = 1.0
            cost += costs[i]
            if costs[i] > 0.0:
                weight[i] = max(x[i], least) * worth[i] / costs[i]
                top = max(top, weight[i])
    if cost <= room or top <= 0.0:
        return out
    low, high = 0.0, 1.0 / top
    # Grow until the room is used; then halve.
    for _ in range(_HALVINGS):
        spent = 0.0
        for i in range(n):
            if weight[i] > 0.0:
                spent += costs[i] * min(1.0, high * weight[i])
        if spent > room:
            break
        low = high
        high *= 4.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        spent = 0.0
        for i in range(n):
            if weight[i] > 0.0:
                spent += costs[i] * min(1.0, middle * weight[i])
        if spent > room:
            high = middle
        else:
            low = middle
    for i in range(n):
        if state[i] == FREE and costs[i] > 0.0:
            out[i] = max(least, min(1.0, low * weight[i]))
    return out
