"""Facility location by branch and bound on the Lagrangian of its assignment.

Every node starts from the levels of its parent and makes a few more steps (`kernels.assignment`);
reduced costs decide items; the most contested of the rest, in the running average of the steps, is
branched on. Bounds take one limit into account, the one that binds most at the root; other rules
bind by propagation, and where they are broken.
"""

from dataclasses import dataclass

import numpy as np

from solver.model.problem import Mask
from solver.model.result import StopReason
from solver.model.stop import Stop
from solver.rules.arrays import FREE, IN, OUT, Floats, Ints, States, propagate
from solver.rules.feasibility import keeps
from solver.rules.limits import Limit, limits_of
from solver.search.attempt import Attempt
from solver.search.core import rules_of
from solver.search.greedy import extend
from solver.search.open_nodes import OpenNodes, enough
from solver.sets.assignment import Bounded, Points, descend, fix
from solver.sets.facility import FacilityProblem

# Steps at the root, between two looks at the clock, and at a node.
_ROOT_STEPS, _ROUND, _NODE_STEPS = 600, 60, 40
# Items listed for each point: no level goes below what is not listed.
_LISTED = 1_024
# Nodes between two roundings.
_ROUNDING_NODES = 16
# The lists are made anew once so large a share of the items is decided.
_DECIDED = 0.3


@dataclass(frozen=True, eq=False, slots=True)
class _Node:
    state: States
    levels: Floats


def _points(worths: Floats, listed: int) -> Points:
    """Return each point's items, best first.

    Parameters
    ----------
    worths
        Shape (n, m), at least 0.
    listed
        Items a point, at most.
    """
    n, m = worths.shape
    listed = min(listed, n)
    items = np.empty((m, listed), dtype=np.int32)
    worth = np.empty((m, listed))
    floor = np.zeros(m)
    for j in range(m):
        column = np.ascontiguousarray(worths[:, j])
        order = np.arange(n)
        if listed < n:
            order = np.argpartition(-column, listed)
            floor[j] = column[order[listed]]
            order = np.sort(order[:listed])
        order = order[np.argsort(-column[order], kind="stable")]
        items[j], worth[j] = order, column[order]
    return Points(items, worth, floor)


class FacilityTree:
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

    def __init__(self, problem: FacilityProblem, start: Mask, stop: Stop) -> None:
        self._problem, self._stop = problem, stop
        self._base = float(problem.demands @ problem.served)
        self._chosen = start
        self._objective = problem.value(start) if keeps(problem, start) else -np.inf
        # Sums of numbers of one sign: each addition may lose half a digit.
        terms = problem.n + problem.similarities.shape[1] + 64
        self._inflation = 1.0 + 2 * terms * float(np.finfo(float).eps)
        self._rules = rules_of(problem)
        self._open: OpenNodes[_Node] = OpenNodes()
        self._limit = Limit(problem.costs, problem.allowance)
        self._set_items(np.arange(problem.n))

    def _set_items(self, items: Ints) -> None:
        """List the given items only; every other one is out for good."""
        more = self._problem.similarities[items] - self._problem.served
        worths = np.maximum(more, 0.0)
        worths *= self._problem.demands
        self._items, self._points = items, _points(worths, _LISTED)

    def _bound(self, raw: float) -> float:
        return float((self._base + raw) * self._inflation)

    def _target(self) -> float:
        """Return the raw bound that is as good as the incumbent."""
        return float(enough(self._objective) / self._inflation - self._base)

    def _descend(self, state: States, levels: Floats, steps: int) -> Bounded:
        listed, room = self._items, self._limit.room(state)
        costs = self._limit.costs[listed]
        target = max(self._target(), 0.0)
        return descend(self._points, costs, room, state[listed], levels, target, steps)

    def _try(self, chosen: Mask) -> None:
        """Fill a selection up, and keep it where it is better."""
        if not keeps(self._problem, chosen):
            return
        chosen = extend(self._problem, chosen)
        objective = self._problem.value(chosen)
        if objective > self._objective and keeps(self._problem, chosen):
            self._chosen, self._objective = chosen, objective

    def _round(self, state: States, found: Bounded) -> None:
        chosen = state == IN
        chosen[self._items[found.vertex >= 1.0]] = True
        self._try(chosen)

    def _decide(self, state: States, found: Bounded) -> bool:
        """Fix what the reduced costs and the rules leave no choice about; False where nothing can.

        Reduced costs belong to listed items; the others are out.
        """
        inner = state[self._items]
        fix(inner, found.reduced, found.bound, self._target())
        state[self._items] = inner
        return propagate(state, self._rules)

    def _settle(self, state: States, found: Bounded, levels: Floats, limit: float) -> None:
        """Close a node, or keep it open with what has been found about it."""
        bound = min(limit, self._bound(found.bound))
        if bound <= enough(self._objective):
            self._open.close(bound)
            return
        if not self._decide(state, found):
            self._open.close(enough(self._objective))
            return
        if (state == FREE).any():
            self._open.add(bound, _Node(state, levels))
            return
        chosen = state == IN
        if keeps(self._problem, chosen):
            worth = self._problem.value(chosen)
            if worth > self._objective:
                self._chosen, self._objective = chosen, worth
        self._open.close(enough(self._objective))

    def _first_bound(self, limit: Limit, state: States, levels: Floats) -> float:
        self._limit = limit
        return self._descend(state, levels, _ROUND).bound

    def root(self) -> bool:
        """Bound the whole; return whether there was time to."""
        state = np.zeros(self._problem.n, dtype=np.int8)
        if not propagate(state, self._rules):
            self._open.close(self._objective)
            return True
        levels = self._points.worth[:, 0].copy()
        limits = limits_of(self._problem)
        if len(limits) > 1:
            self._limit = min(limits, key=lambda limit: self._first_bound(limit, state, levels))
        bound, found = np.inf, self._descend(state, levels, 1)
        for _ in range(0, _ROOT_STEPS, _ROUND):
            bound = min(bound, self._bound(found.bound))
            if self._stop(self._objective, bound) is not None:
                self._settle(state, found, found.levels, bound)
                return False
            before = found.bound
            found = self._descend(state, found.levels, _ROUND)
            self._round(state, found)
            if before - found.bound <= 1e-4 * max(0.0, before - self._target()):
                break
        self._settle(state, found, found.levels, bound)
        return True

    def _branching_item(self, state: States, found: Bounded) -> int:
        """Return the undecided item whose place is least clear."""
        free = np.flatnonzero(state[self._items] == FREE)
        doubt = np.minimum(found.average[free], 1.0 - found.average[free])
        best = np.flatnonzero(doubt >= doubt.max() - 1e-9)
        return int(self._items[free[best[np.argmin(np.abs(found.reduced[free[best]]))]]])

    def _shrink(self, state: States) -> None:
        """List fewer items where the root has decided many."""
        left = np.flatnonzero(state != OUT)
        if len(left) <= (1.0 - _DECIDED) * len(self._items):
            self._set_items(left)

    def search(self, node_limit: int | None) -> Attempt:
        """Open nodes until nothing can beat the incumbent, or the criterion says stop."""
        opened = 0
        while True:
            top = self._open.pop(self._objective)
            if top is None:
                break
            bound, node = top
            if opened == 0:
                self._shrink(node.state)
            whole = self._open.bound(self._objective, bound)
            reason = self._stop(self._objective, whole)
            if reason is not None or (node_limit is not None and opened >= node_limit):
                return Attempt(self._chosen, whole, reason or StopReason.EXHAUSTED, opened)
            self._branch(bound, node, rounding=opened % _ROUNDING_NODES == 0)
            opened += 1
        return Attempt(self._chosen, self._open.bound(self._objective), StopReason.PROVEN, opened)

    def _branch(self, bound: float, node: _Node, *, rounding: bool) -> None:
        found = self._descend(node.state, node.levels, _NODE_STEPS // 2)
        better = min(bound, self._bound(found.bound))
        if rounding:
            self._round(node.state, found)
        state = node.state.copy()
        if better <= enough(self._objective):
            self._open.close(better)
            return
        if not self._decide(state, found) or not (state == FREE).any():
            self._settle(state, found, found.levels, better)
            return
        item = self._branching_item(state, found)
        for side in (IN, OUT):
            child = state.copy()
            child[item] = side
            if not propagate(child, self._rules):
                continue
            inner = self._descend(child, found.levels, _NODE_STEPS)
            self._settle(child, inner, inner.levels, better)


def facility_tree(
    problem: FacilityProblem, start: Mask, stop: Stop, nodes: int | None = None
) -> Attempt:
    """Solve facility location by branch and bound.

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
    tree = FacilityTree(problem, start, stop)
    if problem.n and tree.root():
        return tree.search(nodes)
    return tree.search(0)
