"""Solve a problem by a named strategy; this module only wires.

What is fixed is taken out first, and whether the rules can be kept at all is settled. Then ``auto``
answers with a heuristic, improves it, and lets branch and bound finish. Whatever was asked for, a
selection comes back: where a backend is missing, fails or runs out of time, the best heuristic
selection stands in and the result says so.
"""

import math
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Final, cast

import numpy as np

from solver.bounds import upper_bound
from solver.classical.cbc import cbc
from solver.classical.cp_sat import cp_sat
from solver.classical.mip import mip
from solver.model.errors import BackendFailedError, BackendUnavailableError
from solver.model.options import STRATEGIES, SolverOptions, Strategy
from solver.model.problem import AnyProblem, Mask, Problem, SetProblem, SignatureProblem, take
from solver.model.result import Result, Status, StopReason
from solver.model.stop import Cancelled, FirstOf, GapReached, Stop, TimeLimit
from solver.pairs.tree import pair_tree
from solver.rules.explanation import explain
from solver.rules.feasibility import Verdict, complete
from solver.rules.reduction import Reduced, reduce
from solver.search.attempt import Attempt
from solver.search.core import CORE_ITEMS, Core, SignatureCore, pair_core, signature_core
from solver.search.greedy import extend
from solver.search.incumbent import Incumbent, Report
from solver.search.local_search import local_search
from solver.search.moves import strip
from solver.search.oscillation import oscillate
from solver.sets.solve import search_set, strategy_for
from solver.signatures.large import LargeProgress, large
from solver.signatures.tree import signature_tree
from solver.verify import slack, verify

__all__ = ["ALGORITHM", "STRATEGIES", "Report", "Strategy", "solve"]

# Raised whenever the same question may get another answer, so that stored answers are not reused.
ALGORITHM: Final = "4"

# Flips of the heuristic before the proof is tried, and where they are counted in segments.
_SIGNATURE_FLIPS, _PAIR_FLIPS, _SEGMENT = 5_000, 20_000, 500
# ... and fewer where each takes longer: this divided by the number of items.
_FLIP_ITEMS = 2_000_000
# Nodes of the first look.
_FIRST_NODES = 64
# Selections this close to the best are descended from.
_NEAR = 0.005
# Pair problems up to here are bounded by the Lagrangian; beyond, its matrices take too much memory.
_PAIR_ITEMS = 5_000
# Shares of the time allowed: for local search, and for a first bound.
_SEARCH_SHARE, _BOUND_SHARE = 0.8, 0.1


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
    """Run a classical backend; whatever foreign code raises, the incumbent must survive."""
    try:
        return _run_classical(strategy, problem, seconds, start, random_seed)
    except (BackendUnavailableError, BackendFailedError):
        raise
    except Exception as error:
        message = f"{strategy} failed ({type(error).__name__}: {error})."
        raise BackendFailedError(message) from error


class _Search(Incumbent[Problem]):
    """The searches for objectives that are sums over pairs."""

    def improve(self, share: float) -> None:
        """Run local search for a share of the time that is left."""
        limit = FirstOf(self.stop, TimeLimit(share * self.clock.remaining()))
        self.take(local_search(self.problem, limit, self.random_seed), Strategy.LOCAL_SEARCH)

    def bound_it(self, share: float) -> None:
        """Lower the bound for a share of the time that is left."""
        limit = FirstOf(self.stop, TimeLimit(share * self.clock.remaining()))
        self.bound = min(self.bound, upper_bound(self.problem, self.objective, limit))

    def oscillate(self, core: Core, flips: int) -> None:
        """Improve the incumbent on a core by strategic oscillation."""
        starts = [self.chosen, strip(core.utilities, core.profits, core.rules)]
        starts = [start for start in starts if core.keeps(start)]
        if not starts:
            return
        best = max(starts, key=core.value)
        for done in range(0, flips, _SEGMENT * 4):
            if self.stop(self.objective, self.bound) is not None:
                return
            chosen, _, _ = oscillate(
                core.utilities,
                core.profits,
                core.rules,
                best,
                _SEGMENT * 4,
                _SEGMENT,
                _NEAR,
                self.random_seed + done,
            )
            best = chosen
            self.take(Attempt(chosen, math.inf, StopReason.EXHAUSTED), Strategy.LOCAL_SEARCH)

    def classical(self, strategy: Strategy) -> None:
        """Run a classical model; where it gives nothing, say so and keep the incumbent."""
        seconds = self.clock.remaining()
        try:
            attempt = _guarded(strategy, self.problem, seconds, self.chosen, self.random_seed)
        except (BackendUnavailableError, BackendFailedError) as error:
            self.notes.append(f"{error} The selection is by {self.used}.")
            return
        chosen = extend(self.problem, attempt.chosen)
        self.finish(Attempt(chosen, attempt.upper_bound, attempt.stop_reason), strategy)

    def tree(self, core: Core, nodes: int | None) -> None:
        """Run branch and bound on a core."""
        if isinstance(core, SignatureCore):
            attempt = signature_tree(core, self.chosen, self.stop, nodes=nodes)
        else:
            attempt = pair_tree(core, self.chosen, self.stop, nodes=nodes)
        self.finish(attempt, Strategy.EXACT)

    def large(self) -> None:
        """Run the passes for large signature problems; their bound holds under any further rule."""
        if not isinstance(self.problem, SignatureProblem):
            return

        def report(progress: LargeProgress) -> None:
            self.take(
                Attempt(progress.chosen, progress.upper_bound, StopReason.EXHAUSTED),
                Strategy.LOCAL_SEARCH,
            )

        attempt = large(self.problem, self.stop, report, random_seed=self.random_seed)
        self.take(attempt, Strategy.LOCAL_SEARCH)


def _auto(search: _Search) -> None:
    problem = search.problem
    signatures = isinstance(problem, SignatureProblem)
    if signatures and problem.n > CORE_ITEMS:
        search.large()
        if problem.constraints.limits:
            search.greedy()
            search.improve(_SEARCH_SHARE)
        return
    search.greedy()
    if problem.n > _PAIR_ITEMS:
        search.improve(_SEARCH_SHARE)
        return
    if isinstance(problem, SignatureProblem):
        # A first look, for a bound at once; most problems need no more.
        core: Core = signature_core(problem)
        search.tree(core, _FIRST_NODES)
        if search.reason is not StopReason.EXHAUSTED:
            return
        search.oscillate(core, min(_SIGNATURE_FLIPS, _FLIP_ITEMS // problem.n))
    else:
        core = pair_core(problem)
        search.oscillate(core, _PAIR_FLIPS)
    search.tree(core, search.nodes)


def _search(strategy: Strategy, search: _Search) -> None:
    match strategy:
        case Strategy.AUTO | Strategy.EXACT:
            _auto(search)
        case Strategy.GREEDY:
            search.greedy()
            search.bound_it(_SEARCH_SHARE)
        case Strategy.LOCAL_SEARCH:
            search.greedy()
            search.improve(_SEARCH_SHARE)
            search.bound_it(1.0)
        case _:
            # Before the model is built: where it gives no bound, this one stands.
            search.greedy()
            search.bound_it(_BOUND_SHARE)
            search.classical(strategy)
    if search.bound == math.inf:
        search.bound_it(1.0)
    search.fill_up()
    search.done()


def _run(
    kind: Strategy,
    reduced: Reduced[AnyProblem],
    start: Mask,
    stop: Stop,
    clock: TimeLimit,
    report: Report,
    options: SolverOptions,
) -> Incumbent[AnyProblem]:
    """Search by what the objective needs; return the state at the end."""
    arguments = (start, stop, clock, report, options.random_seed, options.node_limit)
    problem = reduced.problem
    if isinstance(problem, SetProblem):
        sets = Incumbent(cast("Reduced[SetProblem]", reduced), *arguments)
        search_set(kind, sets)
        return cast("Incumbent[AnyProblem]", sets)
    pairs = _Search(cast("Reduced[Problem]", reduced), *arguments)
    _search(kind, pairs)
    return cast("Incumbent[AnyProblem]", pairs)


def _sharp(problem: AnyProblem, selected: np.ndarray, objective: float, bound: float) -> float:
    """Return the bound, set to the objective where they differ by rounding only."""
    return objective if bound - objective <= slack(problem, selected, objective) else bound


def _infeasible(problem: AnyProblem, strategy: str, seconds: float) -> Result:
    """Return the answer that there is none, and why."""
    explanation = explain(problem)
    return Result(
        status=Status.INFEASIBLE,
        stop_reason=StopReason.PROVEN,
        selected=np.zeros(0, dtype=np.int64),
        objective=-math.inf,
        upper_bound=-math.inf,
        total_cost=0.0,
        budget=problem.budget,
        seconds=seconds,
        strategy=strategy,
        used=strategy,
        notes=(explanation.sentence,),
        explanation=explanation,
    )


def _in_order(problem: AnyProblem) -> np.ndarray | None:
    """Return the order of the ids; None where the items lie in it, or have no ids."""
    ids = problem.ids
    if all(a < b for a, b in pairwise(ids)):
        return None
    return np.array(sorted(range(problem.n), key=ids.__getitem__))


def solve(
    problem: AnyProblem,
    options: SolverOptions = SolverOptions(),
    *,
    cancelled: Callable[[], bool] = lambda: False,
    report: Report = lambda _objective, _bound: None,
) -> Result:
    """Choose items within the budget so that the objective is large.

    Items are put into the order of their ids first, so the answer does not depend on the order in
    which they were given.

    Parameters
    ----------
    problem
        What is asked.
    options
        Strategy, limits and random seed.
    cancelled
        Polled; the best selection so far comes back soon after it returns True.
    report
        Called with objective and upper bound whenever one of them has improved, from the first
        answer on.

    Returns
    -------
    Result
        Checked by `solver.verify.verify` before it is returned.

    Raises
    ------
    UnknownStrategyError
        When the problem's objective does not have the strategy.
    BackendFailedError
        When no selection that keeps several budgets was found in time; a budget alone, and limits
        on numbers, always come to an answer.
    """
    started = time.perf_counter()
    kind = strategy_for(problem, options.strategy)
    clock = TimeLimit(options.time_limit_s)
    stop = FirstOf(Cancelled(cancelled), GapReached(options.gap), clock)
    order = _in_order(problem)
    asked = problem if order is None else take(problem, order)
    reduced = reduce(asked)
    feasible = None if reduced.broken else complete(reduced.problem)
    if feasible is None or feasible.verdict is Verdict.NO:
        return _infeasible(problem, kind.value, time.perf_counter() - started)
    search = _run(kind, reduced, feasible.chosen, stop, clock, report, options)
    if search.objective == -math.inf:
        # Whether the rules can be kept was not found out before the search, nor by it.
        if search.reason is StopReason.PROVEN:
            return _infeasible(problem, kind.value, time.perf_counter() - started)
        message = "No selection that keeps every rule was found in time, and no proof of none."
        raise BackendFailedError(message)

    inside = reduced.lift(search.chosen)
    selected = np.sort(inside if order is None else order[inside]).astype(np.int64)
    objective = search.objective + search.base
    bound = _sharp(problem, selected, objective, search.bound + search.base)
    proven = bound <= objective
    result = Result(
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        stop_reason=StopReason.PROVEN if proven else search.reason,
        selected=selected,
        objective=objective,
        upper_bound=max(bound, objective),
        total_cost=math.fsum(problem.costs[selected]),
        budget=problem.budget,
        seconds=time.perf_counter() - started,
        strategy=kind.value,
        used=search.used.value,
        notes=tuple(search.notes),
    )
    verify(problem, result)
    return result
