"""The rule book as rows of numbers, for linear models."""

import math
from dataclasses import dataclass

import numpy as np

from solver.model.problem import Budgeted, Floats
from solver.rules.book import counts


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
