"""A selection under change: its objective, its gains, and what may be added to it."""

import numpy as np

from solver.model.kernel import kernel
from solver.model.problem import Floats, Mask
from solver.rules.arrays import RuleArrays, Tally, may_swap, swap, tally


@kernel
def company(utilities: Floats, profits: Floats, chosen: Mask) -> Floats:
    """Return profit plus utility with every chosen item, shape (n,)."""
    gain = profits.copy()
    for i in range(len(chosen)):
        if chosen[i]:
            gain += utilities[i]
    return gain


@kernel
def worth(utilities: Floats, profits: Floats, chosen: Mask) -> float:
    """Return the objective of a selection."""
    total = 0.0
    for i in range(len(chosen)):
        if chosen[i]:
            total += profits[i]
            for j in range(i):
                if chosen[j]:
                    total += utilities[i, j]
    return total


@kernel
def move(
    utilities: Floats,
    chosen: Mask,
    gain: Floats,
    used: Tally,
    rules: RuleArrays,
    out: int,
    new: int,
) -> None:
    """Take `out` out and `new` in (-1: none), and keep gains and tally up to date."""
    if out >= 0:
        chosen[out] = False
        gain -= utilities[out]
    if new >= 0:
        chosen[new] = True
        gain += utilities[new]
    swap(used, rules, out, new)


@kernel
def fill(utilities: Floats, chosen: Mask, gain: Floats, used: Tally, rules: RuleArrays) -> None:
    """Add what is worth most per cost while it fits and helps."""
    while True:
        best = -1
        score = 0.0
        for j in range(len(chosen)):
            if not chosen[j] and gain[j] > 0.0:
                ratio = gain[j] / max(rules.costs[0, j], 1e-300)
                if ratio > score and may_swap(used, rules, -1, j):
                    best, score = j, ratio
        if best < 0:
            return
        move(utilities, chosen, gain, used, rules, -1, best)


@kernel
def strip(utilities: Floats, profits: Floats, rules: RuleArrays) -> Mask:
    """Start from everything and drop what is worth least per cost until the budgets hold.

    References
    ----------
    Billionnet, Calmels: Linear programming for the 0-1 quadratic knapsack problem (1996), section
    on the initial solution; after Chaillou, Hansen, Mahieu (1989).
    """
    n = len(profits)
    chosen = np.ones(n, np.bool_)
    gain = company(utilities, profits, chosen)
    used = tally(chosen, rules)
    for r in range(len(rules.limits)):
        while used.spent[r] > rules.limits[r]:
            worst = -1
            score = np.inf
            for j in range(n):
                if chosen[j] and rules.costs[r, j] > 0.0:
                    ratio = gain[j] / rules.costs[r, j]
                    if worst < 0 or ratio < score:
                        worst, score = j, ratio
            if worst < 0:
                break
            move(utilities, chosen, gain, used, rules, worst, -1)
    return chosen


@kernel
def descend(utilities: Floats, chosen: Mask, gain: Floats, used: Tally, rules: RuleArrays) -> None:
    """Make the best addition, drop or exchange until none improves."""
    n = len(chosen)
    while True:
        scale = 0.0
        for j in range(n):
            scale = max(scale, abs(gain[j]))
        best = 1e-12 * scale
        best_out, best_new = -1, -1
        for j in range(n):
            if not chosen[j] and gain[j] > best and may_swap(used, rules, -1, j):
                best_new, best = j, gain[j]
        for i in range(n):
            if not chosen[i]:
                continue
            if -gain[i] > best and may_swap(used, rules, i, -1):
                best_out, best_new, best = i, -1, -gain[i]
            row = utilities[i]
            least = best + gain[i]
            for j in range(n):
                if gain[j] - row[j] > least and not chosen[j] and may_swap(used, rules, i, j):
                    best_out, best_new, best = i, j, gain[j] - row[j] - gain[i]
                    least = best + gain[i]
        if best_out < 0 and best_new < 0:
            return
        move(utilities, chosen, gain, used, rules, best_out, best_new)
