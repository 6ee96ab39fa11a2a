"""Lagrangian bound for explicit pair utilities.

Write each pair's utility once from either side, ``u_ij = q_ij + q_ji``, and let item i choose its
own company y_i within what the budget leaves beside it. Asking ``x_i y_ij = x_j y_ji`` of all pairs
would make this exact; leaving it out gives, for any split q, the bound

    max { sum_i (p_i + P_i) x_i : a.x <= B },   P_i = max { q_i.y : a.y <= B - a_i, 0 <= y <= 1 }

Subgradient steps move q where the two sides disagree. Every step's bound is valid, and so are its
reduced costs: an item whose flip would cost more than bound minus target is fixed.

References
----------
Caprara, Pisinger, Toth: Exact solution of the quadratic knapsack problem (1999), section 2.
Held, Wolfe, Crowder: Validation of subgradient optimization (1974), for the length of a step.
"""

import numpy as np

from solver.model.constraints import Ints
from solver.model.kernel import kernel
from solver.model.problem import Floats
from solver.rules.arrays import FREE, IN, OUT, States
from solver.search.knapsack import fill_all, fill_counted, make_scratch

# Weight of the newest solution in the running average that branching looks at.
_NEWEST = 0.1
# A step must lower the bound by this share of the distance to the target to count as progress.
_PROGRESS = 0.01
# Steps shorter than this share of Held, Wolfe and Crowder's are not worth their time.
_SHORTEST = 0.02
# Disagreement below this is rounding of fractions.
_AGREED = 1e-14
# Share of the last direction in the next.
_MEMORY = 0.5


@kernel
def lagrangian(
    shares: Floats,
    profits: Floats,
    costs: Floats,
    room: float,
    least: int,
    most: int,
    count_multiplier: float,
    base: float,
    target: float,
    steps: int,
    patience: int,
    length: float,
    state: States,
    point: Floats,
    average: Floats,
) -> tuple[float, float, float, float]:
    """Lower the bound by subgradient steps.

    Parameters
    ----------
    shares
        q, shape (k, k), diagonal 0: ``q + q.T`` are the utilities. The best split found replaces
        it.
    profits, costs
        Shapes (k,); no cost exceeds `room`.
    room
        What costs may add up to.
    least, most, count_multiplier
        The range of the number of items, and a guess of its multiplier.
    base
        Worth of what is chosen already; part of the bound.
    target
        A bound at or below this ends the search.
    steps
        Steps to make at most.
    patience
        Steps without progress after which the step length is halved.
    length
        Share of Held, Wolfe and Crowder's step to begin with.
    state
        Shape (k,): receives `IN` or `OUT` where the other choice cannot beat the target.
    point
        Receives the outer solution x at the best bound, shape (k,).
    average
        Running average of x over the steps, shape (k,); updated.

    Returns
    -------
    tuple[float, float, float, float]
        The bound, the step length to go on with (0 where no further step helps), and the last
        step's multipliers, of the number of items and of the budget.
    """
    k = len(profits)
    y = np.zeros((k, k))
    disagreement = np.zeros((k, k))
    pivots = np.zeros(k)
    worth = np.zeros(k)
    items = np.zeros(k, np.int64)
    scratch = make_scratch(k)
    x = scratch.vertex
    everything = np.arange(k)
    kept = shares.copy()
    best = np.inf
    price = 0.0
    idle = 0
    for _ in range(steps):
        for i in range(k):
            # No item is company of its own: the diagonal of q is 0.
            left = room - costs[i]
            company, pivots[i] = fill_all(shares[i], costs, left, left, items, y[i], pivots[i])
            worth[i] = profits[i] + company
        value, count_multiplier, price = fill_counted(
            everything, k, worth, costs, room, least, most, count_multiplier, price, scratch
        )
        bound = base + value
        for j in range(k):
            average[j] += _NEWEST * (x[j] - average[j])
            if state[j] == FREE:
                reduced = worth[j] - count_multiplier - price * costs[j]
                if reduced < 0.0 and bound + reduced <= target:
                    state[j] = OUT
                elif reduced > 0.0 and bound - reduced <= target:
                    state[j] = IN
        progress = best - bound > _PROGRESS * (best - target)
        if bound < best:
            best = bound
            kept[:] = shares
            point[:] = x
        if best <= target:
            break
        idle = 0 if progress else idle + 1
        if idle >= patience:
            idle = 0
            length *= 0.5
            if length < _SHORTEST:
                length = 0.0
                break
            shares[:] = kept
            disagreement[:] = 0.0
            continue
        square = 0.0
        for i in range(k):
            for j in range(i + 1, k):
                gap = x[i] * y[i, j] - x[j] * y[j, i] + _MEMORY * disagreement[i, j]
                disagreement[i, j] = gap
                square += gap * gap
        if square <= _AGREED:
            # Both sides of every pair agree: the bound is the value of its own point.
            length = 0.0
            break
        step = length * (bound - target) / square
        for i in range(k):
            for j in range(i + 1, k):
                gap = disagreement[i, j]
                if gap != 0.0:
                    shares[i, j] -= step * gap
                    shares[j, i] += step * gap
    shares[:] = kept
    return best, length, count_multiplier, price


@kernel
def split_again(utilities: Floats, upper: Floats, items: Ints, places: Ints) -> Floats:
    """Return q of some items from the upper triangle of a larger q.

    The lower triangle is what is left of the utilities, so that ``q + q.T`` equals them whatever
    precision `upper` was kept in.

    Parameters
    ----------
    utilities
        Of all items, shape (n, n).
    upper
        q of a node's items, shape (k, k); only entries above the diagonal are read.
    items
        The items kept, shape (m,), as indices into `utilities`.
    places
        The same items as indices into `upper`, ascending.
    """
    m = len(items)
    shares = np.zeros((m, m))
    for a in range(m):
        for b in range(a + 1, m):
            share = float(upper[places[a], places[b]])
            shares[a, b] = share
            shares[b, a] = utilities[items[a], items[b]] - share
    return shares
