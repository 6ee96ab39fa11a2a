"""Constraints as data, and answers at the edges of what can be asked."""

import math
from typing import Any

import numpy as np
import pytest

from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.errors import InvalidProblemError
from solver.model.options import SolverOptions
from solver.model.problem import PairProblem, SignatureProblem
from solver.model.result import Status, StopReason
from solver.solve import solve


def pairs(n: int = 4, budget: float = 3.0, **more: Any) -> PairProblem:  # noqa: ANN401
    """Return n items, any two worth 1 together, each costing 1."""
    utilities = np.ones((n, n)) - np.eye(n)
    return PairProblem(
        utilities=utilities, profits=np.zeros(n), costs=np.ones(n), budget=budget, **more
    )


def scenes(n: int, **more: Any) -> SignatureProblem:  # noqa: ANN401
    """Return n scenes in orthogonal directions, each costing 1."""
    given = {"weights": np.ones(n), "vectors": np.eye(n) * 0.9, "costs": np.ones(n), "budget": 2.0}
    return SignatureProblem(**(given | more))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"include": [7]}, "include has item 7"),
        ({"include": [1, 1]}, "include has item 1 twice"),
        ({"exclude": [0.5]}, "exclude must be a list of item numbers"),
        ({"min_items": -1}, "at least 0"),
        ({"max_items": 2**63}, "at most 9007199254740992"),
        ({"min_items": 3, "max_items": 2}, "minimum of 3 is above the maximum of 2"),
        ({"groups": (GroupRule(name="a", items=np.array([9])),)}, "group 'a' has item 9"),
        (
            {
                "groups": (
                    GroupRule(name="a", items=np.array([0])),
                    GroupRule(name="b", items=np.array([0])),
                )
            },
            "disjoint",
        ),
        ({"resources": (Resource(name="r", costs=np.ones(2), limit=1.0),)}, "has 2 costs"),
    ],
)
def test_malformed_rules_are_named(asked: dict[str, Any], sentence: str) -> None:
    """A rule that no problem could ask for is refused with its name and place."""
    with pytest.raises(InvalidProblemError, match=sentence):
        pairs(constraints=Constraints(**asked))


@pytest.mark.parametrize(
    ("costs", "limit"), [([1, -1], 1.0), ([1, math.nan], 1.0), ([1, 1], -1.0), ([1, 1], math.inf)]
)
def test_a_resource_has_finite_costs_and_limit(costs: list[float], limit: float) -> None:
    """Costs and limit of a further budget are numbers of at least 0."""
    with pytest.raises(InvalidProblemError, match="'hours'"):
        Resource(name="hours", costs=np.array(costs), limit=limit)


def test_contradictions_are_explained_with_ids() -> None:
    """Two includes that the budget cannot pay: infeasible, naming rule, ids and numbers."""
    problem = pairs(
        budget=1.0, ids=("a", "b", "c", "d"), constraints=Constraints(include=np.array([0, 1]))
    )
    result = solve(problem)
    assert result.status is Status.INFEASIBLE
    assert (len(result.selected), result.objective, result.gap) == (0, -math.inf, 0.0)
    assert result.explanation is not None
    assert set(result.explanation.rules) == {"budget", "include"}
    assert "a" in result.explanation.sentence
    assert "b" in result.explanation.sentence


def test_labelled_scenes_count_but_are_not_bought() -> None:
    """What is labelled already adds its pairs, costs nothing, and is not selected again."""
    result = solve(pairs(budget=1.0, constraints=Constraints(labelled=np.array([2, 3]))))
    assert result.objective == 3.0
    assert len(result.selected) == 1
    assert result.total_cost == 1.0
    assert not set(result.selected.tolist()) & {2, 3}


@pytest.mark.parametrize("strategy", ["auto", "greedy", "local_search"])
@pytest.mark.parametrize("budget", [0.0, 2.0, 1e9])
@pytest.mark.parametrize("n", [0, 1, 5])
def test_few_scenes_and_extreme_budgets_have_an_answer(
    n: int, budget: float, strategy: str
) -> None:
    """No scene, one scene, nothing to spend, or more than all cost."""
    result = solve(scenes(n, budget=budget), SolverOptions(strategy=strategy))
    assert len(result.selected) == min(n, int(min(budget, n)))
    assert result.upper_bound >= result.objective
    assert result.status is Status.OPTIMAL or strategy != "auto"


def test_the_only_scene_may_be_excluded() -> None:
    """With its one scene excluded a problem has the empty answer, and it is optimal."""
    result = solve(scenes(1, constraints=Constraints(exclude=np.array([0]))))
    assert (len(result.selected), result.status) == (0, Status.OPTIMAL)


def test_free_scenes_are_always_taken() -> None:
    """A cost of 0 is legal: with nothing to spend, what is free is chosen."""
    result = solve(scenes(4, costs=np.array([0.0, 0.0, 1.0, 1.0]), budget=0.0))
    assert result.selected.tolist() == [0, 1]


def test_costs_of_very_different_size_are_added_exactly() -> None:
    """1e-9 and 1e12 together: the small ones still decide what fits."""
    costs = np.array([1e12, 1e-9, 1e-9, 1e-9])
    result = solve(scenes(4, costs=costs, budget=2.5e-9))
    assert len(result.selected) == 2
    assert 0 not in result.selected
    assert result.status is Status.OPTIMAL
    everything = solve(scenes(4, costs=costs, budget=1e12 + 1))
    assert len(everything.selected) == 4


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"vectors": np.full((3, 3), np.nan)}, "vectors must be finite"),
        ({"vectors": np.full((3, 3), np.inf)}, "vectors must be finite"),
        ({"costs": np.array([1.0, -1.0, 1.0])}, "costs must be at least 0"),
        ({"ids": ("a", "a", "b")}, "'a' occurs twice"),
        ({"budget": -1.0}, "budget"),
        ({"profits": np.array([math.nan, 0.0, 0.0])}, "profits must be finite"),
    ],
)
def test_bad_numbers_are_refused_by_name(broken: dict[str, Any], sentence: str) -> None:
    """Each kind of bad input is one sentence that names the array and the rule."""
    with pytest.raises(InvalidProblemError, match=sentence):
        scenes(3, **broken)


def test_the_search_reports_what_it_has() -> None:
    """Objective and bound are told as they improve: the one never falls, the other never rises."""
    rng = np.random.default_rng(0)
    upper = np.triu(rng.integers(0, 100, (60, 60)), 1)
    problem = PairProblem(
        utilities=(upper + upper.T).astype(float),
        profits=np.zeros(60),
        costs=rng.integers(1, 50, 60).astype(float),
        budget=300.0,
    )
    seen: list[tuple[float, float]] = []
    result = solve(problem, report=lambda objective, bound: seen.append((objective, bound)))
    objectives, bounds = zip(*seen, strict=True)
    assert list(objectives) == sorted(objectives)
    assert list(bounds) == sorted(bounds, reverse=True)
    assert seen[-1][0] <= result.objective


def test_a_limit_in_nodes_repeats_itself() -> None:
    """With a limit in nodes the answer and its bound are the same every time."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(120, 40))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    problem = SignatureProblem(
        weights=rng.uniform(0.5, 1.0, 120),
        vectors=vectors,
        costs=rng.integers(10, 99, 120).astype(float),
        budget=900.0,
    )
    first, second = (
        solve(problem, SolverOptions(node_limit=200, time_limit_s=60)) for _ in range(2)
    )
    assert first.selected.tolist() == second.selected.tolist()
    assert first.upper_bound == second.upper_bound
    assert first.stop_reason in {StopReason.PROVEN, StopReason.EXHAUSTED}
