"""The limits that a continuous knapsack can take into account, one at a time."""

from dataclasses import dataclass

import numpy as np

from solver.model.problem import Budgeted, Floats
from solver.rules.arrays import IN, States


@dataclass(frozen=True, eq=False, slots=True)
class Limit:
    """A sum that no selection exceeds.

    Parameters
    ----------
    costs
        Shape (n,), at least 0.
    allowance
        The largest sum of costs.
    """

    costs: Floats
    allowance: float

    def room(self, state: States) -> float:
        """Return what is left for undecided items, rounded up."""
        left = max(0.0, self.allowance - float(self.costs[state == IN].sum()))
        return left + len(self.costs) * float(np.finfo(float).eps) * self.allowance


def limits_of(problem: Budgeted) -> list[Limit]:
    """Return the budget, the further budgets, and the number of items where it is limited."""
    rules = problem.constraints
    limits = [Limit(problem.costs, problem.allowance)]
    limits += [Limit(resource.costs, resource.allowance) for resource in rules.resources]
    if rules.max_items is not None:
        limits.append(Limit(np.ones(problem.n), float(rules.max_items)))
    return limits
