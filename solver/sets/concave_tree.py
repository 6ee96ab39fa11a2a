"""Concave objectives by branch and bound on tangent planes.

A plane that touches the objective's extension at x bounds it over the budget by a continuous
knapsack, wherever x lies; multiplicative steps move x to where the bound is low. Reduced costs
decide items, and the item that x is least sure of is branched on.

References
----------
Frank, Wolfe: An algorithm for quadratic programming (1956), on the bound at every step.
Silvey, Titterington, Torsney: An algorithm for optimal designs on a finite design space (1978), on
the step.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.model.kernel import kernel
from solver.model.problem import Floats, Mask
from solver.model.stop import Stop
from solver.rules.arrays import FREE, IN, OUT, States
from solver.rules.book import keeps
from solver.search.knapsack import fill
from solver.search.local_search import Landscape
from solver.search.proof_log import ProofLog
from solver.sets.assignment import fix
from solver.sets.base import ConcaveProblem
from solver.sets.tree import SetNode, SetTree

_ROOT_STEPS, _NODE_STEPS = 150, 12
# Steps end where the point is this share of the gap below the bound.
_CONVERGED = 0.03
# Halvings of a range that fills the room; the result is scaled to fit anyway.
_HALVINGS = 60
# No undecided item's x gets lower: it could not come back.
_LEAST = 1e-6
# Items of a larger x are taken when a point is rounded.
_SURE = 0.5
# Nodes between two roundings.
_ROUNDING_NODES = 8
# Perturbations of the incumbent at each node, where local search is compiled.
_SEARCH_ROUNDS = 2


@dataclass(frozen=True, eq=False, slots=True)
class TangentBound:
    """The least bound of some planes, and its plane's reduced costs, point and price of room."""

    bound: float
    reduced: Floats
    row: Floats
    price: float


@kernel
def _used(weight: Floats, costs: Floats, scale: float) -> float:
    """Return the cost of a point that is a multiple of a weight, but at most 1."""
    spent = 0.0
    for i in range(len(weight)):
        if weight[i] > 0.0:
            spent += costs[i] * min(1.0, scale * weight[i])
    return spent


@kernel
def _scale(weight: Floats, costs: Floats, room: float) -> float:
    """Return the largest multiple of a weight that costs no more than `room`."""
    low, high = 0.0, 1.0 / weight.max()
    # Grow until the room is used; then halve.
    for _ in range(_HALVINGS):
        if _used(weight, costs, high) > room:
            break
        low = high
        high *= 4.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if _used(weight, costs, middle) > room:
            high = middle
        else:
            low = middle
    return low


@kernel
def _proportional(
    x: Floats, worth: Floats, costs: Floats, state: States, room: float, least: float
) -> Floats:
    """Return a point where undecided x grow in proportion to worth per cost, up to 1.

    The multiplicative step of optimal design: at an optimum, worth per cost is the price of room
    wherever x lies between 0 and 1, and the step changes nothing.

    Parameters
    ----------
    x
        Decided items keep theirs, shape (n,).
    least
        No undecided x becomes less, so that none is lost.
    """
    n = len(x)
    weight, out = np.zeros(n), x.copy()
    cost = 0.0
    for i in range(n):
        if state[i] == FREE:
            out[i] = 1.0
            cost += costs[i]
            if costs[i] > 0.0:
                weight[i] = max(x[i], least) * worth[i] / costs[i]
    if cost <= room or not (weight > 0.0).any():
        return out
    scale = _scale(weight, costs, room)
    for i in range(n):
        if state[i] == FREE and costs[i] > 0.0:
            out[i] = max(least, min(1.0, scale * weight[i]))
    return out


class ConcaveTree(SetTree[ConcaveProblem, TangentBound]):
    """Branch and bound on a concave objective: its bound holds whenever the search ends.

    Parameters
    ----------
    problem, start, stop, log
        See :class:`solver.sets.tree.SetTree`.
    landscape
        Compiled local search, where the objective has one: a few rounds at each node. Where the
        bound is quick there are few nodes, and where it is not, seeds get better for as long.
    random_seed
        Of these rounds.
    """

    def __init__(
        self,
        problem: ConcaveProblem,
        start: Mask,
        stop: Stop,
        log: ProofLog | None = None,
        landscape: Landscape | None = None,
        random_seed: int = 0,
    ) -> None:
        super().__init__(problem, start, stop, log)
        self._landscape, self._rng = landscape, np.random.default_rng(random_seed)

    def _improve(self) -> None:
        """Perturb the incumbent and descend again."""
        if self._landscape is None or not keeps(self.problem, self.chosen):
            return
        for _ in range(_SEARCH_ROUNDS):
            shaken = self._landscape.perturb(self.chosen, self._rng)
            self.offer_kept(self._landscape.descend(shaken, self.stop))

    @staticmethod
    def rounding(problem: ConcaveProblem) -> float:
        return problem.margin

    def _relax(self, state: States, start: Floats, steps: int) -> TangentBound:
        """Lower a node's bound from a point of its parent's."""
        problem = self.problem
        costs, room = self.limit.costs, self.limit.room(state == IN)
        target = self.target
        x = np.where(state == IN, 1.0, np.where(state == OUT, 0.0, start))
        # A start that uses the room.
        x = self._halved(_proportional(x, costs, costs, state, room, _LEAST))
        free = np.flatnonzero(state == FREE)
        items, vertex = np.empty(problem.n, np.int64), np.zeros(problem.n)
        best = TangentBound(np.inf, np.zeros(problem.n), x, 0.0)
        for _ in range(steps):
            constant, slope = problem.plane(x)
            inside = constant + float(slope[state == IN].sum()) + problem.margin
            filled, price = fill(free, len(free), slope, costs, room, items, vertex, 0.0)
            bound = inside + filled * (1.0 + 1e-14 * problem.n)
            if bound < best.bound:
                reduced = np.where(state == FREE, slope - price * costs, 0.0)
                best = TangentBound(bound, reduced, x, price)
            here = constant + float(slope @ x)
            if best.bound <= target or best.bound - here <= _CONVERGED * (best.bound - target):
                break
            if steps == _ROOT_STEPS and self.stop(self.objective, best.bound) is not None:
                break
            x = self._halved(_proportional(x, slope, costs, state, room, _LEAST))
        return best

    def _halved(self, x: Floats) -> Floats:
        """Return a point as a proof keeps it, in half of the bytes; its plane is what counts."""
        return x if self.log is None else x.astype(np.float32).astype(np.float64)

    def _round(self, state: States, x: Floats) -> None:
        """Take the items that x is surest of, as long as they fit."""
        if self.log is not None:
            return
        costs, allowance = self.problem.costs, self.problem.allowance
        chosen = state == IN
        spent = float(costs[chosen].sum())
        for item in np.argsort(-x, kind="stable"):
            if state[item] == FREE and x[item] > _SURE and spent + costs[item] <= allowance:
                chosen[item] = True
                spent += costs[item]
        self.offer_filled(chosen)

    def first_bound(self, state: States, start: Floats) -> float:
        return self._relax(state, start, _NODE_STEPS).bound

    def inflated(self, found: TangentBound) -> float:
        return found.bound

    def fix(self, state: States, found: TangentBound) -> None:
        fix(state, found.reduced, found.bound, self.target)

    def corner(self, state: States) -> tuple[float, Floats]:
        x = (state == IN).astype(np.float64)
        constant, slope = self.problem.plane(x)
        return constant + float(slope @ x) + self.problem.margin, x

    def written(self, row: Floats) -> tuple[npt.NDArray[np.int64], np.ndarray]:
        return self._undecided, row[self._undecided].astype(np.float32)

    def root(self) -> None:
        """Bound the whole."""
        state = np.zeros(self.problem.n, dtype=np.int8)
        self._undecided = np.arange(self.problem.n)
        if self.kept(state, 0) is None:
            return
        start = np.ones(self.problem.n)
        self.choose_limit(state, start)
        found = self._relax(state, start, _ROOT_STEPS)
        self._round(state, found.row)
        self.settle(state, found, np.inf, 0)

    def branch(self, taken: list[tuple[float, SetNode]]) -> None:
        """Take the item that x is least sure of, and leave it out."""
        self._improve()
        for _, node in taken:
            if self.nodes == 0:
                # What the root has decided is in no point any more.
                self._undecided = np.flatnonzero(node.state == FREE)
            if self.nodes % _ROUNDING_NODES == 0:
                self._round(node.state, node.row)
            free = np.flatnonzero(node.state == FREE)
            doubt = np.minimum(node.row[free], 1.0 - node.row[free])
            item = int(free[np.argmax(doubt)])
            without, with_it = self.split(node.place, item)
            for side, place in ((IN, with_it), (OUT, without)):
                state = node.state.copy()
                state[item] = side
                if self.kept(state, place) is not None:
                    found = self._relax(state, node.row, _NODE_STEPS)
                    self.settle(state, found, node.limit, place)
            self.nodes += 1
