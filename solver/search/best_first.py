"""Best-first search: of all that is open, what has the largest bound is looked at next.

`OpenNodes` is the one heap: nodes of branch and bound, and ranges of a relaxation that is refined
where it binds. `best_first` is the one loop: it ends where nothing that is open can beat the
incumbent, where a criterion says stop, or at a number of nodes. A family of objectives says how its
nodes are bounded, completed and split (`BranchAndBound`).
"""

import heapq
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

from typing_extensions import override

from solver.model.problem import Mask
from solver.model.result import StopReason
from solver.model.stop import Stop

Node = TypeVar("Node")


@dataclass(frozen=True, eq=False, slots=True)
class Attempt:
    """What a search found.

    Parameters
    ----------
    chosen
        A selection within the budget, shape (n,).
    upper_bound
        What the search proved that nothing exceeds; ``inf`` where it proves nothing.
    stop_reason
        Why it ended.
    nodes
        Nodes of branch and bound, as the family counts them.
    """

    chosen: Mask
    upper_bound: float
    stop_reason: StopReason
    nodes: int = 0


@dataclass(frozen=True, slots=True)
class Margin:
    """By how much a bound must exceed an objective to matter; below that it is rounding.

    Parameters
    ----------
    absolute
        In the objective's unit.
    relative
        As a share of the objective.
    """

    absolute: float = 0.0
    relative: float = 1e-10

    def target(self, objective: float) -> float:
        """Return the bound at which a node is not worth opening; -inf without an incumbent."""
        if objective == -math.inf:
            return objective
        return objective + self.absolute + self.relative * abs(objective)


class OpenNodes(Generic[Node]):
    """A heap of nodes, largest bound first; ties are broken by age, never by chance.

    Parameters
    ----------
    youngest_first
        Whether of equal bounds the node that came last is looked at first, as a search that wants
        to go deep does. Nodes that are added together keep their order either way.
    """

    def __init__(self, *, youngest_first: bool = False) -> None:
        self._heap: list[tuple[float, int, int, Node]] = []
        self._ages = count(0, -1 if youngest_first else 1)
        self._closed = -math.inf

    def __len__(self) -> int:
        return len(self._heap)

    def __iter__(self) -> Iterator[Node]:
        """Yield the open nodes, in no particular order."""
        return (entry[-1] for entry in self._heap)

    def add(self, bound: float, *nodes: Node) -> None:
        """Keep nodes open."""
        age = next(self._ages)
        for place, node in enumerate(nodes):
            heapq.heappush(self._heap, (-bound, age, place, node))

    def close(self, bound: float) -> None:
        """Remember the bound of a node that is not opened any more."""
        self._closed = max(self._closed, bound)

    @property
    def top(self) -> tuple[float, Node]:
        """The largest bound, and its node."""
        return -self._heap[0][0], self._heap[0][-1]

    def take(self, target: float, most: int = 1) -> list[tuple[float, Node]]:
        """Take out up to `most` nodes of the largest bounds, only such as are above `target`."""
        taken: list[tuple[float, Node]] = []
        while self._heap and len(taken) < most and -self._heap[0][0] > target:
            bound, _, _, node = heapq.heappop(self._heap)
            taken.append((-bound, node))
        return taken

    def bound(self) -> float:
        """Return the largest bound of a node, open or closed; -inf where there was none."""
        return max(-self._heap[0][0] if self._heap else -math.inf, self._closed)

    def refine(
        self,
        target: float,
        most: int,
        split: Callable[[float, Node], Sequence[tuple[float, Node]]],
        give_up: Callable[[], bool],
    ) -> None:
        """Replace the node that binds by what it is split into, until that does not matter.

        Parameters
        ----------
        target
            A node bounded by this is not looked at.
        most
            How many nodes may be looked at.
        split
            From a node and its bound; nothing where it is not worth splitting, which ends it.
        give_up
            Polled before every node.
        """
        for _ in range(most):
            bound, node = self.top
            if bound <= target or give_up():
                return
            parts = split(bound, node)
            if not parts:
                return
            heapq.heappop(self._heap)
            for part_bound, part in parts:
                self.add(part_bound, part)


class BranchAndBound(ABC):
    """The incumbent and the tree of one search: what a family of objectives implements.

    Parameters
    ----------
    chosen, objective
        The selection to beat, and its objective: -inf where it does not keep the rules.
    margin
        What separates a bound from an objective.
    """

    def __init__(self, chosen: Mask, objective: float, margin: Margin) -> None:
        self.chosen, self.objective, self.margin = chosen, objective, margin
        self.nodes = 0

    @property
    def target(self) -> float:
        """The bound at which a node is not worth opening."""
        return self.margin.target(self.objective)

    def offer(self, chosen: Mask, objective: float) -> None:
        """Make a selection that keeps the rules the incumbent where it is better."""
        if objective > self.objective:
            self.chosen, self.objective = chosen, objective

    @abstractmethod
    def root(self) -> None:
        """Bound the whole, before any node is opened."""

    @abstractmethod
    def bound(self) -> float:
        """Return what no selection exceeds."""

    @abstractmethod
    def step(self) -> None:
        """Look at the open nodes of the largest bounds, one or some, and count them."""

    def is_full(self) -> bool:
        """Return whether there is no room for another node."""
        return False

    def proven_bound(self) -> float:
        """Return the bound once no open node is above the target.

        By default the incumbent's objective: what is left differs from it by less than the margin,
        which is rounding, or less than 1 where all worths are whole.
        """
        return self.objective


class OpenTree(BranchAndBound, Generic[Node]):
    """A branch and bound whose nodes lie in `OpenNodes`.

    Parameters
    ----------
    batch
        Nodes that are branched side by side.
    youngest_first
        See `OpenNodes`.
    """

    def __init__(
        self,
        chosen: Mask,
        objective: float,
        margin: Margin,
        *,
        batch: int = 1,
        youngest_first: bool = False,
    ) -> None:
        super().__init__(chosen, objective, margin)
        self.open: OpenNodes[Node] = OpenNodes(youngest_first=youngest_first)
        self._batch = batch

    @override
    def root(self) -> None:
        """Bound the whole; by default the root was added as a node like others."""

    @override
    def bound(self) -> float:
        """Return the largest bound of a node, open or closed, or the incumbent's objective."""
        return max(self.open.bound(), self.objective)

    @override
    def step(self) -> None:
        """Branch the nodes of the largest bounds."""
        self.branch(self.open.take(self.target, self._batch))

    @abstractmethod
    def branch(self, taken: list[tuple[float, Node]]) -> None:
        """Close nodes, each given with its bound, or put what they are split into among the open.

        Every one of them is above the target, and all are counted in `nodes`.
        """


def best_first(tree: BranchAndBound, stop: Stop, nodes: int | None = None) -> Attempt:
    """Look at nodes, largest bound first, until no open one can beat the incumbent.

    Parameters
    ----------
    tree
        The incumbent, and what is open.
    stop
        Asked before every step with the incumbent's objective and the bound so far.
    nodes
        Nodes to look at, at most; without a limit where None.

    Returns
    -------
    Attempt
        `StopReason.PROVEN` once nothing is open that matters; the reason for the end and the bound
        so far otherwise. The bound holds whenever the search ended.
    """
    tree.root()
    while (bound := tree.bound()) > tree.target:
        reason = stop(tree.objective, bound)
        if reason is None and (tree.is_full() or (nodes is not None and tree.nodes >= nodes)):
            reason = StopReason.EXHAUSTED
        if reason is not None:
            return Attempt(tree.chosen, bound, reason, tree.nodes)
        tree.step()
    return Attempt(tree.chosen, tree.proven_bound(), StopReason.PROVEN, tree.nodes)
