"""The solver against exhaustive search."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import problems, signature_problems

from solver.bounds import upper_bound
from solver.classical.linearised import linearise
from solver.model.objective import gains, pair_matrix, value
from solver.model.options import STRATEGIES, SolverOptions
from solver.model.problem import Problem, SignatureProblem
from solver.model.result import Status, StopReason
from solver.model.stop import GapReached
from solver.pairs.tree import pair_tree
from solver.search.core import pair_core, signature_core
from solver.search.greedy import greedy
from solver.signatures.tree import signature_tree
from solver.solve import solve
from solver.verify import verify

Oracle = Callable[[Problem], float]

# Floating-point solvers stop at tolerances of about 1e-5 of the largest coefficient, and 1e-7 for
# each column; the largest of these problems have 105.
FOREIGN, FOREIGN_COLUMN = 1e-5, 1e-7
# What a bound is off besides.
DIGITS = 1e-8


@settings(max_examples=25, deadline=None)
@given(problem=problems())
@pytest.mark.parametrize("strategy", ["cp_sat", "scip", "highs", "pulp"])
def test_classical_models_equal_exhaustive_search(
    problem: Problem, strategy: str, best_value: Oracle
) -> None:
    """Every classical backend finds what exhaustive search finds, up to the gap that it states."""
    result = solve(problem, SolverOptions(strategy=strategy, time_limit_s=60))
    best = best_value(problem)
    stated = result.upper_bound - result.objective
    columns = problem.n * (problem.n + 1) // 2
    assert stated <= (FOREIGN + FOREIGN_COLUMN * columns + DIGITS) * linearise(problem).scale
    assert best - stated - 1e-9 * abs(best) <= result.objective <= best + 1e-9 * abs(best) + 1e-12
    assert result.stop_reason in {StopReason.PROVEN, StopReason.SOLVER_TOLERANCE}
    assert result.status is Status.OPTIMAL or strategy != "cp_sat"


@settings(max_examples=100, deadline=None)
@given(problem=problems())
@pytest.mark.parametrize("strategy", ["auto", "exact"])
def test_the_proof_is_right_on_small_problems(
    problem: Problem, strategy: str, best_value: Oracle
) -> None:
    """Our own strategies prove the optimum of every problem of up to 14 items."""
    result = solve(problem, SolverOptions(strategy=strategy, time_limit_s=60))
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(best_value(problem), rel=1e-9, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(problem=problems())
@pytest.mark.parametrize("strategy", ["greedy", "local_search"])
def test_heuristics_never_lie(problem: Problem, strategy: str, best_value: Oracle) -> None:
    """A heuristic's bound is never below the optimum, and "optimal" is only said when it is."""
    best = best_value(problem)
    result = solve(problem, SolverOptions(strategy=strategy))
    verify(problem, result)
    slack = 1e-9 * abs(best) + 1e-12
    assert result.objective <= best + slack
    assert result.upper_bound >= best - slack
    if result.status is Status.OPTIMAL:
        assert result.objective >= best - slack


@settings(deadline=None)
@given(problem=signature_problems(), share=st.floats(0.0, 1.0))
def test_bound_holds_whatever_the_incumbent(
    problem: SignatureProblem, share: float, best_value: Oracle
) -> None:
    """The bound covers the optimum for any incumbent that exists."""
    best = best_value(problem)
    bound = upper_bound(problem, share * best, GapReached(0.0))
    assert bound >= best * (1 - 1e-9)


@settings(max_examples=100, deadline=None)
@given(problem=problems(), nodes=st.integers(0, 6))
def test_an_interrupted_proof_still_bounds(
    problem: Problem, nodes: int, best_value: Oracle
) -> None:
    """However early branch and bound is stopped, its bound covers the optimum."""
    asked = iter(range(1000))
    nothing = np.zeros(problem.n, dtype=bool)

    def stop(_objective: float, _bound: float) -> StopReason | None:
        return StopReason.CANCELLED if next(asked) > nodes else None

    if isinstance(problem, SignatureProblem):
        attempt = signature_tree(signature_core(problem), nothing, stop, nodes=nodes)
    else:
        attempt = pair_tree(pair_core(problem), nothing, stop)
    best = best_value(problem)
    assert math.fsum(problem.costs[attempt.chosen]) <= problem.allowance
    assert attempt.upper_bound >= best - 1e-9 * abs(best)
    assert value(problem, attempt.chosen) <= best + 1e-9 * abs(best) + 1e-12


@given(problem=problems(), seed=st.integers(0, 2**32 - 1))
def test_gains_are_differences_of_the_objective(problem: Problem, seed: int) -> None:
    """A gain is exactly what the objective changes by when the item is flipped."""
    chosen = np.random.default_rng(seed).random(problem.n) < 0.5
    for item, gain in enumerate(gains(problem, chosen)):
        flipped = chosen.copy()
        flipped[item] = not flipped[item]
        change = abs(value(problem, flipped) - value(problem, chosen))
        assert math.isclose(change, abs(gain), rel_tol=1e-9, abs_tol=1e-9)


@given(problem=problems())
def test_pair_matrix_gives_the_objective(problem: Problem) -> None:
    """The matrix of the classical models is the objective of both forms."""
    everything = np.ones(problem.n, dtype=bool)
    pairs = float(np.triu(pair_matrix(problem), k=1).sum())
    alone = value(problem, everything) - pairs
    expected = 0.0 if isinstance(problem, SignatureProblem) else float(problem.profits.sum())
    assert alone == pytest.approx(expected, abs=1e-9)


@given(problem=problems())
def test_greedy_leaves_nothing_that_helps(problem: Problem) -> None:
    """No affordable item that does no harm is left out of the greedy selection."""
    chosen = greedy(problem).chosen
    spent = math.fsum(problem.costs[chosen])
    left = ~chosen & (spent + problem.costs <= problem.allowance)
    assert not (gains(problem, chosen)[left] >= 0).any()


@settings(deadline=None)
@given(problem=signature_problems(), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name in {"auto", "greedy"}])
def test_input_order_does_not_matter(problem: SignatureProblem, seed: int, strategy: str) -> None:
    """The same scenes in another order give the same ids."""
    ids = tuple(f"scene-{k:02d}" for k in range(problem.n))
    named = replace(problem, ids=ids)
    order = np.random.default_rng(seed).permutation(problem.n)
    shuffled = SignatureProblem(
        weights=problem.weights[order],
        vectors=problem.vectors[order],
        costs=problem.costs[order],
        budget=problem.budget,
        ids=tuple(ids[k] for k in order),
    )
    first, second = (
        solve(p, SolverOptions(strategy=strategy, time_limit_s=60)) for p in (named, shuffled)
    )
    assert {named.ids[k] for k in first.selected} == {shuffled.ids[k] for k in second.selected}
