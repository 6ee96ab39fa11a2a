"""Wire the objectives that evaluate themselves to their searches.

Every kind has greedy, local search, and one exact search with a bound; this is the only module that
knows which.
"""

import numpy as np

from solver.model.errors import BackendUnavailableError, UnknownStrategyError
from solver.model.options import Strategy
from solver.model.problem import SetProblem
from solver.model.result import StopReason
from solver.model.stop import Stop
from solver.search.best_first import Attempt, best_first
from solver.search.incumbent import Incumbent
from solver.search.local_search import Landscape
from solver.search.proof_log import ProofLog
from solver.sets.base import ConcaveProblem
from solver.sets.concave_tree import ConcaveTree
from solver.sets.cover_search import cover_search
from solver.sets.coverage import CoverageProblem
from solver.sets.coverage_search import CoverageLandscape
from solver.sets.facility import FacilityProblem
from solver.sets.facility_tree import FacilityTree
from solver.sets.k_center import KCenterProblem

SET_STRATEGIES = (Strategy.AUTO, Strategy.EXACT, Strategy.GREEDY, Strategy.LOCAL_SEARCH)
"""The strategies that every objective has."""

# Shares of the time: for local search before the proof, for local search alone, for a bound.
_FIRST_SHARE, _SEARCH_SHARE, _BOUND_SHARE = 0.15, 0.7, 0.8


def _landscape(problem: SetProblem) -> Landscape | None:
    """Return compiled local search, where the objective has one."""
    return CoverageLandscape(problem) if isinstance(problem, CoverageProblem) else None


def _exact(
    incumbent: Incumbent[SetProblem], stop: Stop, nodes: int | None, landscape: Landscape | None
) -> Attempt:
    problem, start = incumbent.problem, incumbent.chosen
    match problem:
        case FacilityProblem():
            return best_first(FacilityTree(problem, start, stop), stop, nodes)
        case KCenterProblem():
            return cover_search(problem, start, stop, nodes)
        case ConcaveProblem():
            tree = ConcaveTree(
                problem, start, stop, landscape=landscape, random_seed=incumbent.random_seed
            )
            return best_first(tree, stop, nodes)
        case _:
            message = f"{type(problem).__name__} has no search."
            raise UnknownStrategyError(message)


def prove_set(problem: SetProblem, target: float, stop: Stop) -> tuple[float, ProofLog]:
    """Prove that no selection is worth more than a target, or than what could be shown.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`); any objective that has planes.
    target
        What is to be proven.
    stop
        Asked with the target and the bound so far.

    Returns
    -------
    tuple[float, ProofLog]
        The bound that was proven, and how: the target, up to the tolerance of certificates, where
        there was time enough.

    Raises
    ------
    UnknownStrategyError
        When the objective has no planes.
    """
    log, nothing = ProofLog(target), np.zeros(problem.n, dtype=bool)
    tree: FacilityTree | ConcaveTree
    match problem:
        case FacilityProblem():
            tree = FacilityTree(problem, nothing, stop, log)
        case ConcaveProblem():
            tree = ConcaveTree(problem, nothing, stop, log)
        case _:
            message = f"{type(problem).__name__} has no planes."
            raise UnknownStrategyError(message)
    attempt = best_first(tree, stop)
    tree.finish()
    return attempt.upper_bound, log


def _guarded(
    incumbent: Incumbent[SetProblem],
    stop: Stop,
    nodes: int | None,
    landscape: Landscape | None = None,
) -> Attempt:
    """Run the exact search; where its library is missing, say so and bound by all items."""
    try:
        return _exact(incumbent, stop, nodes, landscape)
    except BackendUnavailableError as error:
        incumbent.notes.append(f"{error} The selection is by {incumbent.used}.")
        everything = incumbent.problem.value(np.ones(incumbent.problem.n, dtype=bool))
        return Attempt(incumbent.chosen, everything, StopReason.EXHAUSTED)


def _bound(incumbent: Incumbent[SetProblem], share: float) -> None:
    """Lower the bound without opening a node, whatever selection that comes across."""
    attempt = _guarded(incumbent, incumbent.for_a_share(share), 0)
    incumbent.bound = min(incumbent.bound, attempt.upper_bound)


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
    landscape = _landscape(incumbent.problem)
    match strategy:
        case Strategy.GREEDY:
            _bound(incumbent, _BOUND_SHARE)
        case Strategy.LOCAL_SEARCH:
            incumbent.improve(_SEARCH_SHARE, landscape)
            _bound(incumbent, 1.0)
        case _:
            incumbent.improve(_FIRST_SHARE, landscape)
            attempt = _guarded(incumbent, incumbent.stop, incumbent.nodes, landscape)
            incumbent.finish(attempt, Strategy.EXACT)
    incumbent.fill_up()
    incumbent.done()
