import math
import sys
from dataclasses import replace

import numpy as np
import pytest

from solver.model.constraints import Constraints
from solver.model.errors import InvalidProblemError, UnknownStrategyError, VerificationError
from solver.model.options import SolverOptions
from solver.model.problem import SetProblem
from solver.model.result import Status, StopReason
from solver.ranking import rank
from solver.search.greedy import greedy
from solver.sets import base
from solver.sets.cover_search import needed_points
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.solve import solve
from solver.verify import verify


def points(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, float]:
    """Points in clusters on the sphere, their costs, and a tenth of these as budget."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(8, 16))[rng.integers(0, 8, n)] + 0.5 * rng.normal(size=(n, 16))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    costs = np.round(rng.uniform(50, 150, n))
    return x, costs, float(np.floor(costs.sum() / 10))


def kinds(n: int, seed: int = 0) -> list[SetProblem]:
    """One problem of every kind on the same points."""
    x, costs, budget = points(n, seed)
    cosines = np.clip(x @ x.T, -1.0, 1.0)
    amounts = np.maximum(0.0, cosines[:, : n // 3])
    return [
        FacilityProblem(similarities=np.maximum(0.0, cosines), costs=costs, budget=budget),
        CoverageProblem(amounts=amounts, costs=costs, budget=budget),
        DesignProblem(factors=x, ridge=0.1, costs=costs, budget=budget),
        KCenterProblem(distances=np.sqrt(2.0 - 2.0 * cosines), costs=costs, budget=budget),
    ]


KINDS = kinds(40)
NAMES = ["facility", "coverage", "design", "k-center"]


@pytest.mark.parametrize("problem", KINDS, ids=NAMES)
def test_no_time_gives_the_greedy_answer_at_once(problem: SetProblem) -> None:
    """With no time at all the greedy selection comes back, with a bound that holds."""
    result = solve(problem, SolverOptions(time_limit_s=0))
    assert (result.used, result.stop_reason) == ("greedy", StopReason.TIME_LIMIT)
    assert result.upper_bound >= result.objective
    assert len(result.selected) > 0


@pytest.mark.parametrize("problem", KINDS, ids=NAMES)
def test_cancelled_search_returns_what_it_has(problem: SetProblem) -> None:
    """A raised cancel flag ends the search with the best selection so far."""
    result = solve(problem, cancelled=lambda: True)
    assert result.stop_reason is StopReason.CANCELLED
    assert len(result.selected) > 0


@pytest.mark.parametrize("problem", KINDS, ids=NAMES)
def test_the_same_question_has_the_same_answer_in_any_order(problem: SetProblem) -> None:
    """With ids and a limit on nodes, the selection depends neither on the call nor on the order."""
    named = replace(problem, ids=tuple(f"s{k:03}" for k in range(problem.n)))
    order = np.random.default_rng(1).permutation(problem.n)
    other = named.part(
        order,
        np.zeros(problem.n, dtype=bool),
        problem.budget,
        tuple(named.ids[k] for k in order),
        Constraints(),
    )
    first = solve(named, SolverOptions(node_limit=5, time_limit_s=600))
    second = solve(named, SolverOptions(node_limit=5, time_limit_s=600))
    third = solve(other, SolverOptions(node_limit=5, time_limit_s=600))
    assert first.selected.tolist() == second.selected.tolist()
    assert first.upper_bound == second.upper_bound
    assert sorted(order[third.selected].tolist()) == first.selected.tolist()


@pytest.mark.parametrize("problem", KINDS, ids=NAMES)
def test_what_is_reported_only_gets_better(problem: SetProblem) -> None:
    """Reported objectives never fall, reported bounds never rise, and none cross."""
    told: list[tuple[float, float]] = []
    solve(
        problem,
        SolverOptions(node_limit=20, time_limit_s=600),
        report=lambda *pair: told.append(pair),
    )
    objectives, bounds = np.array(told).T
    assert told
    assert (np.diff(objectives) >= 0).all()
    assert not (bounds[1:] > bounds[:-1]).any()


@pytest.mark.parametrize("problem", KINDS, ids=NAMES)
def test_local_search_is_at_least_greedy(problem: SetProblem) -> None:
    """Exchanges never lose against greedy, and auto never against them."""
    start = problem.value(greedy(problem).chosen)
    search = solve(problem, SolverOptions(strategy="local_search", time_limit_s=60))
    assert search.objective >= start
    assert solve(problem, SolverOptions(node_limit=1, time_limit_s=60)).objective >= start


@pytest.mark.parametrize("strategy", ["cp_sat", "scip", "highs", "pulp"])
@pytest.mark.parametrize("problem", KINDS, ids=NAMES)
def test_classical_strategies_are_refused_by_name(problem: SetProblem, strategy: str) -> None:
    """A strategy that the objective does not have is refused, and the others are named."""
    with pytest.raises(UnknownStrategyError, match="auto, exact, greedy, local_search"):
        solve(problem, SolverOptions(strategy=strategy))


@pytest.mark.parametrize("problem", KINDS, ids=NAMES)
def test_a_changed_answer_is_rejected(problem: SetProblem) -> None:
    """The verifier finds out an objective that is not the selection's."""
    result = solve(problem, SolverOptions(strategy="greedy"))
    wrong = result.objective + 1e-3
    with pytest.raises(VerificationError, match="is worth"):
        verify(problem, replace(result, objective=wrong, upper_bound=abs(wrong) * 2))


@pytest.mark.parametrize("problem", KINDS, ids=NAMES)
def test_labelled_items_are_there_and_not_chosen(problem: SetProblem) -> None:
    """What is labelled counts in the objective, costs nothing, and is no part of the answer."""
    rules = Constraints(labelled=np.array([0, 1, 2]), include=np.array([5]), exclude=np.array([6]))
    result = solve(
        replace(problem, constraints=rules), SolverOptions(node_limit=5, time_limit_s=60)
    )
    chosen = set(result.selected.tolist())
    assert 5 in chosen
    assert not chosen & {0, 1, 2, 6}
    there = np.zeros(problem.n, dtype=bool)
    there[[0, 1, 2, *result.selected]] = True
    assert math.isclose(result.objective, problem.value(there), rel_tol=1e-9)


def test_a_ranking_starts_with_what_is_worth_most_per_cost() -> None:
    """Two clusters: one item of each is ranked before a second of either."""
    similarities = np.array([[1.0, 1.0, 0.0], [0.9, 0.9, 0.0], [0.0, 0.0, 1.0]])
    problem = FacilityProblem(similarities=similarities, costs=np.ones(3), budget=3.0)
    assert rank(problem, np.arange(3)).tolist() == [0, 2, 1]


def test_nothing_affordable_has_the_objective_of_nothing() -> None:
    """A budget below every cost: the empty selection is optimal, and its radius the largest."""
    x, costs, _ = points(10)
    distances = np.linalg.norm(x[:, None] - x[None], axis=2)
    result = solve(KCenterProblem(distances=distances, costs=costs, budget=1.0))
    assert (result.status, len(result.selected)) == (Status.OPTIMAL, 0)
    assert result.objective == -distances.max()
    design = solve(DesignProblem(factors=x, costs=costs, budget=1.0))
    assert (design.status, design.objective) == (Status.OPTIMAL, 0.0)


def test_k_center_without_its_library_still_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OR-Tools the heuristics' selection comes back, with a bound and a note."""
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    result = solve(KINDS[-1])
    assert "needs the package ortools" in result.notes[0]
    assert math.isfinite(result.upper_bound)


@pytest.mark.parametrize(
    "problem", [KINDS[0], KINDS[1], KINDS[3]], ids=["facility", "coverage", "center"]
)
def test_a_limit_on_the_number_is_bounded_as_well_as_a_budget(problem: SetProblem) -> None:
    """With money for everything and a number of items that binds, the answer is still proven."""
    loose = replace(
        problem, budget=float(problem.costs.sum()), constraints=Constraints(max_items=3)
    )
    result = solve(loose, SolverOptions(time_limit_s=60))
    assert (result.status, len(result.selected)) == (Status.OPTIMAL, 3)


def test_points_that_do_not_matter_are_left_out() -> None:
    """A point whose coverers include all of another's is covered when that one is."""
    within = np.array([[1, 1, 0, 1], [0, 1, 1, 0], [0, 0, 1, 0]], dtype=bool)
    kept = needed_points(within)
    assert within[:, kept].T.tolist() == [[True, False, False], [False, True, True]]


ONES, SQUARE = np.ones(2), np.ones((2, 2))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda **k: FacilityProblem(similarities=-SQUARE, **k), r"entry \(0, 0\) is -1"),
        (lambda **k: FacilityProblem(similarities=np.ones((3, 2)), **k), "3 entries where"),
        (lambda **k: FacilityProblem(similarities=SQUARE, demands=np.ones(3), **k), "2 points"),
        (lambda **k: FacilityProblem(similarities=SQUARE * np.nan, **k), "must be finite"),
        (lambda **k: FacilityProblem(similarities=SQUARE * 1e120, **k), "add up to"),
        (lambda **k: CoverageProblem(amounts=SQUARE, held=-ONES, **k), "held must be at least 0"),
        (lambda **k: DesignProblem(factors=SQUARE, sizes=np.array([1, 2]), **k), "add up to the 2"),
        (lambda **k: DesignProblem(factors=SQUARE, ridge=0.0, **k), "above 0, not 0"),
        (lambda **k: DesignProblem(factors=SQUARE, ridge=1e-12, **k), "1e9 can be worked with"),
        (lambda **k: DesignProblem(factors=SQUARE, prior=np.eye(2) / 2, **k), "least the identity"),
        (lambda **k: DesignProblem(factors=SQUARE, prior=np.eye(3), **k), r"shape \(2, 2\)"),
        (lambda **k: KCenterProblem(distances=-SQUARE, **k), "must be at least 0"),
        (lambda **k: KCenterProblem(distances=SQUARE, reach=-ONES, **k), "reach must be"),
    ],
)
def test_bad_data_is_refused_in_one_sentence(make: object, sentence: str) -> None:
    """Every rule of a kind, broken, is named."""
    with pytest.raises(InvalidProblemError, match=sentence):
        make(costs=ONES, budget=1.0)  # type: ignore[operator]  # a constructor


def test_matrices_beyond_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """More entries than can be worked with: one sentence with both numbers."""
    monkeypatch.setattr(base, "MOST_ENTRIES", 3)
    with pytest.raises(InvalidProblemError, match="has 4 entries; up to 3"):
        FacilityProblem(similarities=SQUARE, costs=ONES, budget=1.0)


@pytest.mark.parametrize("amount", [0.0, 1e-310, 4e-9, 1.0, 1e12])
def test_a_ratio_loses_no_digits(amount: float) -> None:
    """However little or much there is, the verifier's formula agrees with the search's."""
    problem = CoverageProblem(amounts=np.full((2, 1), amount), costs=np.ones(2), budget=2.0)
    result = solve(problem)
    assert math.isclose(result.objective, 2 * amount / (1 + 2 * amount), rel_tol=1e-14)


def test_a_center_ranks_alike_in_any_order() -> None:
    """Items and points in another order: the same items first."""
    x, costs, budget = points(30)
    distances = np.linalg.norm(x[:, None] - x[None], axis=2)
    ids = tuple(f"s{k:03}" for k in range(30))
    problem = KCenterProblem(distances=distances, costs=costs, budget=budget, ids=ids)
    order = np.random.default_rng(2).permutation(30)
    other = KCenterProblem(
        distances=distances[np.ix_(order, order)],
        costs=costs[order],
        budget=budget,
        ids=tuple(ids[k] for k in order),
    )
    chosen = np.array([3, 8, 14, 21, 29])
    places = np.sort(np.argsort(order)[chosen])
    found = [other.ids[k] for k in rank(other, places)]
    assert found == [ids[k] for k in rank(problem, chosen)]


def test_equal_items_are_ranked_by_their_ids() -> None:
    """Of items that nothing tells apart, the first id is the first to label."""
    problem = FacilityProblem(
        similarities=np.ones((3, 2)), costs=np.ones(3), budget=3.0, ids=("c", "a", "b")
    )
    assert [problem.ids[k] for k in rank(problem, np.arange(3))] == ["a", "b", "c"]
