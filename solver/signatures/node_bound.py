"""The bound of one node of a signature tree, by the concave relaxation on its range of t.

With ``t = w.x`` and the Gram matrix ``K_ij = (w_i m_i).(w_j m_j)``, on ``l <= t <= u``

    f(x) <= g(x) = p.x + theta t + kappa - 1/2 c.x - 1/2 x'Kx
    with theta = (l + u) / 2 and kappa = -l u / 2

is concave, so its linearisation at any point z bounds it, and that is largest over the budget at
the solution of a continuous knapsack. Reduced costs where the Frank-Wolfe steps end decide further
items: one point is all that a certificate needs of a node.

References
----------
Frank, Wolfe: An algorithm for quadratic programming (1956). Dantzig, Fulkerson, Johnson: Solution
of a large-scale traveling-salesman problem (1954), for fixing by reduced cost.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solver.model.kernel import kernel
from solver.model.problem import Floats
from solver.rules.arrays import FREE, IN, OUT, States
from solver.search.knapsack import fill_counted, make_scratch

# Frank-Wolfe steps on a node, and the share of the distance to the target at which they end.
_STEPS, _CONVERGED = 60, 0.02
# What a running sum of costs may be off by, relative to the budget.
_DRIFT = 1e-13


class Concave(NamedTuple):
    """A core of k items.

    Parameters
    ----------
    utilities, gram
        Pair utilities and K, shapes (k, k).
    profits
        What items are worth alone, shape (k,).
    base
        Worth of what is chosen besides the core's items.
    weights, diagonal
        w and ``c_i = w_i^2 (1 - |m_i|^2)``, shapes (k,).
    """

    utilities: Floats
    gram: Floats
    profits: Floats
    base: float
    weights: Floats
    diagonal: Floats


@kernel
def bound_node(
    core: Concave,
    costs: Floats,
    limit: float,
    state: States,
    point: npt.NDArray[np.float32],
    low: float,
    high: float,
    least: int,
    most: int,
    multipliers: Floats,
    target: float,
    touched: Floats,
) -> tuple[float, int]:
    """Bound a node by Frank-Wolfe steps from its point, and decide what the bound can.

    Parameters
    ----------
    core, costs, limit
        The core, and its budget.
    state
        Decisions, shape (k,); what reduced costs decide is added.
    point
        Where to start, shape (k,); receives where the steps ended.
    low, high
        The range of t.
    least, most
        The range of the number of items.
    multipliers
        The budget's and that number's, shape (2,): guesses, and then those of the bound.
    target
        A bound at or below this is as good as any other.
    touched
        Receives the point of the bound, shape (k,): in single precision where that is enough.

    Returns
    -------
    tuple[float, int]
        The bound: no selection with these decisions and ranges is worth more. And how many items
        were decided.
    """
    k = len(costs)
    room = limit + _DRIFT * limit
    items = np.empty(k, np.int64)
    free = 0
    for j in range(k):
        if state[j] == IN:
            room -= costs[j]
            least -= 1
            most -= 1
        elif state[j] == FREE:
            items[free] = j
            free += 1
    if most < 0 or free < least:
        return -np.inf, 0
    theta, kappa = 0.5 * (low + high), core.base - 0.5 * low * high
    x = np.zeros(k)
    spent = 0.0
    for j in range(k):
        if state[j] == IN:
            x[j] = 1.0
        elif state[j] == FREE:
            x[j] = point[j]
            spent += costs[j] * x[j]
    if spent > room:
        for t in range(free):
            x[items[t]] *= max(room, 0.0) / spent
    linear = core.profits + theta * core.weights - 0.5 * core.diagonal
    image = np.zeros(k)
    gradient = np.zeros(k)
    scratch = make_scratch(k)
    vertex = scratch.vertex
    best, best_x = np.inf, x.copy()
    price, count_multiplier = multipliers[0], multipliers[1]
    fixed = 0
    step, last, single = 0, False, True
    while True:
        # The last step stands still: it looks at the best point again, as it will be written down.
        if last:
            for j in range(k):
                x[j] = np.float32(best_x[j]) if single else best_x[j]
        if step == 0 or last:
            image[:] = 0.0
            for j in range(k):
                if x[j] != 0.0:
                    image += x[j] * core.gram[j]
        height = kappa
        for j in range(k):
            gradient[j] = linear[j] - image[j]
            height += x[j] * (linear[j] - 0.5 * image[j])
        value, count_multiplier, price = fill_counted(
            items, free, gradient, costs, room, least, most, count_multiplier, price, scratch
        )
        slope = 0.0
        bound = height + value
        for t in range(free):
            j = items[t]
            bound -= gradient[j] * x[j]
            slope += gradient[j] * (vertex[j] - x[j])
        if last and single and bound > target >= best:
            single = False
            continue
        if last:
            for t in range(free):
                j = items[t]
                reduced = gradient[j] - count_multiplier - price * costs[j]
                if reduced > 0.0 and bound - reduced <= target:
                    state[j] = IN
                    fixed += 1
                elif reduced < 0.0 and bound + reduced <= target:
                    state[j] = OUT
                    fixed += 1
            best = bound
            break
        if bound < best:
            best = bound
            best_x[:] = x
        step += 1
        if best <= target or slope <= _CONVERGED * (best - target) or step == _STEPS:
            last = True
            continue
        curvature = 0.0
        for s in range(free):
            i = items[s]
            step_i = vertex[i] - x[i]
            if step_i != 0.0:
                row = core.gram[i]
                for t in range(free):
                    j = items[t]
                    curvature += step_i * row[j] * (vertex[j] - x[j])
        length = 1.0 if curvature <= slope else slope / curvature
        for t in range(free):
            j = items[t]
            move = length * (vertex[j] - x[j])
            if move != 0.0:
                x[j] += move
                image += move * core.gram[j]
    for j in range(k):
        point[j] = touched[j] = x[j]
    multipliers[0], multipliers[1] = price, count_multiplier
    return best, fixed
