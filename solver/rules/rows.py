"""The rule book as rows of numbers: for linear models, and by name for certificates."""

import math
from dataclasses import dataclass

import numpy as np

from solver.model.problem import Budgeted, Floats, Mask
from solver.rules.book import budgets, counts


@dataclass(frozen=True, eq=False, slots=True)
class RangeRow:
    """One rule of a linear model: ``least <= coefficients . x <= most``, coefficients (n,)."""

    coefficients: Floats
    least: float
    most: float


def side_rows(problem: Budgeted) -> list[RangeRow]:
    """Return the rules beside the budget: numbers of items, and resources scaled to a limit of 1.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    """
    rows = []
    for rule in counts(problem):
        if rule.least or rule.most is not None:
            members = np.zeros(problem.n)
            members[rule.items] = 1.0
            rows.append(RangeRow(members, rule.least, rule.at_most))
    for resource in problem.constraints.resources:
        unit = resource.limit or 1.0
        rows.append(RangeRow(resource.costs / unit, -math.inf, resource.allowance / unit))
    return rows


@dataclass(frozen=True, eq=False, slots=True)
class RuleRow:
    """One rule: ``coefficients . x <= limit``, coefficients of shape (n,)."""

    coefficients: Floats
    limit: float


def named_rows(problem: Budgeted) -> dict[str, RuleRow]:
    """Return the rules of a problem; the budget is the first. Labelled items count nowhere."""
    bought = np.ones(problem.n)
    bought[problem.constraints.labelled] = 0.0
    rows = {rule.name: RuleRow(rule.costs * bought, rule.allowance) for rule in budgets(problem)}
    for count in counts(problem):
        members = np.zeros(problem.n)
        members[count.items] = bought[count.items]
        if count.least:
            rows[f"least {count.name}"] = RuleRow(-members, -float(count.least))
        if count.most is not None:
            rows[f"most {count.name}"] = RuleRow(members, float(count.most))
    return rows


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


class RuleRows:
    """The rules of one problem, and what they leave of a box."""

    def __init__(self, problem: Budgeted) -> None:
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
