"""Solve a problem by a named strategy; this module only wires.

What is fixed is taken out first, and whether the rules can be kept at all is settled. Then the
searches of the problem's family run (`solver.pairs.solve`, `solver.sets.solve`), and what they
found is verified.
"""

import math
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from solver.model.errors import BackendFailedError, UnknownStrategyError
from solver.model.options import SolverOptions, Strategy, strategy_of
from solver.model.problem import AnyProblem, Problem, SetProblem, take
from solver.model.result import Result, Status, StopReason
from solver.model.stop import Cancelled, FirstOf, GapReached, TimeLimit
from solver.pairs.solve import search_pairs
from solver.rules.explanation import explain
from solver.rules.feasibility import Verdict, complete
from solver.rules.reduction import reduce
from solver.search.incumbent import Incumbent, Report
from solver.sets.solve import SET_STRATEGIES, search_set
from solver.verify import slack, verify

# Raised whenever the same question may get another answer, so that stored answers are not reused.
ALGORITHM: Final = "7"


def solve(
    problem: AnyProblem,
    options: SolverOptions = SolverOptions(),
    *,
    cancelled: Callable[[], bool] = lambda: False,
    report: Report = lambda _objective, _bound: None,
) -> Result:
    """Choose items within the budget so that the objective is large.

    Items are put into the order of their ids first, so the order they are given in does not count.

    Parameters
    ----------
    problem
        What is asked.
    options
        Strategy, limits and random seed.
    cancelled
        Polled; the best selection so far comes back soon after it returns True.
    report
        Called with objective and upper bound whenever one has improved, from the first answer on.

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
    strategy = _strategy_for(problem, options.strategy)
    clock = TimeLimit(options.time_limit_s)
    stop = FirstOf(Cancelled(cancelled), GapReached(options.gap), clock)

    order = _order_of_ids(problem)
    reduced = reduce(problem if order is None else take(problem, order))
    feasible = None if reduced.broken else complete(reduced.problem)
    if feasible is None or feasible.verdict is Verdict.NO:
        return _infeasible(problem, strategy, started)

    incumbent = Incumbent(reduced, feasible.chosen, stop, clock, report, options)
    _search(strategy, incumbent)
    if incumbent.objective == -math.inf:
        # Whether the rules can be kept was not found out before the search, nor by it.
        if incumbent.reason is StopReason.PROVEN:
            return _infeasible(problem, strategy, started)
        message = "No selection that keeps every rule was found in time, and no proof of none."
        raise BackendFailedError(message)

    inside = reduced.lift(incumbent.chosen)
    selected = np.sort(inside if order is None else order[inside]).astype(np.int64)
    result = _result(problem, strategy, incumbent, selected, started)
    verify(problem, result)
    return result


def _strategy_for(problem: AnyProblem, name: str) -> Strategy:
    strategy = strategy_of(name)
    if isinstance(problem, SetProblem) and strategy not in SET_STRATEGIES:
        names = ", ".join(SET_STRATEGIES)
        message = f"{type(problem).__name__} is not solved by {name!r}; its strategies are {names}."
        raise UnknownStrategyError(message)
    return strategy


def _order_of_ids(problem: AnyProblem) -> npt.NDArray[np.intp] | None:
    """Return the order of the ids; None where the items lie in it, or have no ids."""
    ids = problem.ids
    if all(a < b for a, b in pairwise(ids)):
        return None
    return np.array(sorted(range(problem.n), key=ids.__getitem__))


def _search(strategy: Strategy, incumbent: Incumbent[AnyProblem]) -> None:
    """Search by what the problem's family has."""
    if isinstance(incumbent.problem, SetProblem):
        search_set(strategy, cast("Incumbent[SetProblem]", incumbent))
    else:
        search_pairs(strategy, cast("Incumbent[Problem]", incumbent))


def sharpened(
    problem: AnyProblem, selected: npt.NDArray[np.int64], objective: float, bound: float
) -> float:
    """Return a bound of at least the objective; the objective where they differ by rounding only.

    Parameters
    ----------
    problem
        As it was asked.
    selected
        Sorted indices of the chosen items, shape (k,).
    objective, bound
        What they are worth, and what no selection exceeds.
    """
    return objective if bound - objective <= slack(problem, selected, objective) else bound


def _result(
    problem: AnyProblem,
    strategy: Strategy,
    incumbent: Incumbent[AnyProblem],
    selected: npt.NDArray[np.int64],
    started: float,
) -> Result:
    objective = incumbent.objective + incumbent.base
    bound = sharpened(problem, selected, objective, incumbent.bound + incumbent.base)
    proven = bound <= objective
    return Result(
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        stop_reason=StopReason.PROVEN if proven else incumbent.reason,
        selected=selected,
        objective=objective,
        upper_bound=bound,
        total_cost=math.fsum(problem.costs[selected]),
        budget=problem.budget,
        seconds=time.perf_counter() - started,
        strategy=strategy.value,
        used=incumbent.used.value,
        notes=tuple(incumbent.notes),
    )


def _infeasible(problem: AnyProblem, strategy: Strategy, started: float) -> Result:
    """Return the answer that there is no selection, and why."""
    seconds = time.perf_counter() - started
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
        strategy=strategy.value,
        used=strategy.value,
        notes=(explanation.sentence,),
        explanation=explanation,
    )
