"""Strategic oscillation: flips of one item at a time, back and forth across the budget.

A multiplier mu prices the budget, so that the move of least regret is the flip with the largest
``gain - mu cost`` (of its negative, for an item inside) among those not tabu. While the selection
is over the budget mu grows, while it is under mu shrinks; the search so passes again and again
through
selections that just fit, of many sizes, at O(n) a flip, where scanning all exchanges costs O(n^2).
Selections that fit and come near the best are filled up and descended from by exchanges. Every
segment draws its own pace and tenure, and mostly restarts from a part of the best selection.

References
----------
Glover: Heuristics for integer programming using surrogate constraints (1977).
Glover, Lu, Hao: Diversification-driven tabu search for unconstrained binary quadratic problems
(2010), for the one-flip neighbourhood.
"""

import numpy as np

from solver.model.constraints import Ints
from solver.model.kernel import kernel
from solver.model.problem import Floats, Mask
from solver.rules.arrays import RuleArrays, Tally, keeps, may_swap, swap, tally
from solver.search.moves import company, descend, fill, worth

# A segment's pace of mu, drawn log-uniformly between these.
_SLOW, _FAST = 0.005, 0.4
# How often a segment restarts from a part of the best selection.
_RESTART = 0.7
# How much of it is dropped then, at most.
_DROP = 0.4


@kernel
def _first_price(gain: Floats, chosen: Mask, costs: Floats) -> float:
    """Return the least worth per cost among the chosen, or the median over all if none is."""
    price = np.inf
    for j in range(len(chosen)):
        if chosen[j] and costs[j] > 0.0:
            price = min(price, gain[j] / costs[j])
    return max(price, 0.0) if price < np.inf else 1.0


@kernel
def _flip_to_make(
    gain: Floats, chosen: Mask, tabu: Ints, used: Tally, loose: RuleArrays, clock: int, price: float
) -> int:
    """Return the item whose flip is priced best, -1 if every one is forbidden."""
    best = -1
    score = -np.inf
    costs = loose.costs[0]
    for j in range(len(chosen)):
        if tabu[j] >= clock:
            continue
        regret = gain[j] - price * costs[j]
        if chosen[j]:
            if -regret > score and may_swap(used, loose, j, -1):
                best, score = j, -regret
        elif regret > score and may_swap(used, loose, -1, j):
            best, score = j, regret
    return best


@kernel
def oscillate(
    utilities: Floats,
    profits: Floats,
    rules: RuleArrays,
    start: Mask,
    flips: int,
    segment: int,
    near: float,
    seed: int,
) -> tuple[Mask, float, int]:
    """Improve a selection.

    Parameters
    ----------
    utilities, profits
        Shapes (n, n), symmetric with a zero diagonal, and (n,).
    rules
        What must be kept.
    start
        A selection that keeps the rules, shape (n,); not changed.
    flips
        Flips to make.
    segment
        Flips between two draws of pace and tenure.
    near
        A selection that fits is descended from if it is worth at least this share less than best.
    seed
        Of the random numbers.

    Returns
    -------
    tuple[Mask, float, int]
        The best selection, its objective, and the flip at which it was found.
    """
    np.random.seed(seed)  # noqa: TID251 - the kernel's own generator, of this thread
    n = len(profits)
    costs, limit = rules.costs[0], rules.limits[0]
    unlimited = rules.limits.copy()
    unlimited[0] = np.inf
    loose = RuleArrays(
        rules.costs,
        unlimited,
        rules.group,
        rules.group_least,
        rules.group_most,
        rules.least,
        rules.most,
    )
    chosen = start.copy()
    gain = company(utilities, profits, chosen)
    used = tally(chosen, rules)
    fill(utilities, chosen, gain, used, rules)
    descend(utilities, chosen, gain, used, rules)
    current = worth(utilities, profits, chosen)
    best, best_value, found = chosen.copy(), current, 0
    tabu = np.zeros(n, np.int64)
    price = _first_price(gain, chosen, costs)
    pace, tenure, spread = 0.03, 5, 8
    seen = {current}
    for clock in range(1, flips + 1):
        if clock % segment == 0:
            pace = np.exp(np.random.uniform(np.log(_SLOW), np.log(_FAST)))
            tenure = np.random.randint(2, 4 + n // 20)
            spread = np.random.randint(2, 6 + n // 10)
            if np.random.random() < _RESTART:
                chosen[:] = best
                used = tally(chosen, rules)
                dropped = np.random.uniform(0.0, _DROP)
                for j in range(n):
                    leaves = chosen[j] and np.random.random() < dropped
                    if leaves and may_swap(used, rules, j, -1):
                        chosen[j] = False
                        swap(used, rules, j, -1)
                tabu[:] = 0
            # Anew, so that rounding does not pile up over many flips.
            used = tally(chosen, rules)
            gain[:] = company(utilities, profits, chosen)
            current = worth(utilities, profits, chosen)
            price = max(price, 1e-12 * _first_price(gain, chosen, costs))
        j = _flip_to_make(gain, chosen, tabu, used, loose, clock, price)
        if j >= 0:
            if chosen[j]:
                chosen[j] = False
                gain -= utilities[j]
                current -= gain[j]
                swap(used, rules, j, -1)
            else:
                chosen[j] = True
                current += gain[j]
                gain += utilities[j]
                swap(used, rules, -1, j)
            tabu[j] = clock + tenure + np.random.randint(0, spread)
        if used.spent[0] > limit:
            price *= 1.0 + pace
            continue
        price *= 1.0 - pace
        if current < best_value - near * abs(best_value) or current in seen:
            continue
        seen.add(current)
        trial, trial_gain = chosen.copy(), gain.copy()
        trial_used = Tally(used.spent.copy(), used.grouped.copy(), used.number.copy())
        fill(utilities, trial, trial_gain, trial_used, rules)
        descend(utilities, trial, trial_gain, trial_used, rules)
        value = worth(utilities, profits, trial)
        if value > best_value + 1e-11 * abs(best_value) and keeps(tally(trial, rules), rules):
            best[:] = trial
            best_value, found = value, clock
    return best, best_value, found
