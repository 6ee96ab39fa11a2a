"""The order in which to label: small selections whose order is known."""

from dataclasses import replace

import numpy as np
import pytest

from solver import ranking
from solver.model.constraints import Constraints, GroupRule
from solver.model.problem import PairProblem, SignatureProblem
from solver.ranking import rank
from solver.sets.facility import FacilityProblem


def items(*numbers: int) -> np.ndarray:
    """Return item numbers."""
    return np.array(numbers, dtype=np.int64)


def scenes(**changes: object) -> SignatureProblem:
    """Return four scenes: two that look along x, one along y, one along z."""
    problem = SignatureProblem(
        weights=np.ones(4),
        vectors=np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        costs=np.ones(4),
        budget=4.0,
    )
    return replace(problem, **changes)  # type: ignore[arg-type]  # values of many kinds


@pytest.mark.parametrize("matrix", [5_000, 0])
def test_what_is_labelled_is_company(matrix: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks like a labelled scene comes last; without one, the first id comes first."""
    monkeypatch.setattr(ranking, "_MATRIX", matrix)
    assert rank(scenes(), items(1, 2, 3)).tolist() == [1, 2, 3]
    like_x = scenes(constraints=Constraints(labelled=items(0)))
    assert rank(like_x, items(1, 2, 3)).tolist() == [2, 3, 1]
    labelled = PairProblem(
        utilities=np.array([[0.0, 0.0, 9.0], [0.0, 0.0, 1.0], [9.0, 1.0, 0.0]]),
        profits=np.array([1.0, 2.0, 0.0]), costs=np.ones(3), budget=3.0,
    )  # fmt: skip
    assert rank(labelled, items(0, 1)).tolist() == [1, 0]
    there = replace(labelled, constraints=Constraints(labelled=items(2)))
    assert rank(there, items(0, 1)).tolist() == [0, 1]


@pytest.mark.parametrize("matrix", [5_000, 0])
def test_gain_counts_by_cost(matrix: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same worth for half of the cost comes first; what costs nothing before everything."""
    monkeypatch.setattr(ranking, "_MATRIX", matrix)
    orthogonal = scenes(vectors=np.eye(4), costs=np.array([4.0, 2.0, 0.0, 3.0]))
    assert rank(orthogonal, items(0, 1, 2, 3)).tolist() == [2, 1, 3, 0]


@pytest.mark.parametrize("matrix", [5_000, 0])
def test_what_only_harms_comes_last(matrix: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Items of a worth below nothing are ranked, after all others."""
    monkeypatch.setattr(ranking, "_MATRIX", matrix)
    problem = scenes(profits=np.array([-9.0, 0.0, 0.0, -8.0]))
    assert rank(problem, items(0, 1, 2, 3)).tolist() == [2, 1, 0, 3]


@pytest.mark.parametrize("matrix", [5_000, 0])
def test_of_equals_the_first_id_comes_first(matrix: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever order the scenes lie; scenes without ids keep their own order."""
    monkeypatch.setattr(ranking, "_MATRIX", matrix)
    equal = scenes(vectors=np.full((4, 1), 0.5), ids=("d", "b", "a", "c"))
    assert rank(equal, items(0, 1, 2, 3)).tolist() == [2, 1, 3, 0]
    assert rank(equal, items(0, 3)).tolist() == [3, 0]
    assert rank(replace(equal, ids=()), items(0, 1, 3)).tolist() == [0, 1, 3]
    assert rank(equal, items()).tolist() == []


@pytest.mark.parametrize("seed", range(20))
def test_both_ways_give_one_order(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a matrix of all pairs and by bounds, few scenes are ranked alike."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(30, 6)) + rng.normal(size=6)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) * rng.uniform(1, 1.3, (30, 1))
    problem = SignatureProblem(
        weights=rng.uniform(0.1, 1.0, 30), vectors=vectors, costs=rng.lognormal(0, 0.5, 30),
        budget=99.0, profits=rng.normal(0, 0.5, 30), constraints=Constraints(labelled=items(4, 7)),
    )  # fmt: skip
    selected = np.setdiff1d(np.arange(30), [4, 7, 9, 11])
    order = rank(problem, selected).tolist()
    assert sorted(order) == selected.tolist()
    monkeypatch.setattr(ranking, "_MATRIX", 10)
    monkeypatch.setattr(ranking, "_DIRECTIONS", 2)
    for share in (0.0, 0.3, 100.0):
        monkeypatch.setattr(ranking, "_SHARE", share)
        assert rank(problem, selected).tolist() == order


def test_rules_do_not_hinder_a_ranking() -> None:
    """All of it is chosen already: limits on numbers and budgets have had their say."""
    pair = GroupRule(name="g", items=items(0, 1, 2), maximum=1)
    rules = Constraints(groups=(pair,), max_items=1, labelled=items(3))
    assert rank(scenes(constraints=rules, budget=0.0), items(0, 1, 2)).tolist() == [2, 0, 1]


def test_objectives_over_sets_are_ranked_by_what_each_adds() -> None:
    """What is labelled serves its points already: who serves others comes first."""
    problem = FacilityProblem(
        similarities=np.array([[5.0, 0.0, 0.0], [4.0, 2.0, 0.0], [0.0, 0.0, 1.0]]),
        costs=np.ones(3), budget=3.0,
    )  # fmt: skip
    assert rank(problem, items(0, 1, 2)).tolist() == [1, 0, 2]
    there = replace(problem, constraints=Constraints(labelled=items(0)))
    assert rank(there, items(1, 2)).tolist() == [1, 2]
    served = replace(problem, constraints=Constraints(labelled=items(1)))
    assert rank(served, items(0, 2)).tolist() == [0, 2]
