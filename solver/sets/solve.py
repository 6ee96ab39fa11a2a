"""Wire the objectives that evaluate themselves to their searches.

Every kind has greedy, exchanges, and one exact search with a bound; this is the only module that
knows which.
"""

from functools import partial

import numpy as np

from solver.model.errors import BackendUnavailableError, UnknownStrategyError
from solver.model.options import Strategy, strategy_of
from solver.model.problem import AnyProblem, Mask, SetProblem
from solver.model.result import StopReason
from solver.model.stop import FirstOf, Stop, TimeLimit
from solver.search.attempt import Attempt
from solver.search.exchanges import exchanges
from solver.search.incumbent import Incumbent
from solver.sets.concave import ConcaveProblem
from solver.sets.concave_tree import concave_tree
from solver.sets.cover_search import cover_search
from solver.sets.facility import FacilityProblem
from solver.sets.facility_tree import facility_tree
from solver.sets.k_center import KCenterProblem

SET_STRATEGIES = (Strategy.AUTO, Strategy.EXACT, Strategy.GREEDY, Strategy.LOCAL_SEARCH)
"""The strategies that every objective has."""

# Shares of the time: for exchanges before the proof, for exchanges alone, for a bound.
_FIRST_SHARE, _SEARCH_SHARE, _BOUND_SHARE = 0.15, 0.7, 0.8


def strategy_for(problem: AnyProblem, name: str) -> Strategy:
    """Return the strategy of a name.

    Raises
    ------
    UnknownStrategyError
        When there is none of that name, or the problem's objective does not have it.
    """
    strategy = strategy_of(name)
    if isinstance(problem, SetProblem) and strategy not in SET_STRATEGIES:
        names = ", ".join(SET_STRATEGIES)
        message = f"{type(problem).__name__} is not solved by {name!r}; its strategies are {names}."
        raise UnknownStrategyError(message)
    return strategy


def _exact(problem: SetProblem, start: Mask, stop: Stop, nodes: int | None) -> Attempt:
    match problem:
        case FacilityProblem():
            return facility_tree(problem, start, stop, nodes)
        case KCenterProblem():
            return cover_search(problem, start, stop, nodes)
        case ConcaveProblem():
            return concave_tree(problem, start, stop, nodes)
        case _:
            message = f"{type(problem).__name__} has no search."
            raise UnknownStrategyError(message)


def _guarded(incumbent: Incumbent[SetProblem], stop: Stop, nodes: int | None) -> Attempt:
    """Run the exact search; where its library is missing, say so and bound by all items."""
    try:
        return _exact(incumbent.problem, incumbent.chosen, stop, nodes)
    except BackendUnavailableError as error:
        incumbent.notes.append(f"{error} The selection is by {incumbent.used}.")
        everything = incumbent.problem.value(np.ones(incumbent.problem.n, dtype=bool))
        return Attempt(incumbent.chosen, everything, StopReason.EXHAUSTED)


def _bound(incumbent: Incumbent[SetProblem], share: float) -> None:
    """Lower the bound without opening a node, whatever selection that comes across."""
    stop = FirstOf(incumbent.stop, TimeLimit(share * incumbent.clock.remaining()))
    attempt = _guarded(incumbent, stop, 0)
    incumbent.bound = min(incumbent.bound, attempt.upper_bound)


def _improve(incumbent: Incumbent[SetProblem], share: float) -> None:
    stop = FirstOf(incumbent.stop, TimeLimit(share * incumbent.clock.remaining()))
    search = partial(exchanges, random_seed=incumbent.random_seed)
    incumbent.take(search(incumbent.problem, incumbent.chosen, stop), Strategy.LOCAL_SEARCH)


def search_set(strategy: Strategy, incumbent: Incumbent[SetProblem]) -> None:
    """Run a strategy; the incumbent holds what came of it.

    Parameters
    ----------
    strategy
        One of `SET_STRATEGIES`.
    incumbent
        At its start: a selection that keeps every rule, if one is known.
    """
    incumbent.greedy()
    match strategy:
        case Strategy.GREEDY:
            _bound(incumbent, _BOUND_SHARE)
        case Strategy.LOCAL_SEARCH:
            _improve(incumbent, _SEARCH_SHARE)
            _bound(incumbent, 1.0)
        case _:
            _improve(incumbent, _FIRST_SHARE)
            attempt = _guarded(incumbent, incumbent.stop, incumbent.nodes)
            incumbent.finish(attempt, Strategy.EXACT)
    incumbent.fill_up()
    incumbent.done()
