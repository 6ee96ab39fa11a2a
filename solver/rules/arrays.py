"""The rule book as arrays: what compiled loops read and write.

Budgets are rows of costs with allowances, numbers of items are ranges, and groups are disjoint: an
item knows its own.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solver.model.constraints import Ints
from solver.model.kernel import kernel
from solver.model.problem import Budgeted, Floats, Mask
from solver.rules.book import budgets, counts

States = npt.NDArray[np.int8]

FREE, IN, OUT = 0, 1, -1


class RuleArrays(NamedTuple):
    """Constraints on n items, as arrays.

    Parameters
    ----------
    costs
        Shape (R, n), at least 0: row 0 is the budget's, further rows are other resources'.
    limits
        Shape (R,): largest sums of costs; rounding is allowed for already.
    group
        Group of each item, shape (n,), -1 for none.
    group_least, group_most
        Shape (G,): how many of a group's items may be chosen.
    least, most
        How many items may be chosen at all.
    """

    costs: Floats
    limits: Floats
    group: Ints
    group_least: Ints
    group_most: Ints
    least: int
    most: int


def rule_arrays(problem: Budgeted) -> RuleArrays:
    """Return a reduced problem's rules as arrays."""
    limits = budgets(problem)
    everything, *groups = counts(problem)
    group = np.full(problem.n, -1, dtype=np.int64)
    for number, rule in enumerate(groups):
        group[rule.items] = number
    return RuleArrays(
        np.array([limit.costs for limit in limits], dtype=np.float64),
        np.array([limit.allowance for limit in limits]),
        group,
        np.array([rule.least for rule in groups], dtype=np.int64),
        np.array([rule.at_most for rule in groups], dtype=np.int64),
        everything.least,
        everything.at_most,
    )


class Tally(NamedTuple):
    """What a selection uses: cost per resource (R,), items per group (G,), items (1,)."""

    spent: Floats
    grouped: Ints
    number: Ints


@kernel
def tally(chosen: Mask, rules: RuleArrays) -> Tally:
    """Count what a selection uses."""
    spent = np.zeros(len(rules.limits))
    grouped = np.zeros(len(rules.group_least), np.int64)
    count = np.zeros(1, np.int64)
    for j in range(len(chosen)):
        if chosen[j]:
            count[0] += 1
            if rules.group[j] >= 0:
                grouped[rules.group[j]] += 1
            for r in range(len(spent)):
                spent[r] += rules.costs[r, j]
    return Tally(spent, grouped, count)


@kernel
def keeps(used: Tally, rules: RuleArrays) -> bool:
    """Return whether what a selection uses keeps every rule."""
    if used.number[0] < rules.least or used.number[0] > rules.most:
        return False
    for r in range(len(used.spent)):
        if used.spent[r] > rules.limits[r]:
            return False
    for q in range(len(used.grouped)):
        if used.grouped[q] < rules.group_least[q] or used.grouped[q] > rules.group_most[q]:
            return False
    return True


@kernel
def may_swap(used: Tally, rules: RuleArrays, out: int, new: int) -> bool:
    """Return whether item `out` may leave and item `new` enter; -1 stands for no item.

    A rule that is broken already may stay as broken as it is, but not get worse.
    """
    for r in range(len(used.spent)):
        after = used.spent[r]
        if new >= 0:
            after += rules.costs[r, new]
        if out >= 0:
            after -= rules.costs[r, out]
        if after > rules.limits[r] and after > used.spent[r]:
            return False
    count = used.number[0] + (1 if new >= 0 else 0) - (1 if out >= 0 else 0)
    if count > rules.most and count > used.number[0]:
        return False
    if count < rules.least and count < used.number[0]:
        return False
    old_group = rules.group[out] if out >= 0 else -1
    new_group = rules.group[new] if new >= 0 else -1
    if old_group == new_group:
        return True
    if new_group >= 0 and used.grouped[new_group] >= rules.group_most[new_group]:
        return False
    return not (old_group >= 0 and used.grouped[old_group] <= rules.group_least[old_group])


@kernel
def swap(used: Tally, rules: RuleArrays, out: int, new: int) -> None:
    """Count item `out` out and item `new` in; -1 stands for no item."""
    for r in range(len(used.spent)):
        if new >= 0:
            used.spent[r] += rules.costs[r, new]
        if out >= 0:
            used.spent[r] -= rules.costs[r, out]
    if new >= 0:
        used.number[0] += 1
        if rules.group[new] >= 0:
            used.grouped[rules.group[new]] += 1
    if out >= 0:
        used.number[0] -= 1
        if rules.group[out] >= 0:
            used.grouped[rules.group[out]] -= 1


@kernel
def propagate(state: States, rules: RuleArrays) -> bool:
    """Decide what the rules leave no choice about; return False where they cannot be kept.

    Parameters
    ----------
    state
        Shape (n,): `IN`, `OUT` or `FREE`; changed in place.
    """
    n = len(state)
    for r in range(len(rules.limits)):
        left = rules.limits[r]
        for j in range(n):
            if state[j] == IN:
                left -= rules.costs[r, j]
        if left < -1e-12 * rules.limits[r]:
            return False
        for j in range(n):
            if state[j] == FREE and rules.costs[r, j] > left * (1.0 + 1e-12):
                state[j] = OUT
    inside = 0
    free = 0
    groups = len(rules.group_least)
    grouped = np.zeros(groups, np.int64)
    spare = np.zeros(groups, np.int64)
    for j in range(n):
        if state[j] == OUT:
            continue
        q = rules.group[j]
        if state[j] == IN:
            inside += 1
            if q >= 0:
                grouped[q] += 1
        else:
            free += 1
            if q >= 0:
                spare[q] += 1
    if inside > rules.most or inside + free < rules.least:
        return False
    for q in range(groups):
        if grouped[q] > rules.group_most[q] or grouped[q] + spare[q] < rules.group_least[q]:
            return False
    for j in range(n):
        if state[j] == FREE:
            q = rules.group[j]
            full = q >= 0 and grouped[q] == rules.group_most[q]
            if inside == rules.most or full:
                state[j] = OUT
    return True
