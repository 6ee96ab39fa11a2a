"""Bounds for one budget after the other.

What does not depend on the budget (the rows of V, the linear terms) is worked out once. The root is
bounded afresh for every budget: stretches of t and multipliers that fit another budget were tried
as a start, and held the bound up by far more than they saved. What the root leaves open is fixed
and branched.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from solver.bounds import upper_bound
from solver.certificate.rules import Rules
from solver.certificate.signatures import SignatureBounder
from solver.certificate.tree import Tree
from solver.problem import Mask, Problem, SignatureProblem
from solver.relaxation import fractional_knapsack
from solver.stop import Stop

# What rounding may take off a bound, relative to the numbers that it is a difference of.
_ROUNDING = 1e-12
# A bound this close to the objective is not worth another box.
_PROVEN = 1e-10


class Bounds:
    """Bounds of one problem, for any budget.

    Parameters
    ----------
    problem
        The problem; its own budget does not matter.
    stop
        Asked all the time; whatever has been proven by then is returned.
    """

    def __init__(self, problem: Problem, stop: Stop) -> None:
        self._problem = problem
        self._stop = stop
        self._bounder: SignatureBounder | None = None
        if isinstance(problem, SignatureProblem):
            self._bounder = SignatureBounder(problem, Rules(problem), self._give_up)

    def _give_up(self) -> bool:
        return self._stop(0.0, math.inf) is not None

    def bound(
        self,
        budget: float,
        objective: float,
        gap: float,
        boxes: int,
        offer: Callable[[Mask], float],
    ) -> float:
        """Return a value that no selection within a budget exceeds.

        Parameters
        ----------
        budget
            The budget.
        objective
            What is known to be possible.
        gap
            A bound this close to the objective is good enough.
        boxes
            Boxes of the tree that may be looked at.
        offer
            Told of selections that may be better (or too dear); returns the best objective known.
        """
        problem = replace(self._problem, budget=budget)
        if self._bounder is None or not isinstance(problem, SignatureProblem):
            return upper_bound(problem, objective, self._stop)
        rules = Rules(problem)
        self._bounder.move(rules)
        aim = 1.0 + max(gap, _PROVEN)

        def target(chosen: Mask) -> float:
            return aim * offer(chosen)

        tree = Tree(problem.n, rules, self._bounder, aim * objective, ((), ()), target)
        bound = tree.grow(boxes, self._stop, objective)
        reach = fractional_knapsack(problem.weights, problem.costs, problem.allowance)
        size = 0.5 * float(problem.weights @ reach) ** 2
        return max(objective, bound + _ROUNDING * size)


def monotone(bounds: Sequence[float]) -> list[float]:
    """Return bounds that use each other: what bounds a larger budget bounds a smaller one.

    Parameters
    ----------
    bounds
        By ascending budget.
    """
    lowest = np.minimum.accumulate(np.array(bounds, dtype=float)[::-1])[::-1]
    return [float(bound) for bound in lowest]
