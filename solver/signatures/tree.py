"""Branch and bound on signatures: `solver.signatures.tree_kernel`, its nodes dealt to two pools.

The first nodes mostly split the range of t. What all that are still open then agree on is decided
for good, and the search goes on with what is left. The pools share nothing but their incumbent, at
fixed numbers of nodes, so the tree does not depend on how many threads there are.

The loop is that of every tree (`solver.search.best_first`); a step of it looks at a slice of nodes
of each pool. The heap of a pool is compiled with its nodes, in arrays: a node takes tens of
microseconds, and a Python object for each would cost as much again.
"""

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from solver.model.problem import Mask
from solver.model.stop import Stop
from solver.rules.arrays import IN, OUT, RuleArrays, tally
from solver.search.best_first import Attempt, BranchAndBound, best_first
from solver.search.core import SignatureCore
from solver.search.knapsack import fractional_knapsack
from solver.search.moves import company, worth
from solver.search.proof_log import DiagonalShift, ProofLog
from solver.signatures.node_bound import Concave
from solver.signatures.node_pool import (
    BOUND,
    CLOSED,
    EMPTY,
    ITEM,
    NUMBER,
    NodeLog,
    NodePool,
    free_slot,
    has_room,
    make_log,
    make_pool,
    push,
)
from solver.signatures.tree_kernel import ENTRIES, explore

# Nodes looked at before the first agreement, and then at most between two looks at the stopping
# criterion: fewer where a node, which costs a few dozen products with a matrix of all free items,
# takes long, so that a time limit holds. Numbers, not seconds: the tree is the same everywhere.
_FIRST, _SLICE = 64, 4_000
_SLICE_ENTRIES, _LEAST_SLICE = 16_000_000, 32
# Pools, each with its own share of the open nodes.
_POOLS = 2
# Bytes for the open nodes.
_MEMORY = 1 << 29
# Beyond so many items their smallest eigenvalue takes longer than it saves.
_SHIFTED = 512
# What a smallest eigenvalue is lowered by before it is relied on, in units of the trace.
_CAUTION = 16 * float(np.finfo(float).eps)


class _Notes:
    """What the pools note, as it is kept: entries in the words of `ProofLog`."""

    def __init__(self, log: ProofLog) -> None:
        self.log = log
        # The nodes of a pool by the numbers that it gave them.
        self._known: list[dict[int, int]] = [{0: 0}]
        self._shift = -1

    def shift(self, items: npt.NDArray[np.intp], value: float) -> None:
        """Say that the diagonal is shifted from now on."""
        self.log.shifts.append(DiagonalShift(items, value))
        self._shift = len(self.log.shifts) - 1

    def deal(self, nodes: list[list[int]]) -> None:
        """Say which of the first pool's nodes each of several pools has got, counted from 0."""
        known = self._known[0]
        self._known = [{k: known[node] for k, node in enumerate(some)} for some in nodes]

    def take(
        self,
        which: int,
        log: NodeLog,
        items: npt.NDArray[np.intp],
        inside: int,
        covered: float,
    ) -> None:
        """Keep what a pool has noted, and empty its log.

        Parameters
        ----------
        which, log
            The pool's number, and its log.
        items, inside, covered
            The items that the pool is about; how many are chosen besides, and their t.
        """
        known = self._known[which]
        for place in range(int(log.sizes[0])):
            kind, node = log.kind[place], known[int(log.node[place])]
            children = [int(child) for child in log.children[place]]
            if kind == EMPTY:
                self.log.end(node)
            elif kind in {BOUND, CLOSED}:
                known[children[0]] = self._bound(log, place, node, items)
            else:
                at = float(log.at[place])
                if kind == ITEM:
                    pair = self.log.split(node, "item", int(items[int(at)]))
                elif kind == NUMBER:
                    pair = self.log.split(node, "number", int(at) + inside)
                else:
                    pair = self.log.split(node, "total", at + covered)
                known[children[0]], known[children[1]] = pair
        log.sizes[0] = 0

    def _bound(self, log: NodeLog, place: int, node: int, items: npt.NDArray[np.intp]) -> int:
        used = np.flatnonzero(log.point[place])
        point = self.log.point(items[used], log.point[place][used])
        named: Mapping[str, float] = {
            "budget": float(log.price[place]),
            "number": float(log.count_multiplier[place]),
        }
        decided = log.decided[place]
        return self.log.bound(
            node,
            point,
            {name: y for name, y in named.items() if y},
            items[decided == IN].tolist(),
            items[decided == OUT].tolist(),
            closes=bool(log.kind[place] == CLOSED),
            shift=self._shift,
        )


class SignatureTree(BranchAndBound):
    """The incumbent, the open nodes, and the items that they are about.

    With a `ProofLog`, what is proven is written down, and nodes that cannot beat its target are
    closed.
    """

    def __init__(
        self,
        core: SignatureCore,
        incumbent: Mask,
        stop: Stop,
        threads: ThreadPoolExecutor,
        log: ProofLog | None = None,
    ) -> None:
        best = core.value(incumbent) if core.keeps(incumbent) else -math.inf
        if log is not None:
            best = log.target
        super().__init__(incumbent.copy(), best, core.margin())
        self.notes = None if log is None else _Notes(log)
        self.covered = 0.0
        self.core, self.stop, self.threads = core, stop, threads
        self.items = np.arange(core.n)
        self.inside: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        self.arrays = Concave(
            core.utilities,
            core.gram,
            core.profits,
            0.0,
            core.weights,
            core.diagonal,
        )
        self.rules = core.rules
        self.pools = [make_pool(core.n, 4 * _FIRST)]
        self.logs = [self._make_log(_FIRST)]
        self._open_root()

    def _make_log(self, nodes: int) -> NodeLog:
        """Return a log with room for what is proven of some nodes; none where none is asked for."""
        return make_log(len(self.items), 0 if self.notes is None else nodes * ENTRIES)

    def _open_root(self) -> None:
        pool = self.pools[0]
        core = self.core
        reach = fractional_knapsack(core.weights, core.rules.costs[0], float(core.rules.limits[0]))
        pool.high[0] = float(core.weights @ reach) * (1.0 + 1e-12)
        if self.notes is not None:
            self.notes.log.top = float(pool.high[0])
        pool.bound[0] = math.inf
        pool.least[0], pool.most[0] = core.rules.least, min(core.rules.most, core.n)
        push(pool, free_slot(pool))

    @override
    def root(self) -> None:
        """Look at the first nodes, and deal those that they leave to the pools."""
        if self.stop(self.objective, math.inf) is None:
            self._look(_FIRST)
            if self.bound() > self.target:
                self._deal()

    @override
    def bound(self) -> float:
        """Return what nothing exceeds."""
        tops = [float(p.bound[p.heap[0]]) for p in self.pools if p.sizes[0]]
        return max([self.objective, *tops])

    @override
    def is_full(self) -> bool:
        """Return whether a pool has nodes but no room for more."""
        return any(p.sizes[0] and not has_room(p) for p in self.pools)

    @override
    def step(self) -> None:
        """Look at as many nodes as a time limit allows before the criterion is asked again."""
        self._look(self._slice())

    def _slice(self) -> int:
        """Return how many nodes of each pool to look at before the criterion is asked again."""
        slices = _SLICE_ENTRIES // max(1, len(self.items) ** 2)
        return max(_LEAST_SLICE, min(_SLICE, slices))

    def _look(self, nodes: int) -> None:
        """Look at so many nodes of every pool, and share the best incumbent."""
        masks = [self.chosen[self.items] for _ in self.pools]

        def run(pool: NodePool, log: NodeLog, mask: Mask) -> float:
            return explore(
                self.arrays,
                self.rules,
                pool,
                log,
                mask,
                self.objective,
                self.margin.absolute,
                self.margin.relative,
                nodes,
            )

        values = list(self.threads.map(run, self.pools, self.logs, masks))
        if self.notes is not None:
            for which, log in enumerate(self.logs):
                self.notes.take(which, log, self.items, len(self.inside), self.covered)
        winner = int(np.argmax(values))
        chosen = np.zeros(self.core.n, dtype=bool)
        chosen[self.inside] = True
        chosen[self.items[masks[winner]]] = True
        self.offer(chosen, values[winner])
        self.nodes = int(sum(p.sizes[2] for p in self.pools))

    def _deal(self) -> None:
        """Decide what all open nodes agree on, and deal the nodes to the pools."""
        pool = self.pools[0]
        slots = pool.heap[: pool.sizes[0]]
        states = pool.state[slots]
        agreed_in = (states == IN).all(axis=0)
        free = ~agreed_in & ~(states == OUT).all(axis=0)
        agreed = int(agreed_in.sum())
        shift = float(self.arrays.weights[agreed_in].sum())
        self._shrink(agreed_in, free)
        nodes = max(4 * len(slots), _MEMORY // (_POOLS * 5 * max(1, int(free.sum()))))
        self.pools = [make_pool(int(free.sum()), nodes) for _ in range(_POOLS)]
        self.logs = [self._make_log(self._slice()) for _ in self.pools]
        order = slots[np.argsort(-pool.bound[slots], kind="stable")]
        if self.notes is not None:
            dealt = [[int(pool.proof[old]) for old in order[k::_POOLS]] for k in range(_POOLS)]
            self.notes.deal(dealt)
            for log, some in zip(self.logs, dealt, strict=True):
                log.sizes[1] = len(some)
        for turn, old in enumerate(order):
            new = self.pools[turn % _POOLS]
            slot = free_slot(new)
            new.proof[slot] = turn // _POOLS
            new.state[slot], new.point[slot] = pool.state[old][free], pool.point[old][free]
            new.low[slot], new.high[slot] = pool.low[old] - shift, pool.high[old] - shift
            new.bound[slot], new.count_multiplier[slot] = (
                pool.bound[old],
                pool.count_multiplier[old],
            )
            new.least[slot] = pool.least[old] - agreed
            new.most[slot] = pool.most[old] - agreed
            push(new, slot)
        self.pools[0].sizes[2] += self.nodes

    def _shrink(self, agreed: Mask, free: Mask) -> None:
        """Take what is decided out of the arrays.

        What is left is a core again: utilities with the agreed items become profits, and its t is
        the old one less theirs. As ``x_i^2 = x_i``, what the Gram matrix of the items left has to
        spare on its diagonal is worth more as a linear term (Billionnet and Elloumi, 2007).
        """
        arrays, rules = self.arrays, self.rules
        keep = np.flatnonzero(free)
        used = tally(agreed, rules)
        block = np.ix_(keep, keep)
        self.inside = self.items[agreed]
        self.items = self.items[keep]
        self.covered = float(arrays.weights[agreed].sum())
        gram = np.ascontiguousarray(arrays.gram[block])
        spare = _spare(gram)
        gram[np.diag_indices(len(keep))] -= spare
        if spare and self.notes is not None:
            self.notes.shift(self.items, spare)
        self.arrays = Concave(
            np.ascontiguousarray(arrays.utilities[block]),
            gram,
            company(arrays.utilities, arrays.profits, agreed)[keep],
            arrays.base + worth(arrays.utilities, arrays.profits, agreed),
            arrays.weights[keep],
            arrays.diagonal[keep] + spare,
        )
        self.rules = RuleArrays(
            np.ascontiguousarray(rules.costs[:, keep]),
            rules.limits - used.spent,
            rules.group[keep],
            rules.group_least - used.grouped,
            rules.group_most - used.grouped,
            rules.least - int(used.number[0]),
            rules.most - int(used.number[0]),
        )


def _spare(gram: npt.NDArray[np.float64]) -> float:
    """Return what no eigenvalue of a Gram matrix is below; 0 where that is not worth knowing."""
    if not 0 < len(gram) <= _SHIFTED:
        return 0.0
    trace = float(np.diagonal(gram).sum())
    caution = _CAUTION * (len(gram) + 64) * trace
    least = float(np.linalg.eigvalsh(gram)[0]) - caution
    return least if least > caution else 0.0


def signature_tree(
    core: SignatureCore,
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
        Asked between slices of nodes with the incumbent's objective and the bound so far.
    threads
        How many pools are looked at at the same time; the result does not depend on it.
    nodes
        Nodes to look at, at most; without a limit where None.
    log
        Receives what is proven, where a certificate is to be made.

    Returns
    -------
    Attempt
        `StopReason.PROVEN` with the objective as its own bound, or the reason for the end with the
        largest bound among the open nodes.
    """
    with ThreadPoolExecutor(threads) as pool:
        return best_first(SignatureTree(core, incumbent, stop, pool, log), stop, nodes)
