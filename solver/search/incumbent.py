"""The state of one call: the best selection so far, the bound, and where they come from."""

import math
from collections.abc import Callable
from typing import Generic, TypeAlias

from solver.model.objective import value
from solver.model.options import SolverOptions, Strategy
from solver.model.problem import Mask, ProblemT
from solver.model.result import StopReason
from solver.model.stop import FirstOf, Stop, TimeLimit
from solver.rules.book import keeps
from solver.rules.reduction import Reduced
from solver.search.best_first import Attempt
from solver.search.greedy import extend, greedy
from solver.search.local_search import Landscape, local_search

# Beyond so many items greedy additions, a pass each, take too long; little is left to add there.
_FILLED = 5_000

Report: TypeAlias = Callable[[float, float], None]
"""Called with objective and upper bound whenever one of them gets better."""


class Incumbent(Generic[ProblemT]):
    """The state of one call on the reduced problem: the incumbent, the bound, their sources.

    Worths are those of the reduced problem; `base` is what is fixed adds to them.
    """

    def __init__(
        self,
        reduced: Reduced[ProblemT],
        start: Mask,
        stop: Stop,
        clock: TimeLimit,
        report: Report,
        options: SolverOptions,
    ) -> None:
        self.problem, self.base = reduced.problem, reduced.base
        self._stop, self.clock, self._report = stop, clock, report
        self.random_seed, self.nodes = options.random_seed, options.node_limit
        self.chosen = start
        self.objective = value(self.problem, start) if keeps(self.problem, start) else -math.inf
        self.bound = math.inf
        self._reported = (self.objective, self.bound)
        self.used = Strategy.GREEDY
        self.reason = StopReason.EXHAUSTED
        self.notes: list[str] = []

    def stop(self, objective: float, upper_bound: float) -> StopReason | None:
        """Ask the criteria, and report what a backend knows when it asks."""
        return self._stop(*self._known(objective, upper_bound))

    def _known(self, objective: float, bound: float) -> tuple[float, float]:
        """Report what is known now, where that is more than was reported before; return it."""
        known = (max(objective, self._reported[0]), min(bound, self._reported[1]))
        if known != self._reported:
            self._reported = known
            self._report(known[0] + self.base, known[1] + self.base)
        return known[0] + self.base, known[1] + self.base

    def take(self, attempt: Attempt, source: Strategy) -> None:
        """Keep an attempt's selection where it is better, and its bound where it is lower."""
        if keeps(self.problem, attempt.chosen):
            objective = value(self.problem, attempt.chosen)
            if objective > self.objective:
                self.chosen, self.objective, self.used = attempt.chosen, objective, source
        self.bound = min(self.bound, attempt.upper_bound)
        self.reason = attempt.stop_reason
        self._known(self.objective, self.bound)

    def greedy(self) -> None:
        """Start from the greedy selection where that is better than what is there."""
        self.take(greedy(self.problem), Strategy.GREEDY)

    def for_a_share(self, share: float) -> Stop:
        """Return the criteria, and a limit of a share of the time that is left."""
        return FirstOf(self.stop, TimeLimit(share * self.clock.remaining()))

    def improve(self, share: float, landscape: Landscape | None = None) -> None:
        """Run local search from the incumbent for a share of the time that is left."""
        stop = self.for_a_share(share)
        found = local_search(self.problem, self.chosen, stop, self.random_seed, landscape)
        self.take(found, Strategy.LOCAL_SEARCH)

    def finish(self, attempt: Attempt, strategy: Strategy) -> None:
        """Keep what an exact search found, and say what became of the incumbent before it."""
        before = self.objective
        self.take(attempt, strategy)
        ended = attempt.stop_reason in {StopReason.PROVEN, StopReason.SOLVER_TOLERANCE}
        if ended and self.objective <= before and self.used is not strategy:
            self.notes.append(f"The selection was found by {self.used} and proven by {strategy}.")
        elif attempt.stop_reason is StopReason.TIME_LIMIT:
            self.notes.append(f"{strategy} ran out of time; the selection is by {self.used}.")

    def fill_up(self) -> None:
        """Add what fits and does no harm: a budget is there to be used."""
        if self.problem.n <= _FILLED and keeps(self.problem, self.chosen):
            chosen = extend(self.problem, self.chosen)
            objective = value(self.problem, chosen)
            if keeps(self.problem, chosen) and objective >= self.objective:
                self.chosen, self.objective = chosen, objective

    def done(self) -> None:
        """Remember the criterion that says stop, if one does."""
        reason = self.stop(self.objective, self.bound)
        if reason is not None:
            self.reason = reason
