"""Concave objectives by branch and bound on tangent planes.

A plane that touches the objective's extension at x bounds it over the budget by a continuous
knapsack, wherever x lies; multiplicative steps move x to where the bound is low. Reduced costs
decide items, and the item that x is least sure of is branched on. Bounds take one limit into
account, the one that binds most at the root; other rules bind by propagation, and where they are
broken.

References
----------
Frank, Wolfe: An algorithm for quadratic programming (1956), on the bound at every step.
Silvey, Titterington, Torsney: An algorithm for optimal designs on a finite design space (1978), on
the step.
"""

from dataclasses import dataclass

import numpy as np

from solver.model.problem import Mask
from solver.model.result import StopReason
from solver.model.stop import Stop
from solver.rules.arrays import FREE, IN, OUT, Floats, States, propagate
from solver.rules.feasibility import keeps
from solver.rules.limits import Limit, limits_of
from solver.search.attempt import Attempt
from solver.search.core import rules_of
from solver.search.greedy import extend
from solver.search.open_nodes import OpenNodes, enough
from solver.sets.assignment import fix
from solver.sets.concave import ConcaveProblem
from solver.sets.fill import best_filling, proportional

_ROOT_STEPS, _NODE_STEPS = 150, 12
# Steps end where the point is this share of the gap below the bound.
_CONVERGED = 0.03
# No undecided item's x gets lower: it could not come back.
_LEAST = 1e-6
# Items of a larger x are taken when a point is rounded.
_SURE = 0.5
# Nodes between two roundings.
_ROUNDING_NODES = 8


@dataclass(frozen=True, eq=False, slots=True)
class _Node:
    state: States
    x: Floats


@dataclass(frozen=True, eq=False, slots=True)
class _Found:
    bound: float
    reduced: Floats
    x: Floats


class ConcaveTree:
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

    def __init__(self, problem: ConcaveProblem, start: Mask, stop: Stop) -> None:
        self._problem, self._stop = problem, stop
        self._chosen = start
        self._objective = problem.value(start) if keeps(problem, start) else -np.inf
        self._rules = rules_of(problem)
        self._limit = Limit(problem.costs, problem.allowance)
        self._open: OpenNodes[_Node] = OpenNodes()

    def _relax(self, state: States, start: Floats, limit: float, steps: int) -> _Found:
        """Lower a node's bound from a point of its parent's."""
        problem = self._problem
        costs, room = self._limit.costs, self._limit.room(state)
        target = enough(self._objective)
        x = np.where(state == IN, 1.0, np.where(state == OUT, 0.0, start))
        # A start that uses the room.
        x = proportional(x, costs, costs, state, room, _LEAST)
        best = _Found(limit, np.zeros(problem.n), x)
        value = np.inf
        for step in range(steps):
            constant, slope = problem.plane(x)
            inside = constant + float(slope[state == IN].sum()) + problem.margin
            filled, price = best_filling(slope, costs, state, room)
            bound = inside + filled * (1.0 + 1e-14 * problem.n)
            if bound < value:
                value = bound
                reduced = np.where(state == FREE, slope - price * costs, 0.0)
                best = _Found(min(limit, bound), reduced if bound <= limit else best.reduced, x)
            here = constant + float(slope @ x)
            if value <= target or value - here <= _CONVERGED * (value - target):
                break
            if steps == _ROOT_STEPS and self._stop(self._objective, best.bound) is not None:
                break
            moved = proportional(x, slope, costs, state, room, _LEAST)
            pace = problem.pace(step)
            x = moved if pace >= 1.0 else x + pace * (moved - x)
        return best

    def _try(self, chosen: Mask) -> None:
        if not keeps(self._problem, chosen):
            return
        chosen = extend(self._problem, chosen)
        worth = self._problem.value(chosen)
        if worth > self._objective and keeps(self._problem, chosen):
            self._chosen, self._objective = chosen, worth

    def _round(self, state: States, x: Floats) -> None:
        """Take the items that x is surest of, as long as they fit."""
        costs, allowance = self._problem.costs, self._problem.allowance
        chosen = state == IN
        spent = float(costs[chosen].sum())
        for item in np.argsort(-x, kind="stable"):
            if state[item] == FREE and x[item] > _SURE and spent + costs[item] <= allowance:
                chosen[item] = True
                spent += costs[item]
        self._try(chosen)

    def _settle(self, state: States, found: _Found) -> None:
        """Close a node, or keep it open with what has been found about it."""
        target = enough(self._objective)
        if found.bound <= target:
            self._open.close(found.bound)
            return
        # What is decided, here or by the rules, could at most be worth the target otherwise.
        fix(state, found.reduced, found.bound, target)
        if not propagate(state, self._rules):
            self._open.close(target)
            return
        if (state == FREE).any():
            self._open.add(found.bound, _Node(state, found.x))
            return
        chosen = state == IN
        worth = self._problem.value(chosen)
        if worth > self._objective and keeps(self._problem, chosen):
            self._chosen, self._objective = chosen, worth
        self._open.close(enough(self._objective))

    def _first_bound(self, limit: Limit, state: States) -> float:
        self._limit = limit
        return self._relax(state, np.ones(len(state)), np.inf, _NODE_STEPS).bound

    def root(self) -> None:
        """Bound the whole."""
        state = np.zeros(self._problem.n, dtype=np.int8)
        if not propagate(state, self._rules):
            return
        limits, start = limits_of(self._problem), np.ones(self._problem.n)
        if len(limits) > 1:
            self._limit = min(limits, key=lambda limit: self._first_bound(limit, state))
        found = self._relax(state, start, np.inf, _ROOT_STEPS)
        self._round(state, found.x)
        self._settle(state, found)

    def _branch(self, bound: float, node: _Node) -> None:
        free = np.flatnonzero(node.state == FREE)
        doubt = np.minimum(node.x[free], 1.0 - node.x[free])
        item = int(free[np.argmax(doubt)])
        for side in (IN, OUT):
            state = node.state.copy()
            state[item] = side
            if propagate(state, self._rules):
                self._settle(state, self._relax(state, node.x, bound, _NODE_STEPS))

    def search(self, node_limit: int | None) -> Attempt:
        """Open nodes until nothing can beat the incumbent, or the criterion says stop."""
        opened = 0
        while True:
            top = self._open.pop(self._objective)
            if top is None:
                bound = self._open.bound(self._objective)
                return Attempt(self._chosen, bound, StopReason.PROVEN, opened)
            bound, node = top
            whole = self._open.bound(self._objective, bound)
            reason = self._stop(self._objective, whole)
            if reason is not None or (node_limit is not None and opened >= node_limit):
                return Attempt(self._chosen, whole, reason or StopReason.EXHAUSTED, opened)
            if opened % _ROUNDING_NODES == 0:
                self._round(node.state, node.x)
            self._branch(bound, node)
            opened += 1


def concave_tree(
    problem: ConcaveProblem, start: Mask, stop: Stop, nodes: int | None = None
) -> Attempt:
    """Solve a concave objective by branch and bound.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    start
        The selection to beat.
    stop
        Asked with incumbent and bound before every node.
    nodes
        Nodes that are opened at most.

    Returns
    -------
    Attempt
        Its bound holds whenever the search ended.
    """
    tree = ConcaveTree(problem, start, stop)
    tree.root()
    return tree.search(nodes)
