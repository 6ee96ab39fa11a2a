"""Linear programmes over a box and a few rules, bounded by multipliers."""

from collections.abc import Mapping

import numpy as np

from solver.check.constraints import Part, StatedRow
from solver.check.inputs import Array
from solver.check.reading import require


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
