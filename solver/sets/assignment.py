"""The Lagrangian of facility location, with points assigned to items at a price.

Items are worth ``c_ij`` to point j, at least 0. With a level ``v_j`` a point,

    sum_j max over i in S of c_ij <= sum_j v_j + sum over i in S of sum_j max(0, c_ij - v_j)

for every S and every v at least the service b that is there already: the item that serves j best
gives at most ``v_j + (c_ij - v_j)^+``. Over the budget the last sum is at most a continuous
knapsack. v is lowered where no item serves a point beyond its level, and raised where several do,
by steps of Held, Wolfe and Crowder's length. A step looks only at the items above the level of each
point: these come first in `Points`.

References
----------
Cornuejols, Fisher, Nemhauser: Location of bank accounts to optimize float (1977).
Held, Wolfe, Crowder: Validation of subgradient optimization (1974).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solver.model.kernel import kernel
from solver.model.problem import Floats
from solver.rules.arrays import FREE, IN, OUT, States
from solver.search.knapsack import fill

# Steps without a better bound after which steps are halved, and the share at which they end.
_PATIENCE = 12
_SHORTEST = 0.01
# Weight of the newest vertex in the running average.
_NEWEST = 0.08
# A better bound is one by this share of the gap.
_BETTER = 1e-3


class Points(NamedTuple):
    """What each point gets of which item, best first.

    Parameters
    ----------
    items
        Shape (m, k), int32.
    worth
        ``c_ij`` of those, descending, shape (m, k).
    floor
        The largest worth that is not listed, 0 where all are, shape (m,). No level goes below it.
    """

    items: npt.NDArray[np.int32]
    worth: Floats
    floor: Floats


class AssignmentBound(NamedTuple):
    """What a round of steps found.

    Parameters
    ----------
    bound
        Nothing that the decisions allow is worth more, but for rounding.
    levels
        v at that bound, shape (m,).
    reduced
        What an item adds to the bound beyond its price, shape (n,); 0 for what is decided.
    average
        Running average of the vertices, shape (n,).
    vertex
        The knapsack's last filling, shape (n,).
    price
        Of room, at that bound.
    """

    bound: float
    levels: Floats
    reduced: Floats
    average: Floats
    vertex: Floats
    price: float

    @property
    def row(self) -> Floats:
        """What the bound's plane is made of."""
        return self.levels


@kernel
def _worths(points: Points, levels: Floats, worth: Floats) -> float:
    """Fill in what undecided items are worth above the levels; return the sum of the levels."""
    worth[:] = 0.0
    total = 0.0
    for j in range(len(levels)):
        v = levels[j]
        total += v
        for t in range(points.items.shape[1]):
            more = points.worth[j, t] - v
            if more <= 0.0:
                break
            worth[points.items[j, t]] += more
    return total


@kernel
def service(points: Points, state: States, least: Floats) -> Floats:
    """Return how well each point is served by what is in, at least `least` and the floor."""
    best = np.maximum(least, points.floor)
    for j in range(len(best)):
        for t in range(points.items.shape[1]):
            if points.worth[j, t] <= best[j]:
                break
            if state[points.items[j, t]] == IN:
                best[j] = points.worth[j, t]
                break
    return best


@kernel
def descend(
    points: Points,
    costs: Floats,
    room: float,
    state: States,
    start: Floats,
    incumbent: float,
    steps: int,
) -> AssignmentBound:
    """Lower the bound of a node by subgradient steps.

    Parameters
    ----------
    points
        See `Points`.
    costs
        Shape (n,).
    room
        What undecided items may cost together.
    state
        Decisions, shape (n,).
    start
        Levels to start from, shape (m,).
    incumbent
        Steps end once the bound is at most this.
    steps
        Most steps.
    """
    n, m = len(state), len(start)
    base = service(points, state, np.zeros(m))
    levels = np.maximum(start, base)
    worth, vertex, average = np.zeros(n), np.zeros(n), np.zeros(n)
    free = np.flatnonzero(state == FREE)
    items = np.empty(n, np.int64)
    best, best_levels, best_reduced, best_price = np.inf, levels.copy(), np.zeros(n), 0.0
    price, share, idle = 0.0, 1.0, 0
    slope, smooth = np.zeros(m), np.zeros(m)
    for step in range(steps):
        bound = _worths(points, levels, worth)
        filled, price = fill(free, len(free), worth, costs, room, items, vertex, price)
        bound += filled
        weight = 1.0 if step == 0 else max(_NEWEST, 1.0 / (step + 1.0))
        for i in range(n):
            average[i] += weight * (vertex[i] - average[i])
        gap = bound - incumbent
        if bound < best - _BETTER * max(0.0, best - incumbent) or step == 0:
            idle = 0
        else:
            idle += 1
        if bound < best:
            best, best_price = bound, price
            best_levels[:] = levels
            for i in range(n):
                best_reduced[i] = worth[i] - price * costs[i] if state[i] == FREE else 0.0
        if best <= incumbent:
            break
        if idle >= _PATIENCE:
            share *= 0.5
            idle = 0
            levels[:] = best_levels
            if share < _SHORTEST:
                break
        # How much a lower level lowers the bound: 1 less whatever serves the point beyond it.
        norm = 0.0
        for j in range(m):
            g = 1.0
            for t in range(points.items.shape[1]):
                if points.worth[j, t] <= levels[j]:
                    break
                i = points.items[j, t]
                if vertex[i] > 0.0:
                    g -= vertex[i]
            slope[j] = g
            smooth[j] = g if step == 0 else 0.7 * g + 0.3 * smooth[j]
            # Against a limit there is nowhere to go.
            if not (levels[j] <= base[j] and smooth[j] > 0.0):
                norm += smooth[j] * smooth[j]
        if norm <= 0.0:
            break
        length = share * gap / norm
        for j in range(m):
            levels[j] = max(base[j], levels[j] - length * smooth[j])
    return AssignmentBound(best, best_levels, best_reduced, average, vertex, best_price)


@kernel
def fix(state: States, reduced: Floats, bound: float, enough: float) -> int:
    """Decide, in place, the items whose other place has a bound of at most `enough`; count them."""
    decided = 0
    for i in range(len(state)):
        if state[i] == FREE and bound - abs(reduced[i]) <= enough:
            state[i] = IN if reduced[i] > 0.0 else OUT
            decided += 1
    return decided
