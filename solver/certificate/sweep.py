"""Compiled inner loops of `solver.certificate.lines`: fractional knapsacks, multipliers."""

import numpy as np

from solver.model.kernel import kernel
from solver.model.problem import Floats

# Halvings of a multiplier's range.
_HALVINGS = 24


@kernel
def line(worth: Floats, costs: Floats, left: float, x: Floats) -> tuple[float, float]:
    """Solve a fractional knapsack (Dantzig 1957).

    Parameters
    ----------
    worth, costs, left
        Shapes (k,), (k,), and the limit on the sum of costs.
    x
        Shape (k,): filled with the fractional selection.

    Returns
    -------
    tuple[float, float]
        The multiplier of the limit, and the bound that it gives.
    """
    ratio = np.empty(len(worth))
    for i in range(len(worth)):
        x[i] = 0.0
        ratio[i] = -worth[i] / max(costs[i], 1e-300) if worth[i] > 0.0 else np.inf
    multiplier = 0.0
    used = 0.0
    for i in np.argsort(ratio, kind="mergesort"):
        if worth[i] <= 0.0:
            break
        if used + costs[i] > left:
            x[i] = max(0.0, left - used) / costs[i]
            multiplier = -ratio[i]
            break
        x[i] = 1.0
        used += costs[i]
    if not np.isfinite(multiplier):
        multiplier = 0.0
    bound = multiplier * left
    for i in range(len(worth)):
        bound += max(0.0, worth[i] - multiplier * costs[i])
    return multiplier, bound


@kernel
def halve(
    worth: Floats, costs: Floats, left: float, row: Floats, limit: float, known: float
) -> float:
    """Return the multiplier of a further rule ``row . x <= limit`` that lowers the bound most.

    The bound is convex in it, and its slope is what the fractional selection leaves of the limit.
    """
    x = np.empty(len(worth))
    # Halving never arrives at 0, which is the answer wherever the rule does not bind.
    best_multiplier, best = 0.0, line(worth, costs, left, x)[1]
    bound = known * limit + line(worth - known * row, costs, left, x)[1]
    if bound < best:
        best_multiplier, best = known, bound
    low, high = 0.0, 2.0 * max(known, np.abs(worth).max())
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        bound = middle * limit + line(worth - middle * row, costs, left, x)[1]
        if bound < best:
            best_multiplier, best = middle, bound
        excess = -limit
        for i in range(len(worth)):
            excess += row[i] * x[i]
        if excess > 0.0:
            low = middle
        else:
            high = middle
    return best_multiplier
