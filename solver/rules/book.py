"""The rule book: what the rules of a selection are, read from a problem in this one place.

There are two kinds. A sum of costs stays within an allowance (`SumRule`): the budget, and further
resources. A number of items lies in a range (`CountRule`): of all items, and of each group. Every
other form is a view of these: arrays for compiled loops (`solver.rules.arrays`), rows for models
(`solver.rules.rows`) and for proofs (`solver.certificate.refutation`), and the moves that keep them
(`SelectionRules`). Only the verifiers read the constraints on their own.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.model.constraints import Ints
from solver.model.problem import Budgeted, Floats, Mask

_UNLIMITED = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False, slots=True)
class SumRule:
    """A sum that no selection exceeds.

    Parameters
    ----------
    name
        As certificates call it.
    costs
        Shape (n,), at least 0.
    allowance
        The largest sum of costs; what rounding may add is in it (`Budgeted.allowance`).
    """

    name: str
    costs: Floats
    allowance: float

    def holds(self, chosen: Mask) -> bool:
        """Return whether a selection is within the allowance."""
        return math.fsum(self.costs[chosen]) <= self.allowance

    def room(self, inside: Mask) -> float:
        """Return what the items inside leave for others, rounded up."""
        left = max(0.0, self.allowance - float(self.costs[inside].sum()))
        return left + len(self.costs) * float(np.finfo(float).eps) * self.allowance


@dataclass(frozen=True, eq=False, slots=True)
class CountRule:
    """How many of some items are chosen.

    Parameters
    ----------
    name
        As certificates call it.
    items
        Item numbers, shape (k,).
    least, most
        The range; None for no maximum.
    """

    name: str
    items: Ints
    least: int
    most: int | None

    @property
    def at_most(self) -> int:
        """The maximum: all of the items where none is stated."""
        return len(self.items) if self.most is None else min(len(self.items), self.most)

    def holds(self, chosen: Mask) -> bool:
        """Return whether a selection has a number in the range."""
        return self.least <= int(chosen[self.items].sum()) <= self.at_most


def budgets(problem: Budgeted) -> list[SumRule]:
    """Return the sums that are limited: the budget first, then further resources."""
    others = problem.constraints.resources
    return [
        SumRule("budget", problem.costs, problem.allowance),
        *(SumRule(f"resource {other.name}", other.costs, other.allowance) for other in others),
    ]


def counts(problem: Budgeted) -> list[CountRule]:
    """Return the numbers that are limited: that of all items first, then those of groups."""
    limits = problem.constraints
    return [
        CountRule("items", np.arange(problem.n), limits.min_items, limits.max_items),
        *(CountRule(f"group {g.name}", g.items, g.minimum, g.maximum) for g in limits.groups),
    ]


def knapsacks(problem: Budgeted) -> list[SumRule]:
    """Return the rules that a continuous knapsack can take into account, one at a time.

    These are the budgets, and the number of items where it is limited.
    """
    most = problem.constraints.max_items
    number = [] if most is None else [SumRule("number", np.ones(problem.n), float(most))]
    return budgets(problem) + number


def keeps(problem: Budgeted, chosen: Mask) -> bool:
    """Return whether a selection keeps the budgets and every limit on numbers.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`): nothing is included, excluded or labelled.
    chosen
        Shape (n,).
    """
    return all(rule.holds(chosen) for rule in counts(problem)) and all(
        rule.holds(chosen) for rule in budgets(problem)
    )


class SelectionRules:
    """The moves that keep the rules of one reduced problem; selections are passed in.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`): nothing is included, excluded or labelled.
    """

    def __init__(self, problem: Budgeted) -> None:
        self._budgets = budgets(problem)
        # Limits that all items together keep are never looked at again.
        everything = np.ones(problem.n, dtype=bool)
        self._binding = [rule for rule in self._budgets if not rule.holds(everything)]
        number, *groups = counts(problem)
        self._least_items, self._most_items = number.least, number.at_most
        # Group 0 has the items without one; it has no limits.
        self._group = np.zeros(problem.n, dtype=np.int64)
        for place, group in enumerate(groups, start=1):
            self._group[group.items] = place
        self._least = np.array([0, *(group.least for group in groups)], dtype=np.int64)
        most = [group.at_most for group in groups]
        self._most = np.array([_UNLIMITED, *most], dtype=np.int64)

    @property
    def has_minimums(self) -> bool:
        """Whether the empty selection may break a rule."""
        return self._least_items > 0 or bool(self._least.any())

    def _counts(self, chosen: Mask) -> npt.NDArray[np.int64]:
        return np.bincount(self._group[chosen], minlength=len(self._least)).astype(np.int64)

    def _affordable(self, chosen: Mask) -> Mask:
        fits = ~chosen
        for rule in self._binding:
            fits &= math.fsum(rule.costs[chosen]) + rule.costs <= rule.allowance
        return fits

    def may_add(self, chosen: Mask) -> Mask:
        """Return the items that can be added without breaking a limit from above, shape (n,)."""
        if int(chosen.sum()) >= self._most_items:
            return np.zeros_like(chosen)
        return np.asarray(
            self._affordable(chosen) & (self._counts(chosen) < self._most)[self._group]
        )

    def may_drop(self, chosen: Mask) -> Mask:
        """Return the chosen items that no minimum needs, shape (n,)."""
        if int(chosen.sum()) <= self._least_items:
            return np.zeros_like(chosen)
        return np.asarray(chosen & (self._counts(chosen) > self._least)[self._group])

    def may_replace(self, chosen: Mask, out: list[int]) -> Mask:
        """Return the items each of which can stand in for those going out, shape (n,)."""
        without = chosen.copy()
        without[out] = False
        if int(without.sum()) + 1 < self._least_items:
            return np.zeros_like(chosen)
        possible = self.may_add(without)
        possible[out] = False
        missing = self._least - self._counts(without)
        if missing.max() > 0:
            # An item that comes in makes up for one missing item of its own group, and no other.
            short = int(np.argmax(missing))
            possible &= (self._group == short) & (np.maximum(missing, 0).sum() == 1)
        return possible

    def prices(self) -> Floats:
        """Return what an item takes of all budgets together, each as a share of its limit.

        The budget's own costs where it is the only one.
        """
        if len(self._budgets) == 1:
            return self._budgets[0].costs
        shares = [rule.costs / max(rule.allowance, 1e-300) for rule in self._budgets]
        return np.asarray(np.minimum(np.sum(shares, axis=0), 1e300))
