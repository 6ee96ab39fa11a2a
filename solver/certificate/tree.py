"""The tree of a proof: bound, fix by reduced cost, branch; largest bound first.

A refused or taken item whose opposite cannot reach the target is fixed: in the tree that is a
branch with one leaf, which refers to the very multipliers that showed it.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from solver.certificate.leaf import Bounder, Leaf
from solver.certificate.proof import Cover, Proof
from solver.certificate.rules import Box, RuleRows
from solver.model.problem import Mask
from solver.model.stop import Stop

Decisions = tuple[Sequence[int], Sequence[int]]


@dataclass(slots=True)
class _Node:
    """A box of the tree: open, closed by a cover, or branched.

    Parameters
    ----------
    taken, refused
        What has been decided.
    bound, cover
        What is known of it so far; without a cover the rules leave nothing.
    start
        Its parent's leaf.
    item, out, inside
        The branching, where there is one.
    """

    taken: tuple[int, ...]
    refused: tuple[int, ...]
    bound: float = math.inf
    cover: Cover | None = None
    start: Leaf | None = None
    item: int = -1
    children: tuple["_Node", "_Node"] | None = field(default=None)


def _mask(n: int, items: Iterable[int]) -> Mask:
    mask = np.zeros(n, dtype=bool)
    mask[list(items)] = True
    return mask


class Tree:
    """A proof in the making.

    Parameters
    ----------
    n
        Number of items.
    rules, bounder
        Of the problem.
    target
        Boxes whose bound is at most this are closed.
    fixed
        What is decided from the start: items taken, items refused.
    offer
        Told of selections that may be good and may break the budget; returns the target from now
        on, so that a better selection closes more boxes.
    """

    def __init__(
        self,
        n: int,
        rules: RuleRows,
        bounder: Bounder,
        target: float,
        fixed: Decisions,
        offer: Callable[[Mask], float] | None = None,
    ) -> None:
        self._offer = offer
        self._seen = 0
        self._n, self._rules, self._bounder, self._target = n, rules, bounder, target
        self._root = _Node(tuple(fixed[0]), tuple(fixed[1]))
        self._open: list[tuple[float, int, _Node]] = []
        self._age = 0
        self._push(self._root)

    def _push(self, node: _Node) -> None:
        self._age += 1
        heapq.heappush(self._open, (-node.bound, self._age, node))

    def _split(self, node: _Node, item: int, leaf: Leaf | None) -> tuple[_Node, _Node]:
        """Branch on an item; return the child without it and the child with it."""
        cover, bound = (leaf.cover, leaf.bound) if leaf else (None, math.inf)
        out = _Node(node.taken, (*node.refused, item), bound, cover, leaf)
        inside = _Node((*node.taken, item), node.refused, bound, cover, leaf)
        node.item, node.children, node.start = item, (out, inside), None
        return out, inside

    def plant(self, leaves: Sequence[Decisions]) -> None:
        """Begin with the leaves of a tree that somebody else has searched.

        Parameters
        ----------
        leaves
            Of each leaf the items taken and the items refused. Together they must leave no
            selection out.

        Raises
        ------
        ValueError
            When they are not the leaves of one tree.
        """
        self._open.clear()
        sets = [(frozenset(taken), frozenset(refused)) for taken, refused in leaves]
        waiting = [(self._root, sets)]
        while waiting:
            node, part = waiting.pop()
            decided = set(node.taken) | set(node.refused)
            common = set.intersection(*[set(t | r) for t, r in part]) if part else set()
            undecided = common - decided
            if len(part) == 1 and not undecided:
                self._push(node)
            elif undecided:
                item = min(undecided)
                out, inside = self._split(node, item, None)
                waiting.append((out, [s for s in part if item in s[1]]))
                waiting.append((inside, [s for s in part if item in s[0]]))
            elif part:
                message = "The leaves are not those of one tree."
                raise ValueError(message)
            else:
                # Nobody looked here (an item fixed without a leaf): look now.
                self._push(node)

    def _box(self, node: _Node) -> Box:
        return self._rules.box(_mask(self._n, node.taken), _mask(self._n, node.refused))

    def _explore(self, node: _Node) -> None:
        box = self._box(node)
        if box.empty:
            node.bound, node.cover, node.start = -math.inf, None, None
            return
        leaf = self._bounder.bound(box, self._target, node.start)
        node.bound, node.cover, node.start = leaf.bound, leaf.cover, None
        self._seen += 1
        # Rounded points of neighbouring boxes are alike: fewer and fewer are worth a look.
        telling = self._seen & (self._seen - 1) == 0 or not box.free.any()
        if self._offer is not None and telling and leaf.bound > self._target:
            nearest = box.taken | (box.free & (leaf.point > 0.5))  # noqa: PLR2004 - to the nearer
            self._target = max(self._target, self._offer(nearest))
        if leaf.bound <= self._target or not box.free.any():
            return
        rest = self._fix(node, box, leaf)
        if rest is node:
            rest = None
            for child in self._split(node, self._where(box, leaf), leaf):
                self._push(child)
        if rest is not None:
            self._push(rest)

    def _fix(self, node: _Node, box: Box, leaf: Leaf) -> _Node | None:
        """Chain what reduced costs decide below a node; return what is left, None if nothing."""
        no_out, no_in = leaf.if_out <= self._target, leaf.if_in <= self._target
        for item in np.flatnonzero(box.free & (no_out | no_in)):
            out, inside = self._split(node, int(item), leaf)
            out.start = inside.start = None
            if no_out[item]:
                out.bound = float(leaf.if_out[item])
            if no_in[item]:
                inside.bound = float(leaf.if_in[item])
            if no_out[item] and no_in[item]:
                return None
            node = inside if no_out[item] else out
            node.start = leaf
        return node

    @staticmethod
    def _where(box: Box, leaf: Leaf) -> int:
        halves = np.where(box.free, np.minimum(leaf.point, 1.0 - leaf.point), -1.0)
        if halves.max() > 1e-6:  # noqa: PLR2004 - of an item: below it is rounding
            return int(np.argmax(halves))
        sure = np.minimum(leaf.if_out, leaf.if_in)
        return int(np.argmax(np.where(box.free, sure, -np.inf)))

    def grow(self, most: int, stop: Stop, objective: float) -> float:
        """Look at open boxes, largest bound first, until all are closed or enough is done.

        Returns
        -------
        float
            The largest bound of a leaf.
        """
        explored = 0
        while self._open:
            node = self._open[0][2]
            enough = explored >= most or stop(objective, node.bound) is not None
            # Whatever has no cover yet must be looked at once, or there is no proof at all.
            if node.bound <= self._target or (enough and node.bound < math.inf):
                break
            heapq.heappop(self._open)
            self._explore(node)
            explored += 1
        return self.bound()

    def _nodes(self) -> Iterable[_Node]:
        """Yield the tree in preorder, out before in."""
        stack = [self._root]
        while stack:
            node = stack.pop()
            yield node
            if node.children is not None:
                stack += [node.children[1], node.children[0]]

    def bound(self) -> float:
        """Return the largest bound of a leaf."""
        return max(node.bound for node in self._nodes() if node.children is None)

    def write(self, proof: Proof) -> None:
        """Write tree and covers into a proof."""
        places: dict[int, int] = {}
        for node in self._nodes():
            if node.children is not None:
                proof.tree.append({"branch": node.item})
                continue
            if node.cover is None:
                proof.tree.append({"empty": 1})
                continue
            place = places.setdefault(id(node.cover), len(proof.covers))
            if place == len(proof.covers):
                proof.covers.append(node.cover)
            proof.tree.append({"cover": place})
