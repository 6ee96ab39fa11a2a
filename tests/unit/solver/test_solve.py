import math
import sys

import numpy as np
import pytest

from solver.classical.linearised import MAX_ITEMS, checked, linearise
from solver.model.errors import BackendFailedError, BackendUnavailableError, UnknownStrategyError
from solver.model.objective import pair_matrix
from solver.model.options import STRATEGIES, SolverOptions
from solver.model.problem import PairProblem, SignatureProblem
from solver.model.result import Status, StopReason, relative_gap
from solver.model.stop import Cancelled, GapReached, TimeLimit
from solver.pairs import solve as solve_module
from solver.solve import solve


def world(n: int, share: float = 0.3, seed: int = 3) -> SignatureProblem:
    """Random scenes of eight centres each."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n, 8, 16)) + 2 * rng.normal(size=(n, 1, 16))
    centres /= np.linalg.norm(centres, axis=2, keepdims=True)
    costs = np.round(rng.lognormal(3, 1, n)) + 1
    return SignatureProblem(
        weights=rng.uniform(0.2, 1, n),
        vectors=centres.mean(axis=1),
        costs=costs,
        budget=float(np.floor(costs.sum() * share)),
    )


def no_items() -> SignatureProblem:
    """Return a problem without scenes."""
    return SignatureProblem(
        weights=np.zeros(0), vectors=np.zeros((0, 4)), costs=np.zeros(0), budget=1.0
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_items(strategy: str) -> None:
    """Without items the empty selection is optimal under every strategy."""
    result = solve(no_items(), SolverOptions(strategy=strategy))
    assert (result.status, len(result.selected), result.objective) == (Status.OPTIMAL, 0, 0.0)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_identical_scenes_are_worth_nothing_and_still_fill_the_budget(strategy: str) -> None:
    """All scenes alike: the objective is 0, and the budget is used as far as it goes."""
    vectors = np.tile([0.6, 0.8], (5, 1))
    problem = SignatureProblem(weights=np.ones(5), vectors=vectors, costs=np.ones(5), budget=3.0)
    result = solve(problem, SolverOptions(strategy=strategy))
    assert result.objective == pytest.approx(0.0, abs=1e-12)
    assert len(result.selected) == 3


def test_a_budget_of_nothing_buys_what_is_free() -> None:
    """Budget 0: free scenes are taken, others never."""
    problem = SignatureProblem(
        weights=np.ones(3), vectors=np.eye(3), costs=np.array([0.0, 1.0, 0.0]), budget=0.0
    )
    result = solve(problem)
    assert result.selected.tolist() == [0, 2]
    assert result.status is Status.OPTIMAL


def test_a_budget_above_the_total_takes_everything() -> None:
    """With money for all scenes, all are chosen and that is proven."""
    result = solve(world(30, share=2.0))
    assert (len(result.selected), result.status) == (30, Status.OPTIMAL)


def test_tiny_and_huge_costs_together() -> None:
    """Costs of 1e-9 and 1e12 in one problem: feasible, and optimal only if proven."""
    problem = SignatureProblem(
        weights=np.ones(4),
        vectors=np.eye(4),
        costs=np.array([1e-9, 1e12, 2e-9, 1e12]),
        budget=1e12 + 5e-9,
    )
    result = solve(problem)
    assert result.total_cost <= problem.allowance
    assert result.objective == pytest.approx(3.0)


def test_items_that_only_harm_are_left_out() -> None:
    """Negative profits and utilities: local search drops what greedy's rules let in."""
    utilities = np.array([[0.0, -5.0, 4.0], [-5.0, 0.0, 4.0], [4.0, 4.0, 0.0]])
    problem = PairProblem(
        utilities=utilities, profits=np.array([3.0, 3.0, -1.0]), costs=np.ones(3), budget=3.0
    )
    result = solve(problem)
    assert (result.objective, result.status) == (8.0, Status.OPTIMAL)


def test_no_time_gives_the_greedy_answer_at_once() -> None:
    """With no time at all the greedy selection comes back, with a bound that holds."""
    result = solve(world(50), SolverOptions(time_limit_s=0))
    assert (result.used, result.stop_reason) == ("greedy", StopReason.TIME_LIMIT)
    assert math.isfinite(result.upper_bound)


def test_cancelled_search_returns_what_it_has() -> None:
    """A raised cancel flag ends the search with the best selection so far."""
    result = solve(world(50), cancelled=lambda: True)
    assert result.stop_reason is StopReason.CANCELLED
    assert len(result.selected) > 0


def test_an_asked_for_gap_ends_the_search() -> None:
    """A certified gap that is good enough ends the search as such."""
    result = solve(world(60), SolverOptions(strategy="greedy", gap=0.5))
    assert result.stop_reason is StopReason.GAP_REACHED
    assert 0 < result.gap <= 0.5


def test_local_search_is_at_least_greedy_and_repeats_itself() -> None:
    """The same seed gives the same selection, never worse than greedy's."""
    problem = world(80)
    greedy = solve(problem, SolverOptions(strategy="greedy"))
    first, second = (
        solve(problem, SolverOptions(strategy="local_search", random_seed=5)) for _ in range(2)
    )
    assert first.objective >= greedy.objective
    assert first.selected.tolist() == second.selected.tolist()


def test_unknown_strategy_lists_the_known() -> None:
    """A misspelt strategy is answered with the names there are."""
    with pytest.raises(UnknownStrategyError, match=r"no strategy 'gredy'; .* auto, greedy"):
        solve(world(3), SolverOptions(strategy="gredy"))


@pytest.mark.parametrize(
    ("strategy", "module"),
    [
        ("cp_sat", "ortools.sat.python"),
        ("scip", "ortools.math_opt.python"),
        ("highs", "ortools.math_opt.python"),
        ("pulp", "pulp"),
    ],
)
def test_a_missing_library_falls_back_and_says_so(
    strategy: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a backend's library the heuristic answers, and a note names what was missing."""
    monkeypatch.setitem(sys.modules, module, None)
    result = solve(world(12), SolverOptions(strategy=strategy))
    assert result.used in {"greedy", "local_search"}
    assert "needs the package" in result.notes[0]
    assert "The selection is by" in result.notes[0]


def test_auto_needs_no_foreign_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default strategy proves both forms without any solver library."""
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    problem = world(12)
    pairs = PairProblem(
        utilities=np.ascontiguousarray(pair_matrix(problem)),
        profits=np.zeros(12),
        costs=problem.costs,
        budget=problem.budget,
    )
    results = [solve(problem), solve(pairs)]
    assert [r.status for r in results] == [Status.OPTIMAL] * 2
    assert results[0].selected.tolist() == results[1].selected.tolist()


@pytest.mark.parametrize("error", [RuntimeError("segment"), BackendFailedError("It gave up.")])
def test_a_failing_backend_falls_back_and_says_so(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a foreign solver raises, the incumbent survives and the reason is told."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(solve_module, "cp_sat", fail)
    result = solve(world(12), SolverOptions(strategy="cp_sat"))
    assert result.used == "greedy"
    assert str(error) in result.notes[0]


@pytest.mark.parametrize("strategy", ["cp_sat", "scip", "highs", "pulp"])
def test_a_backend_out_of_time_keeps_a_selection(strategy: str) -> None:
    """A problem too hard for the time given still gets a selection, a bound and a note."""
    result = solve(world(90), SolverOptions(strategy=strategy, time_limit_s=0.6))
    assert result.status is Status.FEASIBLE
    assert math.isfinite(result.upper_bound)
    assert result.notes


def test_too_many_items_for_the_classical_model() -> None:
    """Beyond its size the classical model declines, and the heuristic answers."""
    problem = world(MAX_ITEMS + 1, share=0.5)
    with pytest.raises(BackendUnavailableError, match="at most 600 items, not 601"):
        linearise(problem)
    assert (
        "at most 600 items"
        in solve(problem, SolverOptions(strategy="scip", time_limit_s=2)).notes[0]
    )


def test_a_backend_that_breaks_the_budget_is_not_believed() -> None:
    """A selection beyond the budget, by a solver's own tolerance, counts as no answer."""
    problem = world(5, share=0.1)
    with pytest.raises(BackendFailedError, match="SCIP returned a selection that breaks a rule"):
        checked(problem, np.ones(5, dtype=bool), "SCIP")


@pytest.mark.parametrize("make", [TimeLimit, GapReached])
@pytest.mark.parametrize("value", [-1.0, math.nan])
def test_limits_validate_themselves(make: type, value: float) -> None:
    """A negative or undefined limit is refused."""
    with pytest.raises(ValueError, match="at least 0"):
        make(value)


def test_stop_criteria() -> None:
    """A proof, a good enough gap and a flag each stop for their own reason."""
    assert GapReached(0.1)(1.0, 1.0) is StopReason.PROVEN
    assert GapReached(0.1)(1.0, 1.05) is StopReason.GAP_REACHED
    assert GapReached(0.1)(1.0, 1.5) is None
    assert Cancelled(lambda: False)(1.0, 2.0) is None


def test_gap_is_defined_everywhere() -> None:
    """The gap is 0 where nothing is left, and infinite where the objective is 0 but need not be."""
    assert relative_gap(2.0, 2.0) == 0.0
    assert relative_gap(2.0, 3.0) == 0.5
    assert relative_gap(0.0, 1.0) == math.inf


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_budget_next_to_nothing(strategy: str) -> None:
    """A budget of 1e-307 beside ordinary costs overflows nothing."""
    problem = SignatureProblem(
        weights=np.ones(3), vectors=np.eye(3), costs=np.array([0.0, 20.0, 30.0]), budget=1e-307
    )
    result = solve(problem, SolverOptions(strategy=strategy))
    assert (result.selected.tolist(), result.notes) in (
        ([0], ()),
        ([0], (f"The selection was found by greedy and proven by {strategy}.",)),
        ([0], ("The selection was found by greedy and proven by exact.",)),
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_pair_that_nothing_can_buy_hides_nothing(strategy: str) -> None:
    """One huge utility out of reach neither hides the small ones nor makes a false proof."""
    utilities = np.zeros((6, 6))
    for i, j, worth in ((0, 1, 1e9), (2, 3, 3.0), (2, 4, 2.0), (4, 5, 4.0), (3, 5, 1.0)):
        utilities[i, j] = utilities[j, i] = worth
    problem = PairProblem(
        utilities=utilities,
        profits=np.zeros(6),
        costs=np.array([6.0, 6.0, 5.0, 5.0, 5.0, 5.0]),
        budget=10.0,
    )
    result = solve(problem, SolverOptions(strategy=strategy))
    assert result.upper_bound >= 4.0
    if strategy not in {"greedy", "local_search"}:
        assert result.objective == 4.0


@pytest.mark.parametrize("strategy", ["scip", "highs", "pulp"])
def test_a_tolerance_is_part_of_the_bound(strategy: str) -> None:
    """What a floating-point solver calls optimal is reported with a bound above its objective."""
    result = solve(world(10), SolverOptions(strategy=strategy))
    assert result.stop_reason is StopReason.SOLVER_TOLERANCE
    assert result.status is Status.FEASIBLE
    assert 0 < result.gap < 1e-4


@pytest.mark.parametrize("strategy", ["scip", "highs", "pulp"])
def test_a_model_too_large_for_the_time_is_not_built(strategy: str) -> None:
    """A backend that could not even write its model in time says so and falls back."""
    result = solve(world(400, share=0.5), SolverOptions(strategy=strategy, time_limit_s=0.5))
    assert "pairs cannot be built in" in result.notes[0]
    assert result.status is Status.FEASIBLE
