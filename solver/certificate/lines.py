"""The best multipliers of a linear worth over a box: what a bound is made of.

For any multipliers y of at least 0, ``y.b + sum_i max(0, worth_i - y.A_i)`` bounds what a selection
is worth. With the budget's multiplier alone the least of it is a continuous knapsack. Other rules
are brought in one after the other, each by bisection on its own multiplier.
"""

from collections.abc import Mapping

import numpy as np

from solver.model.kernel import kernel
from solver.model.problem import Floats
from solver.rules.rows import Box, RuleRow
from solver.search.knapsack import fractional

# Halvings of a multiplier's range.
_HALVINGS = 24
# Passes over the rules.
_PASSES = 2
# A rule that a fractional selection breaks by less than this part of an item is kept.
_BROKEN = 1e-9


@kernel
def _line(worth: Floats, costs: Floats, left: float, x: Floats) -> tuple[float, float]:
    """Return the budget's multiplier and the bound that it gives; x receives the selection."""
    _, multiplier = fractional(worth, costs, left, 0.0, x)
    bound = multiplier * left
    for i in range(len(worth)):
        bound += max(0.0, worth[i] - multiplier * costs[i])
    return multiplier, bound


@kernel
def _halved(
    worth: Floats, costs: Floats, left: float, row: Floats, limit: float, known: float
) -> float:
    """Return the multiplier of a further rule ``row . x <= limit`` that lowers the bound most.

    The bound is convex in it, and its slope is what the fractional selection leaves of the limit.
    """
    x = np.empty(len(worth))
    # Halving never arrives at 0, which is the answer wherever the rule does not bind.
    best_multiplier, best = 0.0, _line(worth, costs, left, x)[1]
    bound = known * limit + _line(worth - known * row, costs, left, x)[1]
    if bound < best:
        best_multiplier, best = known, bound
    low, high = 0.0, 2.0 * max(known, np.abs(worth).max())
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        bound = middle * limit + _line(worth - middle * row, costs, left, x)[1]
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


def budget_multiplier(worth: Floats, costs: Floats, left: float) -> tuple[float, Floats]:
    """Return the multiplier of the budget and the fractional selection that goes with it."""
    x = np.empty(len(worth))
    multiplier, _ = _line(worth, costs, left, x)
    return multiplier, x


def reduced(worth: Floats, rules: Mapping[str, RuleRow], named: Mapping[str, float]) -> Floats:
    """Return ``worth - y.A``."""
    for name, multiplier in named.items():
        worth = worth - multiplier * rules[name].coefficients
    return worth


def height(
    worth: Floats, box: Box, rules: Mapping[str, RuleRow], named: Mapping[str, float]
) -> tuple[float, Floats]:
    """Return the bound of given multipliers, and the worth that they leave, shape (n,)."""
    left = reduced(worth, rules, named)
    constant = sum(multiplier * rules[name].limit for name, multiplier in named.items())
    inside = float(left[box.taken].sum() + np.maximum(left[box.free], 0.0).sum())
    return float(constant) + inside, left


class Multipliers:
    """Multipliers of a box that are improved for one worth after the other."""

    def __init__(self, box: Box, rules: Mapping[str, RuleRow]) -> None:
        self._box = box
        self._rules = rules
        self._costs = rules["budget"].coefficients[box.free]
        self._others = [name for name in rules if name != "budget"]
        self._sides = {name: rules[name].coefficients[box.free] for name in self._others}
        self._limits = {
            name: rules[name].limit - float(rules[name].coefficients[box.taken].sum())
            for name in self._others
        }
        self.fixed: dict[str, float] = {}

    def vertex(self, worth: Floats) -> tuple[float, Floats, dict[str, float]]:
        """Return bound, fractional selection of the free items and multipliers, as they are now."""
        left = reduced(worth, self._rules, self.fixed)[self._box.free]
        multiplier, x = budget_multiplier(left, self._costs, self._box.left)
        named = {"budget": multiplier, **self.fixed}
        return height(worth, self._box, self._rules, named)[0], x, named

    def _excess(self, name: str, x: Floats) -> float:
        """Return how far a fractional selection of the free items breaks a rule."""
        return float(self._sides[name] @ x) - self._limits[name]

    def improve(self, worth: Floats) -> None:
        """Lower the bound of a worth by the multipliers of the rules that its vertex breaks."""
        if not self._box.free.any():
            # A selection that keeps the rules: their multipliers could only add.
            self.fixed = {}
            return
        for _ in range(_PASSES):
            _, x, _ = self.vertex(worth)
            broken = [
                name
                for name in self._others
                if self.fixed.get(name) or self._excess(name, x) > _BROKEN
            ]
            for name in broken:
                others = {key: entry for key, entry in self.fixed.items() if key != name}
                left = reduced(worth, self._rules, others)[self._box.free]
                known = self.fixed.get(name, 0.0)
                budget = self._box.left
                side, limit = self._sides[name], self._limits[name]
                self.fixed[name] = _halved(left, self._costs, budget, side, limit, known)
            if len(broken) < 2:  # noqa: PLR2004 - one rule alone is settled by one search
                break
