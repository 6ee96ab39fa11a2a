"""Solve a problem by a named strategy; this module only wires.

``auto`` answers with a heuristic, bounds it, and lets branch and bound finish. Whatever was
asked for, a selection comes back: where a backend is missing, fails or runs out of time, the best
heuristic selection stands in and the result says so.
"""

import math
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import numpy as np

from solver.backends import Attempt
from solver.backends.branch_and_bound import branch_and_bound
from solver.backends.cbc import cbc
from solver.backends.cp_sat import cp_sat
from solver.backends.greedy import extend, greedy
from solver.backends.local_search import local_search
from solver.backends.mip import mip
from solver.bounds import upper_bound
from solver.errors import BackendFailedError, BackendUnavailableError, UnknownStrategyError
from solver.objective import value
from solver.problem import Mask, Problem, SignatureProblem, take
from solver.result import Result, Status, StopReason
from solver.stop import Cancelled, FirstOf, GapReached, Stop, TimeLimit
from solver.verify import slack, verify


class Strategy(StrEnum):
    """How a problem is searched."""

    AUTO = "auto"
    """Heuristic, bound, and an exact finish where the problem is small enough."""
    GREEDY = "greedy"
    """Greedy alone: at once, with a bound but no attempt to close the gap."""
    LOCAL_SEARCH = "local_search"
    """Greedy improved by swaps and perturbation."""
    EXACT = "exact"
    """Branch and bound on the concave relaxation; for pair matrices CP-SAT."""
    CP_SAT = "cp_sat"
    """The classical linearised model through OR-Tools' CP-SAT."""
    SCIP = "scip"
    """The same through SCIP: SeedAL's own choice."""
    HIGHS = "highs"
    """The same through HiGHS."""
    PULP = "pulp"
    """The same through PuLP and CBC."""


# Raised whenever the same question may get another answer, so that stored answers are not reused.
ALGORITHM: Final = "2"

STRATEGIES: Final = tuple(strategy.value for strategy in Strategy)

# Up to here CP-SAT closes the gap of a pair matrix within a few seconds.
_PAIR_ITEMS = 40
# Beyond this a node of branch and bound takes so long that heuristics use the time better.
_SIGNATURE_ITEMS = 5_000
# Shares of the time allowed: for local search, and for the bound after it.
_SEARCH_SHARE = 0.5
_BOUND_SHARE = 0.8
_FIRST_BOUND_SHARE = 0.1


def _strategy(name: str) -> Strategy:
    try:
        return Strategy(name)
    except ValueError as error:
        message = f"There is no strategy {name!r}; the strategies are {', '.join(STRATEGIES)}."
        raise UnknownStrategyError(message) from error


def _run_classical(
    strategy: Strategy, problem: Problem, seconds: float, start: Mask, random_seed: int
) -> Attempt:
    match strategy:
        case Strategy.SCIP | Strategy.HIGHS:
            return mip(problem, strategy.value, seconds)
        case Strategy.PULP:
            return cbc(problem, seconds)
        case _:
            return cp_sat(problem, seconds, start, random_seed)


def _guarded(
    strategy: Strategy, problem: Problem, seconds: float, start: Mask, random_seed: int
) -> Attempt:
    """Run a classical backend on the items that the budget can buy at all."""
    affordable = np.flatnonzero(problem.costs <= problem.allowance)
    part = take(problem, affordable)
    try:
        attempt = _run_classical(strategy, part, seconds, start[affordable], random_seed)
    except (BackendUnavailableError, BackendFailedError):
        raise
    except Exception as error:  # foreign code: whatever it raises, the incumbent must survive
        message = f"{strategy} failed ({type(error).__name__}: {error})."
        raise BackendFailedError(message) from error
    chosen = np.zeros(problem.n, dtype=bool)
    chosen[affordable] = attempt.chosen
    return Attempt(chosen, attempt.upper_bound, attempt.stop_reason)


class _Search:
    """The state of one call: the incumbent, the bound, and where they come from."""

    def __init__(self, problem: Problem, stop: Stop, clock: TimeLimit, random_seed: int) -> None:
        self.problem = problem
        self.stop = stop
        self.clock = clock
        self.random_seed = random_seed
        self.chosen: Mask = greedy(problem).chosen
        self.objective = value(problem, self.chosen)
        self.bound = math.inf
        self.used = Strategy.GREEDY
        self.reason = StopReason.EXHAUSTED
        self.notes: list[str] = []

    def take(self, attempt: Attempt, source: Strategy) -> None:
        """Keep an attempt's selection where it is better, and its bound where it is lower."""
        chosen = extend(self.problem, attempt.chosen)
        objective = value(self.problem, chosen)
        if objective > self.objective:
            self.chosen, self.objective, self.used = chosen, objective, source
        self.bound = min(self.bound, attempt.upper_bound)
        self.reason = attempt.stop_reason

    def improve(self, share: float) -> None:
        """Run local search for a share of the time that is left."""
        limit = FirstOf(self.stop, TimeLimit(share * self.clock.remaining()))
        attempt = local_search(self.problem, limit, self.random_seed)
        self.take(attempt, Strategy.LOCAL_SEARCH)

    def bound_it(self, share: float) -> None:
        """Lower the bound for a share of the time that is left."""
        limit = FirstOf(self.stop, TimeLimit(share * self.clock.remaining()))
        self.bound = min(self.bound, upper_bound(self.problem, self.objective, limit))

    def _prove(self, strategy: Strategy) -> Attempt:
        if strategy is Strategy.EXACT and isinstance(self.problem, SignatureProblem):
            return branch_and_bound(self.problem, self.chosen, self.stop)
        seconds = self.clock.remaining()
        return _guarded(strategy, self.problem, seconds, self.chosen, self.random_seed)

    def finish(self, strategy: Strategy) -> None:
        """Run an exact backend; where it gives nothing, say so and keep the incumbent."""
        try:
            attempt = self._prove(strategy)
        except (BackendUnavailableError, BackendFailedError) as error:
            self.notes.append(f"{error} The selection is by {self.used}.")
            return
        before = self.objective
        self.take(attempt, strategy)
        ended = attempt.stop_reason in {StopReason.PROVEN, StopReason.SOLVER_TOLERANCE}
        if ended and self.objective <= before:
            self.notes.append(f"{strategy} proved the selection of {self.used}.")
        elif attempt.stop_reason is StopReason.TIME_LIMIT:
            self.notes.append(f"{strategy} ran out of time; the selection is by {self.used}.")

    def done(self) -> bool:
        """Return whether a criterion says stop, and remember which."""
        reason = self.stop(self.objective, self.bound)
        if reason is not None:
            self.reason = reason
        return reason is not None


def _auto(search: _Search) -> None:
    search.improve(_SEARCH_SHARE)
    search.bound_it(_BOUND_SHARE)
    signatures = isinstance(search.problem, SignatureProblem)
    most = _SIGNATURE_ITEMS if signatures else _PAIR_ITEMS
    if not search.done() and search.problem.n <= most:
        search.finish(Strategy.EXACT)


def _search(strategy: Strategy, search: _Search) -> None:
    match strategy:
        case Strategy.AUTO:
            _auto(search)
        case Strategy.GREEDY:
            search.bound_it(_BOUND_SHARE)
        case Strategy.LOCAL_SEARCH:
            search.improve(_BOUND_SHARE)
            search.bound_it(1.0)
        case Strategy.EXACT:
            search.improve(_FIRST_BOUND_SHARE)
            search.bound_it(_FIRST_BOUND_SHARE)
            search.finish(strategy)
        case _:
            # Before the model is built: where it gives no bound, this one stands.
            search.bound_it(_FIRST_BOUND_SHARE)
            search.finish(strategy)
    search.done()


def _sharp(problem: Problem, selected: np.ndarray, objective: float, bound: float) -> float:
    """Return the bound, set to the objective where they differ by rounding only."""
    return objective if bound - objective <= slack(problem, selected, objective) else bound


def solve(
    problem: Problem,
    *,
    strategy: str = "auto",
    time_limit_s: float = 10.0,
    gap: float = 0.0,
    random_seed: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Result:
    """Choose items within the budget so that the sum of their pair utilities is large.

    Items are put into the order of their ids first, so the answer does not depend on the order in
    which they were given.

    Parameters
    ----------
    problem
        What is asked.
    strategy
        One of `STRATEGIES`.
    time_limit_s
        Wall-clock seconds for the whole call, at least 0. At 0 the greedy answer comes back.
    gap
        Stop once the answer is certified to be within this relative gap of the best.
    random_seed
        The only source of randomness.
    cancelled
        Polled; the best selection so far comes back soon after it returns True.

    Returns
    -------
    Result
        Checked by `solver.verify.verify` before it is returned.

    Raises
    ------
    UnknownStrategyError
        When there is no such strategy.
    ValueError
        When the time limit or the gap is negative or not a number.
    """
    started = time.perf_counter()
    kind = _strategy(strategy)
    clock = TimeLimit(time_limit_s)
    stop = FirstOf(Cancelled(cancelled), GapReached(gap), clock)
    order = np.array(sorted(range(problem.n), key=problem.ids.__getitem__)) if problem.ids else None
    search = _Search(problem if order is None else take(problem, order), stop, clock, random_seed)
    _search(kind, search)

    inside = np.flatnonzero(search.chosen)
    selected = np.sort(inside if order is None else order[inside]).astype(np.int64)
    bound = _sharp(problem, selected, search.objective, search.bound)
    proven = bound <= search.objective
    result = Result(
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        stop_reason=StopReason.PROVEN if proven else search.reason,
        selected=selected,
        objective=search.objective,
        upper_bound=max(bound, search.objective),
        total_cost=math.fsum(problem.costs[selected]),
        budget=problem.budget,
        seconds=time.perf_counter() - started,
        strategy=kind.value,
        used=search.used.value,
        notes=tuple(search.notes),
    )
    verify(problem, result)
    return result
