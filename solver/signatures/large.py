"""Signature problems of any size: a few passes over the vectors, and a search among the doubtful.

1. Frank-Wolfe steps on the concave relaxation, its slope following t: two passes a step, one over
   all rows and one over those that the step buys. In a large pool a few steps are enough, because
   no single item matters much. What a step buys whole is a selection.
2. One pass gives a bound for all t at once (`solver.signatures.dual`). Where the range that binds
   lies far from the point's t, steps with the slope of that range give a further direction.
3. The items of least reduced worth form the core; everything else is decided. Local search on the
   core (`solver.signatures.exchange`); the better selection gives another core, until nothing
   improves.

Every sum is made in one fixed order, so the answer is the same on one thread or many.

References
----------
Frank, Wolfe: An algorithm for quadratic programming (1956). Balas, Zemel: An algorithm for large
zero-one knapsack problems (1980), for the core.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.model.problem import Mask, SignatureProblem
from solver.model.result import StopReason
from solver.model.stop import Stop
from solver.search.best_first import Attempt
from solver.search.local_search import iterate
from solver.search.proof_log import ProofLog
from solver.signatures.dual import Direction, Ranges, direction, scores
from solver.signatures.passes import BlockPasses, Passes
from solver.signatures.pool import DualPoint, LargePool

_FIRST_STEPS, _FIRST_RANGES = 2, 12
_FIRST_GAP, _FIRST_CORE = 0.005, 600
_STEPS, _RANGES = 100, 80
_CONVERGED = 1e-9  # a step that promises less, relative to the objective, is the last
_DIRECTIONS = 8
_LOOSE = 0.3  # this share of the gap must be the relaxation's for a further direction to be tried
_CORE = 1_500
_PATIENCE = (20, 100, 500)  # perturbations in a row without a better selection


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class LargeProgress:
    """The best so far.

    Parameters
    ----------
    chosen
        A selection within the budget, shape (n,).
    objective, upper_bound
        Its value, and a value that no selection exceeds.
    """

    chosen: Mask
    objective: float
    upper_bound: float


Report = Callable[[LargeProgress], None]


class LargeSearch:
    """The incumbent and the bound of one call."""

    def __init__(
        self,
        pool: LargePool,
        stop: Stop,
        report: Report,
        random_seed: int,
        log: ProofLog | None = None,
    ) -> None:
        self._pool = pool
        self._log, self._numbers = log, dict[int, int]()
        self._stop = stop
        self._report = report
        self._rng = np.random.default_rng(random_seed)
        self.chosen: Mask = np.zeros(len(pool.data.weights), dtype=bool)
        self.objective = 0.0
        self._ranges: Ranges | None = None

    @property
    def bound(self) -> float:
        """No selection is worth more."""
        return math.inf if self._ranges is None else max(self._ranges.bound, self.objective)

    def ended(self) -> StopReason | None:
        """Return why to stop, or None."""
        return self._stop(self.objective, self.bound)

    def _ended_inside(self, objective: float, upper_bound: float) -> StopReason | None:
        """Return why to stop while a core is searched: its objectives are those of a part."""
        del objective
        return self._stop(self.objective, upper_bound)

    def _report_progress(self) -> None:
        self._report(
            LargeProgress(chosen=self.chosen, objective=self.objective, upper_bound=self.bound)
        )

    def _offer(self, chosen: Mask) -> bool:
        """Keep a selection if it is affordable and better; say whether it was."""
        if not self._pool.fits(chosen):
            return False
        objective = self._pool.value(chosen)
        better = objective > self.objective + self._pool.resolution
        if better:
            self.chosen, self.objective = chosen.copy(), objective
        return better

    def _converge(self, point: DualPoint, steps: int, slope: float | None = None) -> None:
        """Take steps until one promises next to nothing."""
        for _ in range(steps):
            promise, bought = self._pool.step(point, slope)
            self._offer(bought)
            if promise <= _CONVERGED * abs(self.objective) or self.ended() is not None:
                return

    def _direction(self, point: DualPoint) -> Direction:
        found = direction(point.image, point.slope, self._pool.passes.project(point.image))
        if self._log is not None:
            items = np.flatnonzero(point.x)
            self._numbers[id(found)] = self._log.point(items, point.x[items])
        return found

    def _refine(self, ranges: Ranges, most: int) -> None:
        ranges.refine(self.objective, most=most, give_up=lambda: self.ended() is not None)

    def first(self, point: DualPoint) -> None:
        """Answer and bound after as little work as possible."""
        self._converge(point, _FIRST_STEPS)
        self._ranges = Ranges(self._pool.data, self._direction(point))
        self._refine(self._ranges, _FIRST_RANGES)
        if self.bound - self.objective > _FIRST_GAP * abs(self.objective):
            # Many items alike: the steps' own selections are poor, and one descent helps a lot.
            self._improve(scores(self._pool.data, self._ranges.binding), _FIRST_CORE, 0)
        self._report_progress()

    def relax(self, point: DualPoint) -> Ranges:
        """Bound as well as the relaxation can, with a direction for each range that needs one."""
        self._converge(point, _STEPS)
        quick = self.bound
        ranges = Ranges(self._pool.data, self._direction(point), known=quick)
        self._ranges = ranges
        self._refine(ranges, _RANGES)
        while ranges.directions < _DIRECTIONS and self.ended() is None:
            if ranges.bound <= self.objective:
                break
            relaxed = max(self.objective, self._pool.relaxed_value(point))
            if ranges.bound - relaxed <= _LOOSE * (ranges.bound - self.objective):
                break
            other = DualPoint(point.x.copy(), point.image.copy(), point.slope, point.price)
            before = ranges.bound
            self._converge(other, _STEPS, ranges.binding.slope)
            ranges.add(self._direction(other))
            self._refine(ranges, _RANGES)
            if before - ranges.bound <= 0.1 * (before - self.objective):
                break
        self._report_progress()
        return ranges

    def prove(self, log: ProofLog) -> float:
        """Bound what is worth more than the log's target, and write it down; return the bound."""
        self.objective = log.target
        ranges = self.relax(self._pool.start())
        log.top = self._pool.data.top
        node = 0
        pieces = ranges.pieces()
        for place, (high, proof) in enumerate(pieces):
            here = node
            if place + 1 < len(pieces):
                here, node = log.split(node, "total", high)
            log.bound(
                here,
                self._numbers[id(proof.using)],
                {"budget": proof.price},
                closes=True,
                scale=proof.factor,
            )
        return self.bound

    def _improve(self, reduced: np.ndarray, size: int, patience: int) -> bool:
        """Search the core from the incumbent; say whether something better was found."""
        items, core = self._pool.core(reduced, self.chosen, size)
        if not items.size:
            return False
        starts = [core.descend(self.chosen[items]), core.descend(np.zeros(len(items), dtype=bool))]
        found = iterate(core, max(starts, key=core.value), self._ended_inside, self._rng, patience)
        whole = self.chosen.copy()
        whole[items] = found.chosen
        return self._offer(whole)

    def search(self, ranges: Ranges, size: int) -> StopReason:
        """Search core after core, with more patience where less was not enough."""
        reduced = scores(self._pool.data, ranges.binding)
        for patience in _PATIENCE:
            better = True
            while better:
                if (reason := self.ended()) is not None:
                    return reason
                better = self._improve(reduced, size, patience)
                self._refine(ranges, _RANGES)
                self._report_progress()
                charge = ranges.binding.price * self._pool.data.costs
                reduced = self._pool.gains(self.chosen) - charge
        return self.ended() or StopReason.EXHAUSTED


def large(
    problem: SignatureProblem,
    stop: Stop,
    report: Report = lambda _: None,
    *,
    passes: Passes | None = None,
    threads: int = 2,
    random_seed: int = 0,
    core: int = _CORE,
) -> Attempt:
    """Choose and bound, without an n x n matrix and without a copy of the vectors.

    Parameters
    ----------
    problem
        Under its budget alone; profits of any sign.
    stop
        Asked between steps with the incumbent's objective and the bound.
    report
        Called with the first answer, after two steps, and with every better state after it.
    passes
        Over the problem's vectors; `BlockPasses` on `threads` threads where None.
    threads
        How many; no answer depends on it.
    random_seed
        The only source of randomness.
    core
        How many items local search looks at.

    Returns
    -------
    Attempt
        A selection within the budget, a bound that holds for real numbers whatever float arithmetic
        did (`solver.signatures.dual`), and why the search ended.
    """
    if passes is None:
        passes = BlockPasses(problem.vectors, threads=threads)
    pool = LargePool(problem.weights, problem.profits, problem.costs, problem.allowance, passes)
    search = LargeSearch(pool, stop, report, random_seed)
    point = pool.start()
    search.first(point)
    reason = search.ended()
    if reason is None:
        ranges = search.relax(point)
        reason = search.search(ranges, core)
    return Attempt(search.chosen, search.bound, reason)


def prove_large(problem: SignatureProblem, log: ProofLog, stop: Stop) -> float:
    """Write down why nothing is worth more than the log's target; return the bound proven.

    Parameters
    ----------
    problem
        As in `large`.
    log
        Receives ranges of t, each with its direction and price.
    stop
        Asked between steps.
    """
    passes = BlockPasses(problem.vectors)
    pool = LargePool(problem.weights, problem.profits, problem.costs, problem.allowance, passes)
    return LargeSearch(pool, stop, lambda _: None, 0, log).prove(log)
