"""Exact: branch and bound on the concave relaxation, best bound first.

A node has some items taken, some refused, and the rest undecided. What is taken gives every
undecided item a linear gain, and t and the budget run over the rest alone, so the secant of
`solver.relaxation` gets tighter with every decision. Branching is on the undecided item that the
relaxation takes most by halves, weighed by what it is worth.

Whatever stops the search, the largest bound among the open nodes holds for the whole problem.
"""

import heapq
import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from solver.backends import Attempt
from solver.bounds import counted, relaxation
from solver.objective import pair_row, value
from solver.problem import Floats, Mask, SignatureProblem
from solver.relaxation import (
    QUICK,
    THOROUGH,
    Relaxation,
    Relaxed,
    fractional_knapsack,
    relax,
)
from solver.result import StopReason
from solver.stop import Stop

# A node whose bound is this close to the incumbent holds nothing that is not rounding: relative to
# the objective, and to the t^2 that the budget can reach, of which the objective is a difference.
_RELATIVE = 1e-10
_CANCELLATION = 1e-13


@dataclass(order=True, slots=True)
class _Node:
    """What is decided so far; heap order is largest bound first, then oldest.

    Parameters
    ----------
    key, number
        Minus the bound that its parent left it, and its age.
    taken
        Items that are in, in the order of the decisions.
    free
        Undecided items, shape (k,).
    gain
        What each item of the problem adds to those taken, shape (n,).
    worth, spent
        Objective and cost of those taken.
    start
        Where the parent's relaxation ended, for the undecided items, shape (k,).
    """

    key: float
    number: int
    taken: tuple[int, ...] = field(compare=False)
    free: npt.NDArray[np.intp] = field(compare=False)
    gain: Floats = field(compare=False)
    worth: float = field(compare=False)
    spent: float = field(compare=False)
    start: Floats = field(compare=False)


class _Tree:
    """The open nodes and the incumbent of one search."""

    def __init__(self, problem: SignatureProblem, incumbent: Mask, stop: Stop) -> None:
        self.problem = problem
        self.stop = stop
        self.chosen = incumbent
        self.best = value(problem, incumbent)
        self.whole = relaxation(problem)
        reach = fractional_knapsack(problem.weights, problem.costs, problem.allowance)
        self._rounding = _CANCELLATION * 0.5 * float(problem.weights @ reach) ** 2
        self._numbers = 0
        self.by_count = self._count_is_tighter()
        root = _Node(
            -math.inf,
            0,
            (),
            np.flatnonzero(problem.costs <= problem.allowance),
            np.zeros(problem.n),
            0.0,
            0.0,
            np.zeros(0),
        )
        self.open = [root]

    def target(self) -> float:
        """Return the bound below which a node is of no interest."""
        return self.best + _RELATIVE * abs(self.best) + self._rounding

    def out_of_time(self) -> bool:
        """Return whether a criterion says stop."""
        return self.stop(self.best, math.inf) is not None

    def _count_is_tighter(self) -> bool:
        """Return whether the number of items bounds the root better than the budget does."""
        bounds = [
            relax(data, self.target(), QUICK, self.out_of_time).bound
            for data in (self.whole, counted(self.whole))
        ]
        return bounds[1] < bounds[0]

    def relaxed(self, node: _Node) -> Relaxed:
        """Return the bound of a node whose undecided items all fit by themselves."""
        free, whole = node.free, self.whole
        data = Relaxation(
            node.worth,
            node.gain[free],
            whole.weights[free],
            whole.directions[free],
            whole.diagonal[free],
            whole.costs[free],
            whole.allowance - node.spent,
        )
        if self.by_count:
            data = counted(data)
        used = float(data.costs @ node.start)
        start = node.start * min(1.0, data.allowance / used) if used > 0 else node.start
        effort = QUICK if node.number else THOROUGH  # all else builds on the root
        return relax(data, self.target(), effort, self.out_of_time, start)

    def offer(self, items: npt.NDArray[np.intp]) -> None:
        """Make a selection the incumbent if it is affordable and better."""
        if math.fsum(self.problem.costs[items]) > self.problem.allowance:
            return
        chosen = np.zeros(self.problem.n, dtype=bool)
        chosen[items] = True
        worth = value(self.problem, chosen)
        if worth > self.best:
            self.chosen, self.best = chosen, worth

    def branch(self, node: _Node, relaxed: Relaxed) -> None:
        """Open the two children of a node: one item refused, and taken."""
        point, free = relaxed.point, node.free
        halves = np.minimum(point, 1.0 - point)
        place = int(np.argmax(halves * (node.gain[free] + self.whole.weights[free])))
        item = int(free[place])
        rest, start = np.delete(free, place), np.delete(point, place)
        bound = -relaxed.bound
        refused = _Node(
            bound, self._next(), node.taken, rest, node.gain, node.worth, node.spent, start
        )
        accepted = _Node(
            bound,
            self._next(),
            (*node.taken, item),
            rest,
            node.gain + pair_row(self.problem, item),
            node.worth + float(node.gain[item]),
            node.spent + float(self.problem.costs[item]),
            start,
        )
        heapq.heappush(self.open, refused)
        heapq.heappush(self.open, accepted)

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def explore(self, node: _Node) -> None:
        """Bound a node; branch on it where it may hold something better."""
        fits = self.problem.costs[node.free] <= self.problem.allowance - node.spent
        start = node.start if node.start.size else np.zeros(len(node.free))
        node.free, node.start = node.free[fits], start[fits]
        taken = np.array(node.taken, dtype=np.intp)
        self.offer(taken)
        if not node.free.size:
            return
        relaxed = self.relaxed(node)
        bound = min(relaxed.bound, -node.key)
        if bound <= self.target():
            return
        self.offer(np.concatenate([taken, node.free[relaxed.point > 0.5]]))  # noqa: PLR2004 - to the nearer
        self.branch(node, Relaxed(bound, relaxed.point))


def branch_and_bound(problem: SignatureProblem, incumbent: Mask, stop: Stop) -> Attempt:
    """Prove a selection optimal, or find a better one, or lower the bound until told to stop.

    Parameters
    ----------
    problem
        The problem.
    incumbent
        A selection within the budget, shape (n,).
    stop
        Asked before every node with the incumbent's objective and the bound so far, and between
        the steps of a relaxation.

    Returns
    -------
    Attempt
        `StopReason.PROVEN` with the objective as its own bound: nothing is better by more than
        1e-10 of it, or than what rounding leaves of differences of t^2. Or the criterion's reason
        with the largest bound among the open nodes.
    """
    tree = _Tree(problem, incumbent, stop)
    while tree.open:
        bound = max(-tree.open[0].key, tree.best)
        if bound <= tree.target():
            break
        reason = stop(tree.best, bound)
        if reason is not None:
            return Attempt(tree.chosen, bound, reason)
        tree.explore(heapq.heappop(tree.open))
    return Attempt(tree.chosen, tree.best, StopReason.PROVEN)
