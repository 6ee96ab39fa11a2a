"""Branch and bound on explicit pair utilities, with a Lagrangian bound at every node.

A node inherits its parent's split of the utilities (`solver.pairs.lagrangian`) and improves it
with a few subgradient steps; whatever its reduced costs decide is removed before it branches. Nodes
are taken best bound first, a fixed number at a time: these are bounded side by side, so the tree
does not depend on how many threads there are.

References
----------
Caprara, Pisinger, Toth: Exact solution of the quadratic knapsack problem (1999).
Pisinger, Rasmussen, Sandvik: Solution of large quadratic knapsack problems through aggressive
reduction (2007), for fixing before branching.
"""

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from solver.model.problem import Floats, Mask
from solver.model.stop import Stop
from solver.pairs.lagrangian import split_again
from solver.pairs.steps import PairProof, PairSteps
from solver.rules.arrays import FREE, IN, OUT, States, propagate, tally
from solver.search.best_first import Attempt, OpenTree, best_first
from solver.search.core import Core
from solver.search.moves import company, fill, worth
from solver.search.proof_log import ProofLog

# Nodes bounded side by side.
_BATCH = 4
# A node is bounded again before it branches where this share of its items was fixed.
_FIXED_SHARE = 0.08
# An item is contested where its average is this far from 0 and 1.
_CONTESTED = 0.02
# A number of items this far from a whole one is branched on.
_WHOLE = 0.05
# Splits kept for open nodes; beyond it they start from the even split again.
_MEMORY = 1 << 30


@dataclass(frozen=True, eq=False, slots=True)
class PairNode:
    """What is decided.

    Parameters
    ----------
    state
        `IN`, `OUT` or `FREE` for every item of the core, shape (n,), int8.
    items, upper
        The items that the parent's split is about, shape (k,), and its upper triangle in single
        precision, shape (k, k); both empty where it was not kept.
    least, most, count_multiplier
        The range of the number of items, and a guess of its multiplier.
    proof
        Its number in a `ProofLog`.
    """

    state: States
    items: npt.NDArray[np.int64]
    upper: npt.NDArray[np.float32]
    least: int
    most: int
    count_multiplier: float
    proof: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class PairBound:
    """What a node came to: its bound, candidates for the incumbent, and where to branch.

    Where a certificate is made, `proofs` has what led there, and `empty` says that the rules leave
    nothing.
    """

    bound: float
    candidates: list[Mask]
    state: States
    item: int
    items: npt.NDArray[np.int64]
    upper: npt.NDArray[np.float32]
    count_multiplier: float = 0.0
    number: float = 0.0
    proofs: tuple[PairProof, ...] = ()
    empty: bool = False


_Map = Callable[..., Iterable[PairBound]]


class PairTree(OpenTree[PairNode]):
    """The open nodes and the incumbent of one search; `threads` bound nodes side by side.

    With a `ProofLog`, what is proven is written down, and nodes that cannot beat its target are
    closed.
    """

    def __init__(
        self,
        core: Core,
        incumbent: Mask,
        stop: Stop,
        threads: ThreadPoolExecutor,
        log: ProofLog | None = None,
    ) -> None:
        best = core.value(incumbent) if core.keeps(incumbent) else -math.inf
        if log is not None:
            best = log.target
        self.log = log
        super().__init__(incumbent.copy(), best, core.margin(), batch=_BATCH, youngest_first=True)
        self.core, self.stop, self.threads = core, stop, threads
        self.by_number = False
        self._kept = 0
        # Splits are kept as multiples of this, for single precision ends at 3e38.
        self._unit = 2.0 ** math.frexp(float(np.abs(core.utilities).max(initial=0.0)))[1]
        nothing, no_split = np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        root = np.full(core.n, FREE, np.int8)
        most = min(core.rules.most, core.n)
        self.open.add(math.inf, PairNode(root, nothing, no_split, core.rules.least, most, 0.0))

    def _only(self, state: States, proofs: list[PairProof]) -> PairBound:
        """Return what a node without undecided items comes to: its one selection, if it may be."""
        ended = self._nothing(state, proofs)
        chosen = state == IN
        if not self.core.keeps(chosen):
            return ended
        nothing = np.zeros(0, np.int64)
        alone = PairProof(nothing, np.zeros(0), 0.0, 0.0, nothing, nothing, closes=True)
        return replace(ended, candidates=[chosen], proofs=(*proofs, alone), empty=False)

    def _nothing(self, state: States, proofs: list[PairProof]) -> PairBound:
        """Return that the rules leave nothing of a node."""
        nothing, no_split = np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        ended = PairBound(-math.inf, [], state, -1, nothing, no_split)
        return replace(ended, proofs=tuple(proofs), empty=True)

    def _relax(self, known: float, node: PairNode, target: float) -> PairBound:
        """Bound a node of a known bound.

        Reads the tree but does not change it: several nodes are bounded at once.
        """
        core, state = self.core, node.state.copy()
        items, upper = node.items, node.upper
        candidates: list[Mask] = []
        proofs: list[PairProof] = []
        bound, root = known, known == math.inf
        count_multiplier = node.count_multiplier
        while True:
            if not propagate(state, core.rules):
                return self._nothing(state, proofs)
            inside = state == IN
            free = np.flatnonzero(state == FREE)
            inner = int(np.count_nonzero(inside))
            if inner > node.most or inner + free.size < node.least:
                return self._nothing(state, proofs)
            if not free.size:
                return self._only(state, proofs)
            if len(items):
                places = np.flatnonzero(state[items] == FREE)
                kept = upper.astype(np.float64) * self._unit
                shares = split_again(core.utilities, kept, free, places)
            else:
                shares = 0.5 * core.utilities[np.ix_(free, free)]
            step = PairSteps(
                shares,
                company(core.utilities, core.profits, inside)[free],
                core.rules.costs[0][free],
                room=core.room(inside),
                base=worth(core.utilities, core.profits, inside),
                least=node.least - inner,
                most=node.most - inner,
                count_multiplier=count_multiplier,
            )
            found = step.lower(target, self._interrupted, root=root)
            if self.log is not None:
                utilities = core.utilities[np.ix_(free, free)]
                found, proof = step.written(utilities, free, target, found)
                proofs.append(proof)
            bound = min(bound, found)
            count_multiplier, decided, point, average = (
                step.count_multiplier,
                step.state,
                step.point,
                step.average,
            )
            items, upper = free, (shares / self._unit).astype(np.float32)
            if bound <= target:
                closed = PairBound(bound, candidates, state, -1, items, upper)
                return replace(closed, proofs=tuple(proofs))
            candidates.append(self._rounded(inside, free, point))
            state[free] = decided
            fixed = int(np.count_nonzero(decided))
            if self._interrupted() or fixed < max(1, _FIXED_SHARE * len(free)):
                break
        if not (state == FREE).any():
            ended = self._only(state, proofs)
            return replace(ended, candidates=[*candidates, *ended.candidates])
        done = self._branching(bound, candidates, state, items, upper, point, average)
        number = inner + float(average.sum())
        return replace(done, count_multiplier=count_multiplier, number=number, proofs=tuple(proofs))

    def _interrupted(self) -> bool:
        return self.stop(self.objective, math.inf) is not None

    def _rounded(self, inside: Mask, free: npt.NDArray[np.intp], point: Floats) -> Mask:
        """Return a selection from a node's point: whole items first, then what fits."""
        core = self.core
        chosen = inside.copy()
        spent = float(core.rules.costs[0][inside].sum())
        for j in free[np.argsort(-point, kind="stable")][: int(np.count_nonzero(point))]:
            if spent + core.rules.costs[0][j] <= core.rules.limits[0]:
                chosen[j] = True
                spent += core.rules.costs[0][j]
        gain = company(core.utilities, core.profits, chosen)
        fill(core.utilities, chosen, gain, tally(chosen, core.rules), core.rules)
        return chosen

    def _branching(
        self,
        bound: float,
        candidates: list[Mask],
        state: States,
        items: npt.NDArray[np.int64],
        upper: npt.NDArray[np.float32],
        point: Floats,
        average: Floats,
    ) -> PairBound:
        """Choose the item to branch on: undecided, contested between the steps, and weighty."""
        core = self.core
        free = state[items] == FREE
        contested = np.minimum(average, 1.0 - average)
        if (contested * free).max() < 1e-3:  # noqa: PLR2004 - nothing moved between the steps
            contested = np.minimum(point, 1.0 - point) + 1e-6
        weight = np.abs(core.profits[items]) + 0.25 * np.abs(
            core.utilities[np.ix_(items, items)]
        ).sum(axis=1)
        # Any contested item will do; the one that weighs most moves the bounds of both children
        # most.
        score = np.where(contested > _CONTESTED, weight, 1e-9 * contested)
        place = int(np.argmax(np.where(free, score, -1.0)))
        return PairBound(bound, candidates, state, int(items[place]), items, upper)

    def _children(
        self, known: float, node: PairNode, done: PairBound, *, by_number: bool
    ) -> tuple[float, list[PairNode]]:
        """Return two children and their bound: fewer and more items, or one item in and out."""
        upper, items = done.upper, done.items
        if self._kept + upper.nbytes > _MEMORY:
            items, upper = np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        ranges = [(node.least, node.most)] * 2
        states = [done.state.copy(), done.state.copy()]
        whole = math.floor(done.number)
        apart = _WHOLE < done.number - whole < 1.0 - _WHOLE
        if by_number and apart and node.least <= whole < node.most:
            ranges = [(node.least, whole), (whole + 1, node.most)]
        else:
            states[0][done.item], states[1][done.item] = IN, OUT
        self.nodes += 2
        return min(done.bound, known), [
            PairNode(state, items, upper, least, most, done.count_multiplier)
            for state, (least, most) in zip(states, ranges, strict=True)
        ]

    def _write(self, number: int, done: PairBound) -> int:
        """Write down what a node came to; return the number of what is left of it."""
        log = self.log
        if log is None:
            return number
        for proof in done.proofs:
            named = {"budget": proof.price, "number": proof.count_multiplier}
            number = log.bound(
                number,
                log.point(proof.items, proof.multipliers),
                {name: y for name, y in named.items() if y},
                proof.taken.tolist(),
                proof.refused.tolist(),
                closes=proof.closes,
            )
        if done.empty:
            log.end(number)
        return number

    def _split(self, number: int, children: list[PairNode], done: PairBound) -> list[PairNode]:
        """Write down how a node was split; return its children with their numbers."""
        if self.log is None:
            return children
        first, second = children
        if first.most < second.most:
            below, above = self.log.split(number, "number", first.most)
            return [replace(first, proof=below), replace(second, proof=above)]
        out, inside = self.log.split(number, "item", done.item)
        return [replace(first, proof=inside), replace(second, proof=out)]

    def _try_both(self, node: PairNode, done: PairBound) -> None:
        """Find out on the root which kind of branching lowers the bounds more.

        Where items gain much the same, a relaxation fills the budget with one more item than fits,
        and only the number of items rules that out; where they differ, it blurs more than it says.
        """
        target, gains = self.target, []
        for kind in (False, True):
            known, children = self._children(math.inf, node, done, by_number=kind)
            bounded = self.threads.map(self._relax, [known] * 2, children, [target] * 2)
            bounds = [max(target, found.bound) for found in bounded]
            gains.append((done.bound - bounds[0]) * (done.bound - bounds[1]))
        self.by_number = gains[1] > gains[0]

    @override
    def branch(self, taken: list[tuple[float, PairNode]]) -> None:
        """Bound nodes side by side, then open the two children of each that still matters."""
        target = self.target
        run: _Map = map if len(taken) == 1 else self.threads.map
        bounds, nodes = zip(*taken, strict=True)
        # Two children share one split; where it is too much to keep, theirs is empty.
        self._kept -= sum(node.upper.nbytes // 2 for node in nodes)
        bounded = list(run(self._relax, bounds, nodes, [target] * len(taken)))
        for candidate in (one for done in bounded for one in done.candidates):
            if self.core.keeps(candidate):
                self.offer(candidate, self.core.value(candidate))
        for known, node, done in zip(bounds, nodes, bounded, strict=True):
            proof = self._write(node.proof, done)
            if done.empty or min(done.bound, known) <= self.target:
                continue
            if known == math.inf:
                self._try_both(node, done)
            bound, children = self._children(known, node, done, by_number=self.by_number)
            children = self._split(proof, children, done)
            self._kept += sum(child.upper.nbytes // 2 for child in children)
            self.open.add(bound, *children)


def pair_tree(
    core: Core,
    incumbent: Mask,
    stop: Stop,
    *,
    threads: int = 2,
    nodes: int | None = None,
    log: ProofLog | None = None,
) -> Attempt:
    """Prove a selection optimal, or find a better one, or lower the bound until told to stop.

    Parameters
    ----------
    core
        The problem.
    incumbent
        A selection, shape (n,).
    stop
        Asked before every batch of nodes with the incumbent's objective and the bound so far, and
        between slices of the root's steps.
    threads
        How many nodes are bounded at the same time; the result does not depend on it.
    nodes
        Nodes to make, at most; without a limit where None.
    log
        Receives what is proven, where a certificate is to be made.
    """
    with ThreadPoolExecutor(threads) as pool:
        return best_first(PairTree(core, incumbent, stop, pool, log), stop, nodes)
