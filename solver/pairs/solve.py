"""Wire the objectives that are sums over pairs to their searches: signatures and matrices.

``auto`` answers with a heuristic, improves it, and lets branch and bound finish. Whatever was asked
for, a selection comes back: where a backend is missing, fails or runs out of time, the best
heuristic selection stands in and the result says so.
"""

import math

from solver.bounds import upper_bound
from solver.classical.cbc import cbc
from solver.classical.cp_sat import cp_sat
from solver.classical.mip import mip
from solver.model.errors import BackendFailedError, BackendUnavailableError
from solver.model.options import Strategy
from solver.model.problem import Mask, Problem, SignatureProblem
from solver.model.result import StopReason
from solver.pairs.tree import pair_tree
from solver.search.best_first import Attempt
from solver.search.core import CORE_ITEMS, Core, SignatureCore, pair_core, signature_core
from solver.search.greedy import extend
from solver.search.incumbent import Incumbent
from solver.search.moves import strip
from solver.search.oscillation import oscillate
from solver.signatures.large import LargeProgress, large
from solver.signatures.tree import signature_tree

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


def search_pairs(strategy: Strategy, incumbent: Incumbent[Problem]) -> None:
    """Run a strategy; the incumbent holds what came of it.

    Parameters
    ----------
    strategy
        Any.
    incumbent
        At its start: a selection that keeps every rule, if one is known.
    """
    match strategy:
        case Strategy.AUTO | Strategy.EXACT:
            _auto(incumbent)
        case Strategy.GREEDY:
            incumbent.greedy()
            _bound(incumbent, _SEARCH_SHARE)
        case Strategy.LOCAL_SEARCH:
            incumbent.greedy()
            incumbent.improve(_SEARCH_SHARE)
            _bound(incumbent, 1.0)
        case _:
            # Before the model is built: where it gives no bound, this one stands.
            incumbent.greedy()
            _bound(incumbent, _BOUND_SHARE)
            _classical(incumbent, strategy)
    if incumbent.bound == math.inf:
        _bound(incumbent, 1.0)
    incumbent.fill_up()
    incumbent.done()


def _auto(incumbent: Incumbent[Problem]) -> None:
    problem = incumbent.problem
    if isinstance(problem, SignatureProblem) and problem.n > CORE_ITEMS:
        _passes(incumbent, problem)
        if problem.constraints.limits:
            incumbent.greedy()
            incumbent.improve(_SEARCH_SHARE)
        return
    incumbent.greedy()
    if problem.n > _PAIR_ITEMS:
        incumbent.improve(_SEARCH_SHARE)
        return
    if isinstance(problem, SignatureProblem):
        # A first look, for a bound at once; most problems need no more.
        core: Core = signature_core(problem)
        _tree(incumbent, core, _FIRST_NODES)
        if incumbent.reason is not StopReason.EXHAUSTED:
            return
        _oscillate(incumbent, core, min(_SIGNATURE_FLIPS, _FLIP_ITEMS // problem.n))
    else:
        core = pair_core(problem)
        _oscillate(incumbent, core, _PAIR_FLIPS)
    _tree(incumbent, core, incumbent.nodes)


def _bound(incumbent: Incumbent[Problem], share: float) -> None:
    """Lower the bound for a share of the time that is left."""
    bound = upper_bound(incumbent.problem, incumbent.objective, incumbent.for_a_share(share))
    incumbent.bound = min(incumbent.bound, bound)


def _passes(incumbent: Incumbent[Problem], problem: SignatureProblem) -> None:
    """Run the passes for large signature problems; their bound holds under any further rule."""

    def report(progress: LargeProgress) -> None:
        found = Attempt(progress.chosen, progress.upper_bound, StopReason.EXHAUSTED)
        incumbent.take(found, Strategy.LOCAL_SEARCH)

    attempt = large(problem, incumbent.stop, report, random_seed=incumbent.random_seed)
    incumbent.take(attempt, Strategy.LOCAL_SEARCH)


def _oscillate(incumbent: Incumbent[Problem], core: Core, flips: int) -> None:
    """Improve the incumbent on a core by strategic oscillation."""
    starts = [incumbent.chosen, strip(core.utilities, core.profits, core.rules)]
    starts = [start for start in starts if core.keeps(start)]
    if not starts:
        return
    best = max(starts, key=core.value)
    for done in range(0, flips, _SEGMENT * 4):
        if incumbent.stop(incumbent.objective, incumbent.bound) is not None:
            return
        best, _, _ = oscillate(
            core.utilities,
            core.profits,
            core.rules,
            best,
            _SEGMENT * 4,
            _SEGMENT,
            _NEAR,
            incumbent.random_seed + done,
        )
        incumbent.take(Attempt(best, math.inf, StopReason.EXHAUSTED), Strategy.LOCAL_SEARCH)


def _tree(incumbent: Incumbent[Problem], core: Core, nodes: int | None) -> None:
    """Run branch and bound on a core."""
    if isinstance(core, SignatureCore):
        attempt = signature_tree(core, incumbent.chosen, incumbent.stop, nodes=nodes)
    else:
        attempt = pair_tree(core, incumbent.chosen, incumbent.stop, nodes=nodes)
    incumbent.finish(attempt, Strategy.EXACT)


def _classical(incumbent: Incumbent[Problem], strategy: Strategy) -> None:
    """Run a classical model; where it gives nothing, say so and keep the incumbent."""
    seconds = incumbent.clock.remaining()
    try:
        attempt = _guarded(
            strategy, incumbent.problem, seconds, incumbent.chosen, incumbent.random_seed
        )
    except (BackendUnavailableError, BackendFailedError) as error:
        incumbent.notes.append(f"{error} The selection is by {incumbent.used}.")
        return
    chosen = extend(incumbent.problem, attempt.chosen)
    incumbent.finish(Attempt(chosen, attempt.upper_bound, attempt.stop_reason), strategy)


def _guarded(
    strategy: Strategy, problem: Problem, seconds: float, start: Mask, random_seed: int
) -> Attempt:
    """Run a classical backend; whatever foreign code raises, the incumbent must survive."""
    try:
        match strategy:
            case Strategy.SCIP | Strategy.HIGHS:
                return mip(problem, strategy.value, seconds)
            case Strategy.PULP:
                return cbc(problem, seconds)
            case _:
                return cp_sat(problem, seconds, start, random_seed)
    except (BackendUnavailableError, BackendFailedError):
        raise
    except Exception as error:
        message = f"{strategy} failed ({type(error).__name__}: {error})."
        raise BackendFailedError(message) from error
