"""What the trees of objectives that evaluate themselves share: rules, one limit, and endings.

Bounds take one limit into account, the one that binds most at the root; other rules bind by
propagation, and where they are broken.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from solver.model.problem import Mask, SetProblem
from solver.model.stop import Stop
from solver.rules.arrays import FREE, IN, States, propagate, rule_arrays
from solver.rules.book import keeps, knapsacks
from solver.search.best_first import Margin, OpenTree
from solver.search.greedy import extend

Node = TypeVar("Node")
ProblemT = TypeVar("ProblemT", bound=SetProblem)


class SetTree(OpenTree[Node], Generic[ProblemT, Node]):
    """The search on one problem.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    start
        A selection that keeps every rule, or any other: then there is no incumbent.
    stop
        Asked with incumbent and bound.
    """

    def __init__(self, problem: ProblemT, start: Mask, stop: Stop) -> None:
        objective = problem.value(start) if keeps(problem, start) else -np.inf
        super().__init__(start, objective, Margin())
        self.problem, self.stop = problem, stop
        self.rules = rule_arrays(problem)
        self.limit = knapsacks(problem)[0]

    def proven_bound(self) -> float:
        """Return what closed nodes may be worth: the incumbent, or more by less than the margin."""
        return self.bound()

    def choose_limit(self, first_bound: Callable[[], float]) -> None:
        """Bound by the limit that binds most: the one with the lowest first bound."""
        limits = knapsacks(self.problem)
        if len(limits) == 1:
            return
        bounds = []
        for self.limit in limits:
            bounds.append(first_bound())
        self.limit = limits[int(np.argmin(bounds))]

    def offer_filled(self, chosen: Mask) -> None:
        """Fill a selection up, and keep it where it is better."""
        if keeps(self.problem, chosen):
            self.offer_kept(extend(self.problem, chosen))

    def offer_kept(self, chosen: Mask) -> None:
        """Keep a selection where it is better and keeps the rules."""
        objective = self.problem.value(chosen)
        if objective > self.objective and keeps(self.problem, chosen):
            self.offer(chosen, objective)

    def settle(self, state: States, bound: float, fix: Callable[[], object], node: Node) -> None:
        """Close a node, or keep it open.

        Parameters
        ----------
        state
            Its decisions, shape (n,); changed in place.
        bound
            Nothing that they allow is worth more.
        fix
            Decides, in `state`, what could at most be worth the target otherwise.
        node
            What is kept where something stays undecided.
        """
        if bound <= self.target:
            self.open.close(bound)
            return
        fix()
        if not propagate(state, self.rules):
            self.open.close(self.target)
        elif (state == FREE).any():
            self.open.add(bound, node)
        else:
            self.offer_kept(state == IN)
            self.open.close(self.target)
