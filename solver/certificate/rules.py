"""Every rule of a problem as a row ``coefficients . x <= limit``, by the name that proofs use."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.model.problem import BUDGET_TOLERANCE, Floats, Mask, Problem

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class RuleRow:
    """One rule: ``coefficients . x <= limit``, coefficients of shape (n,)."""

    coefficients: Floats
    limit: float


@dataclass(frozen=True, eq=False, slots=True)
class Box:
    """The selections in which some items are in and some are out.

    Parameters
    ----------
    taken, free
        Masks of shape (n,): what is in, and what is undecided and can still be paid.
    left
        What the items that are in leave of the budget.
    empty
        Whether a rule shows that there is no such selection.
    """

    taken: Mask
    free: Mask
    left: float
    empty: bool


def named_rows(problem: Problem) -> dict[str, RuleRow]:
    """Return the rules of a problem; the budget is the first. Labelled items count nowhere."""
    limits, n = problem.constraints, problem.n
    counts = np.ones(n)
    counts[limits.labelled] = 0.0
    found = {"budget": RuleRow(problem.costs * counts, problem.allowance)}
    for resource in limits.resources:
        most = resource.limit * (1.0 + BUDGET_TOLERANCE)
        found[f"resource {resource.name}"] = RuleRow(resource.costs * counts, most)
    ranges = [("items", counts, limits.min_items, limits.max_items)]
    for group in limits.groups:
        inside = np.zeros(n)
        inside[group.items] = 1.0
        ranges.append((f"group {group.name}", inside * counts, group.minimum, group.maximum))
    for name, members, least, most_items in ranges:
        if least:
            found[f"least {name}"] = RuleRow(-members, -float(least))
        if most_items is not None:
            found[f"most {name}"] = RuleRow(members, float(most_items))
    return found


class RuleRows:
    """The rules of one problem, and what they leave of a box."""

    def __init__(self, problem: Problem) -> None:
        self.rows = named_rows(problem)
        self.budget = self.rows["budget"]
        self._limited = [row for row in self.rows.values() if not (row.coefficients < 0).any()]

    def box(self, taken: Mask, refused: Mask) -> Box:
        """Return the box, without the undecided items that no rule lets in any more."""
        free = ~(taken | refused)
        spent = math.fsum(self.budget.coefficients[taken])
        for row in self._limited:
            # An item on the edge stays free: to keep it is never wrong.
            used = math.fsum(row.coefficients[taken])
            free = free & (used + row.coefficients <= row.limit * (1.0 + 1e-14))
        empty = bool((taken & refused).any())
        for row in self.rows.values():
            sure = row.coefficients[taken | (free & (row.coefficients < 0))]
            empty = empty or math.fsum(sure) > row.limit
        return Box(taken, free, max(0.0, self.budget.limit - spent), empty)

    def count(self, box: Box) -> RuleRow:
        """Return the rule that no selection has more items than the cheapest that can be paid."""
        costs = self.budget.coefficients
        counted = costs > 0
        sums = np.cumsum(np.sort(costs[box.free & counted]))
        more = int(
            np.searchsorted(sums, box.left * (1.0 + (len(costs) + 8) * 2.3e-16), side="right")
        )
        return RuleRow(counted.astype(float), float(more + int((box.taken & counted).sum())))
