"""Every rule as a row ``coefficients . x <= limit``, and what rows say about a part of the tree.

Items that are labelled count nowhere but in the objective: their coefficients are 0. A linear
programme over a box and a few rows is bounded by multipliers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solver.check.inputs import Array, Inputs
from solver.check.reading import require

# A sum of costs may exceed its limit by this much, relative to it.
BUDGET_TOLERANCE = 1e-12

_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class StatedRow:
    """One rule: ``coefficients . x <= limit``."""

    coefficients: Array
    limit: float


def rows(inputs: Inputs) -> dict[str, StatedRow]:
    """Return every rule of a problem by name; ``budget`` is always there, and the first."""
    rules, n = inputs.constraints, inputs.n
    counts = np.ones(n)
    counts[list(rules["labelled"])] = 0.0
    found = {"budget": StatedRow(inputs.costs * counts, inputs.budget * (1.0 + BUDGET_TOLERANCE))}
    for resource, costs in zip(rules["resources"], inputs.resource_costs, strict=True):
        limit = float(resource["limit"]) * (1.0 + BUDGET_TOLERANCE)
        found[f"resource {resource['name']}"] = StatedRow(costs * counts, limit)
    ranges = [("items", counts, rules["min_items"], rules["max_items"])]
    for group in rules["groups"]:
        inside = np.zeros(n)
        inside[list(group["items"])] = 1.0
        ranges.append(
            (f"group {group['name']}", inside * counts, group["minimum"], group["maximum"])
        )
    for name, members, least, most in ranges:
        if least:
            found[f"least {name}"] = StatedRow(-members, -float(least))
        if most is not None:
            found[f"most {name}"] = StatedRow(members, float(most))
    return found


@dataclass(frozen=True, eq=False)
class Part:
    """Selections in which some items are in and some are out.

    Parameters
    ----------
    taken, free
        Masks of shape (n,): what is in, and what is undecided and can still be paid.
    empty
        Whether some rule can be seen to leave no selection at all.
    left
        What is left of the budget.
    """

    taken: Array
    free: Array
    empty: bool
    left: float


def part(rules: Mapping[str, StatedRow], taken: Array, refused: Array) -> Part:
    """Return what the rules leave of the selections with these items in and those out."""
    free = ~(taken | refused)
    spent = {name: math.fsum(row.coefficients[taken]) for name, row in rules.items()}
    for name, row in rules.items():
        if (row.coefficients >= 0).all():
            free = free & (spent[name] + row.coefficients <= row.limit * (1.0 + 4 * _EPS))
    empty = bool((taken & refused).any())
    for row in rules.values():
        # The least that the left side can be.
        sure = row.coefficients[taken | (free & (row.coefficients < 0))]
        empty = empty or math.fsum(sure) > row.limit
    return Part(taken, free, empty, max(0.0, rules["budget"].limit - spent["budget"]))


def count_row(rules: Mapping[str, StatedRow], within: Part) -> StatedRow:
    """Return the rule that no selection has more items than the cheapest that can be paid."""
    costs = rules["budget"].coefficients
    # Items that cost nothing, labelled ones among them, are not counted at all.
    counted = costs > 0
    sums = np.cumsum(np.sort(costs[within.free & counted]))
    drift = 1.0 + (len(costs) + 4) * _EPS
    more = int(np.searchsorted(sums, within.left * drift, side="right"))
    return StatedRow(counted.astype(float), float(more + int((within.taken & counted).sum())))


def relaxed(
    worth: Array, within: Part, rules: Mapping[str, StatedRow], named: Mapping[str, float]
) -> float:
    """Return ``y.b + max over the box of (worth - y.A).x``: no selection is worth more.

    Holds for every y of at least 0, whatever found it.
    """
    constant = 0.0
    for name, multiplier in named.items():
        require(holds=name in rules, otherwise=f"There is no rule {name!r} to multiply.")
        constant += multiplier * rules[name].limit
        worth = worth - multiplier * rules[name].coefficients
    return constant + float(worth[within.taken].sum() + np.maximum(worth[within.free], 0.0).sum())


def knapsack_multiplier(worth: Array, costs: Array, left: float) -> float:
    """Return worth per cost of the item that no longer fits whole, 0 where all fit (Dantzig)."""
    useful = worth > 0
    with np.errstate(divide="ignore"):
        ratio = worth[useful] / costs[useful]
    order = np.argsort(-ratio, kind="stable")
    place = int(np.searchsorted(np.cumsum(costs[useful][order]), left, side="right"))
    # An item without cost never fails to fit, so its infinite ratio is never the answer ...
    multiplier = float(ratio[order[place]]) if place < len(order) else 0.0
    # ... unless the ratio itself is beyond the largest float; any multiplier is valid.
    return multiplier if np.isfinite(multiplier) else 0.0
