"""The tree of a proof: bound, fix by reduced cost, branch; largest bound first.

A refused or taken item whose opposite cannot reach the target is fixed: in the tree that is a
branch with one leaf, which refers to the very multipliers that showed it.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from typing_extensions import override

from solver.certificate.proof import Bounder, Cover, Leaf, Proof
from solver.model.problem import Mask
from solver.model.result import StopReason
from solver.model.stop import Stop
from solver.rules.rows import Box, RuleRows
from solver.search.best_first import Margin, OpenTree, best_first

Decisions = tuple[Sequence[int], Sequence[int]]


@dataclass(slots=True)
class ProofNode:
    """A box of the tree: open, closed by a cover, or branched.

    Parameters
    ----------
    taken, refused
        What has been decided.
    bound, cover
        What is known of it so far; without a cover the rules leave nothing.
    start
        Its parent's leaf.
    item, children
        The branching, where there is one: without the item, and with it.
    """

    taken: tuple[int, ...]
    refused: tuple[int, ...]
    bound: float = math.inf
    cover: Cover | None = None
    start: Leaf | None = None
    item: int = -1
    children: "tuple[ProofNode, ProofNode] | None" = None


def _mask(n: int, items: Iterable[int]) -> Mask:
    mask = np.zeros(n, dtype=bool)
    mask[list(items)] = True
    return mask


class ProofTree(OpenTree[ProofNode]):
    """A proof in the making.

    Parameters
    ----------
    chosen, objective
        The answer that is proven: its selection, shape (n,), and its objective.
    rules, bounder
        Of the problem.
    target
        Boxes whose bound is at most this are closed.
    fixed
        What is decided from the start: items taken, items refused.
    """

    def __init__(
        self,
        chosen: Mask,
        objective: float,
        rules: RuleRows,
        bounder: Bounder,
        target: float,
        fixed: Decisions,
    ) -> None:
        super().__init__(chosen, objective, Margin())
        self._rules, self._bounder, self._closing = rules, bounder, target
        self._root = ProofNode(tuple(fixed[0]), tuple(fixed[1]))
        self.open.add(math.inf, self._root)

    @property
    @override
    def target(self) -> float:
        """The bound that is to be proven."""
        return self._closing

    @override
    def bound(self) -> float:
        """Return the largest bound of an open box."""
        return self.open.bound()

    def _split(self, node: ProofNode, item: int, leaf: Leaf) -> tuple[ProofNode, ProofNode]:
        """Branch on an item; return the child without it and the child with it."""
        out = ProofNode(node.taken, (*node.refused, item), leaf.bound, leaf.cover, leaf)
        inside = ProofNode((*node.taken, item), node.refused, leaf.bound, leaf.cover, leaf)
        node.item, node.children, node.start = item, (out, inside), None
        return out, inside

    @override
    def branch(self, taken: list[tuple[float, ProofNode]]) -> None:
        """Bound boxes; fix and branch where that does not close them."""
        for _, node in taken:
            self._explore(node)
            self.nodes += 1

    def _explore(self, node: ProofNode) -> None:
        n = len(self.chosen)
        box = self._rules.box(_mask(n, node.taken), _mask(n, node.refused))
        if box.empty:
            node.bound, node.cover, node.start = -math.inf, None, None
            return
        leaf = self._bounder.bound(box, self.target, node.start)
        node.bound, node.cover, node.start = leaf.bound, leaf.cover, None
        if leaf.bound <= self.target or not box.free.any():
            return
        rest = self._fix(node, box, leaf)
        if rest is node:
            for child in self._split(node, self._where(box, leaf), leaf):
                self.open.add(child.bound, child)
        elif rest is not None:
            self.open.add(rest.bound, rest)

    def _fix(self, node: ProofNode, box: Box, leaf: Leaf) -> ProofNode | None:
        """Chain what reduced costs decide below a node; return what is left, None if nothing."""
        no_out, no_in = leaf.if_out <= self.target, leaf.if_in <= self.target
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

    def grow(self, most: int, stop: Stop) -> float:
        """Look at open boxes, largest bound first, until all are closed or enough is done.

        Returns
        -------
        float
            The largest bound of a leaf.
        """

        def enough(objective: float, upper_bound: float) -> StopReason | None:
            # What has no cover yet must be looked at once, or there is no proof at all.
            if upper_bound == math.inf:
                return None
            return StopReason.EXHAUSTED if self.nodes >= most else stop(objective, upper_bound)

        best_first(self, enough)
        return max(node.bound for node in self._nodes() if node.children is None)

    def _nodes(self) -> Iterator[ProofNode]:
        """Yield the tree in preorder, out before in."""
        stack = [self._root]
        while stack:
            node = stack.pop()
            yield node
            if node.children is not None:
                stack += [node.children[1], node.children[0]]

    def written(self) -> Proof:
        """Return the proof: the tree, its covers, and the points that they touch at."""
        proof = Proof(points=self._bounder.points)
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
        return proof
