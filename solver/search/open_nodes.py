"""Nodes of branch and bound by their bounds, the largest first, and what is proven of them all."""

import heapq
import math
from itertools import count
from typing import Generic, TypeVar

Node = TypeVar("Node")

# A bound this close above the incumbent, relative to it, is rounding.
_RELATIVE = 1e-10


def enough(incumbent: float) -> float:
    """Return the bound below which a node is not worth opening."""
    return incumbent + _RELATIVE * abs(incumbent) if math.isfinite(incumbent) else incumbent


class OpenNodes(Generic[Node]):
    """A heap of nodes; ties are broken by age, so that the order never depends on chance."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Node]] = []
        self._age = count()
        self._closed = -math.inf

    def add(self, bound: float, node: Node) -> None:
        """Keep a node open."""
        heapq.heappush(self._heap, (-bound, next(self._age), node))

    def close(self, bound: float) -> None:
        """Remember the bound of a node that is not opened any more."""
        self._closed = max(self._closed, bound)

    def pop(self, incumbent: float) -> tuple[float, Node] | None:
        """Return the node of the largest bound; None where none can beat the incumbent."""
        if not self._heap or -self._heap[0][0] <= enough(incumbent):
            return None
        bound, _, node = heapq.heappop(self._heap)
        return -bound, node

    def bound(self, incumbent: float, current: float = -math.inf) -> float:
        """Return what nothing exceeds: open nodes, closed ones, one in hand, and the incumbent."""
        top = -self._heap[0][0] if self._heap else -math.inf
        return max(top, self._closed, current, incumbent)
