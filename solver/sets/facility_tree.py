"""Facility location by branch and bound on the Lagrangian of its assignment.

Every node starts from the levels of its parent and makes a few more steps
(`solver.sets.assignment`); reduced costs decide items; the most contested of the rest, in the
running average of the steps, is branched on.
"""

import numpy as np
import numpy.typing as npt

from solver.model.constraints import Ints
from solver.model.problem import Floats, Mask
from solver.model.stop import Stop
from solver.rules.arrays import FREE, IN, OUT, States
from solver.search.proof_log import ProofLog
from solver.sets.assignment import AssignmentBound, Points, descend, fix
from solver.sets.facility import FacilityProblem
from solver.sets.tree import SetNode, SetTree

# Steps at the root, between two looks at the clock, and at a node.
_ROOT_STEPS, _ROUND, _NODE_STEPS = 600, 60, 40
# Items listed for each point: no level goes below what is not listed.
_LISTED = 1_024
# Nodes between two roundings.
_ROUNDING_NODES = 16
# The lists are made anew once so large a share of the items is decided.
_DECIDED = 0.3


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


class FacilityTree(SetTree[FacilityProblem, AssignmentBound]):
    """Branch and bound on facility location: its bound holds whenever the search ends."""

    def __init__(
        self, problem: FacilityProblem, start: Mask, stop: Stop, log: ProofLog | None = None
    ) -> None:
        super().__init__(problem, start, stop, log)
        self._base = float(problem.demands @ problem.served)
        # Sums of numbers of one sign: each addition may lose half a digit.
        terms = problem.n + problem.similarities.shape[1] + 64
        self._inflation = 1.0 + 2 * terms * float(np.finfo(float).eps)
        self._served = np.arange(problem.similarities.shape[1])
        self._set_items(np.arange(problem.n))

    @staticmethod
    def rounding(problem: FacilityProblem) -> float:
        return problem.resolution

    def _worths(self, items: Ints) -> Floats:
        """Return what some items are worth to each point, shape (k, m)."""
        worths = np.maximum(self.problem.similarities[items] - self.problem.served, 0.0)
        worths *= self.problem.demands
        return worths

    def _set_items(self, items: Ints) -> None:
        """List the given items only; every other one is out for good."""
        self._items, self._points = items, _points(self._worths(items), _LISTED)

    def _raised(self, raw: float) -> float:
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

    def first_bound(self, state: States, start: Floats) -> float:
        return self._descend(state, start, _ROUND).bound

    def inflated(self, found: AssignmentBound) -> float:
        return self._raised(found.bound)

    def fix(self, state: States, found: AssignmentBound) -> None:
        """Fix what the reduced costs decide: they belong to listed items, the others are out."""
        inner = state[self._items]
        fix(inner, found.reduced, found.bound, self._raw_target())
        state[self._items] = inner

    def corner(self, state: States) -> tuple[float, Floats]:
        levels = self._worths(np.flatnonzero(state == IN)).max(axis=0, initial=0.0)
        return self._raised(float(levels.sum())), np.asarray(levels)

    def written(self, row: Floats) -> tuple[npt.NDArray[np.int64], np.ndarray]:
        return self._served, row

    def root(self) -> None:
        """Bound the whole, as far as there is time to."""
        state = np.zeros(self.problem.n, dtype=np.int8)
        if self.kept(state, 0) is None:
            return
        if not self.problem.n:
            self.complete(state, 0)
            return
        levels = self._points.worth[:, 0].copy()
        self.choose_limit(state, levels)
        bound, found = np.inf, self._descend(state, levels, 1)
        for _ in range(0, _ROOT_STEPS, _ROUND):
            bound = min(bound, self.inflated(found))
            if self.stop(self.objective, bound) is not None:
                break
            before = found.bound
            found = self._descend(state, found.levels, _ROUND)
            self._round(state, found)
            if before - found.bound <= 1e-4 * max(0.0, before - self._raw_target()):
                break
        self.settle(state, found, np.inf, 0)

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

    def branch(self, taken: list[tuple[float, SetNode]]) -> None:
        """Make some more steps, then take the most contested item, and leave it out."""
        for _, node in taken:
            if self.nodes == 0:
                self._shrink(node.state)
            self._branch(node, rounding=self.nodes % _ROUNDING_NODES == 0)
            self.nodes += 1

    def _branch(self, node: SetNode, *, rounding: bool) -> None:
        found = self._descend(node.state, node.row, _NODE_STEPS // 2)
        better = min(node.bound, self.inflated(found))
        if rounding:
            self._round(node.state, found)
        if better <= self.target:
            self.show(node.place, found.levels, found.price, closes=True)
            self.open.close(better)
            return
        state = node.state.copy()
        place = self.decided(state, node.place, found)
        if place is None:
            self.open.close(self.target)
            return
        if not (state == FREE).any():
            self.complete(state, place)
            return
        limit = better if self.log is None or place != node.place else node.limit
        item = self._branching_item(state, found)
        without, with_it = self.split(place, item)
        for side, part in ((IN, with_it), (OUT, without)):
            child = state.copy()
            child[item] = side
            if self.kept(child, part) is not None:
                self.settle(child, self._descend(child, found.levels, _NODE_STEPS), limit, part)
