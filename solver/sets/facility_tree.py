"""Facility location by branch and bound on the Lagrangian of its assignment.

Every node starts from the levels of its parent and makes a few more steps
(`solver.sets.assignment`); reduced costs decide items; the most contested of the rest, in the
running average of the steps, is branched on.
"""

from dataclasses import dataclass

import numpy as np

from solver.model.constraints import Ints
from solver.model.problem import Floats, Mask
from solver.model.stop import Stop
from solver.rules.arrays import FREE, IN, OUT, States, propagate
from solver.sets.assignment import AssignmentBound, Points, descend, fix
from solver.sets.facility import FacilityProblem
from solver.sets.tree import SetTree

# Steps at the root, between two looks at the clock, and at a node.
_ROOT_STEPS, _ROUND, _NODE_STEPS = 600, 60, 40
# Items listed for each point: no level goes below what is not listed.
_LISTED = 1_024
# Nodes between two roundings.
_ROUNDING_NODES = 16
# The lists are made anew once so large a share of the items is decided.
_DECIDED = 0.3


@dataclass(frozen=True, eq=False, slots=True)
class FacilityNode:
    """Decisions, shape (n,), and the levels of points, shape (m,)."""

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


class FacilityTree(SetTree[FacilityProblem, FacilityNode]):
    """Branch and bound on facility location: its bound holds whenever the search ends."""

    def __init__(self, problem: FacilityProblem, start: Mask, stop: Stop) -> None:
        super().__init__(problem, start, stop)
        self._base = float(problem.demands @ problem.served)
        # Sums of numbers of one sign: each addition may lose half a digit.
        terms = problem.n + problem.similarities.shape[1] + 64
        self._inflation = 1.0 + 2 * terms * float(np.finfo(float).eps)
        self._set_items(np.arange(problem.n))

    def _set_items(self, items: Ints) -> None:
        """List the given items only; every other one is out for good."""
        more = self.problem.similarities[items] - self.problem.served
        worths = np.maximum(more, 0.0)
        worths *= self.problem.demands
        self._items, self._points = items, _points(worths, _LISTED)

    def _bound(self, raw: float) -> float:
        return float((self._base + raw) * self._inflation)

    def _raw_target(self) -> float:
        """Return the raw bound that is as good as the incumbent."""
        return float(self.target / self._inflation - self._base)

    def _descend(self, state: States, levels: Floats, steps: int) -> AssignmentBound:
        listed, room = self._items, self.limit.room(state == IN)
        costs = self.limit.costs[listed]
        target = max(self._raw_target(), 0.0)
        return descend(self._points, costs, room, state[listed], levels, target, steps)

    def _round(self, state: States, found: AssignmentBound) -> None:
        chosen = state == IN
        chosen[self._items[found.vertex >= 1.0]] = True
        self.offer_filled(chosen)

    def _fix(self, state: States, found: AssignmentBound) -> None:
        """Fix what the reduced costs decide: they belong to listed items, the others are out."""
        inner = state[self._items]
        fix(inner, found.reduced, found.bound, self._raw_target())
        state[self._items] = inner

    def _keep(self, state: States, found: AssignmentBound, limit: float) -> None:
        """Close a node, or keep it open with what has been found about it."""
        self.settle(
            state,
            min(limit, self._bound(found.bound)),
            lambda: self._fix(state, found),
            FacilityNode(state, found.levels),
        )

    def root(self) -> None:
        """Bound the whole, as far as there is time to."""
        state = np.zeros(self.problem.n, dtype=np.int8)
        if not self.problem.n or not propagate(state, self.rules):
            return
        levels = self._points.worth[:, 0].copy()
        self.choose_limit(lambda: self._descend(state, levels, _ROUND).bound)
        bound, found = np.inf, self._descend(state, levels, 1)
        for _ in range(0, _ROOT_STEPS, _ROUND):
            bound = min(bound, self._bound(found.bound))
            if self.stop(self.objective, bound) is not None:
                break
            before = found.bound
            found = self._descend(state, found.levels, _ROUND)
            self._round(state, found)
            if before - found.bound <= 1e-4 * max(0.0, before - self._raw_target()):
                break
        self._keep(state, found, bound)

    def _branching_item(self, state: States, found: AssignmentBound) -> int:
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

    def branch(self, taken: list[tuple[float, FacilityNode]]) -> None:
        """Make some more steps, then take the most contested item, and leave it out."""
        for bound, node in taken:
            if self.nodes == 0:
                self._shrink(node.state)
            self._branch(bound, node, rounding=self.nodes % _ROUNDING_NODES == 0)
            self.nodes += 1

    def _branch(self, bound: float, node: FacilityNode, *, rounding: bool) -> None:
        found = self._descend(node.state, node.levels, _NODE_STEPS // 2)
        better = min(bound, self._bound(found.bound))
        if rounding:
            self._round(node.state, found)
        state = node.state.copy()
        if better <= self.target:
            self.open.close(better)
            return
        self._fix(state, found)
        if not propagate(state, self.rules) or not (state == FREE).any():
            self._keep(state, found, better)
            return
        item = self._branching_item(state, found)
        for side in (IN, OUT):
            child = state.copy()
            child[item] = side
            if propagate(child, self.rules):
                self._keep(child, self._descend(child, found.levels, _NODE_STEPS), better)
