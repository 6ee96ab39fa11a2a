"""The order in which to label: greedy's, told by its definition."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import problems, signature_problems

from solver import ranking
from solver.model.constraints import Constraints
from solver.model.objective import gains, per_cost, resolution
from solver.model.problem import Floats, Problem, SignatureProblem
from solver.ranking import rank, signature_order


def affordable(problem: SignatureProblem, profits: Floats) -> SignatureProblem:
    """Return the problem of choosing everything."""
    total = float(problem.costs.sum())
    return replace(problem, budget=total, profits=profits, constraints=Constraints())


def clustered(n: int, seed: int) -> SignatureProblem:
    """Return scenes of a few kinds, in a narrow cone as features of images are."""
    rng = np.random.default_rng(seed)
    kinds = rng.normal(size=(7, 24)) + 2.0
    vectors = kinds[rng.integers(0, 7, n)] + 0.5 * rng.normal(size=(n, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    costs = rng.lognormal(0.0, 0.5, n)
    return SignatureProblem(
        weights=rng.uniform(0.5, 1.0, n), vectors=vectors, costs=costs, budget=float(costs.sum())
    )


def assert_greedy(problem: SignatureProblem, order: list[int]) -> None:
    """Look at every gain at every step: none is better than what was taken, but by rounding."""
    chosen = np.zeros(problem.n, dtype=bool)
    rounding = 4 * resolution(problem)
    for item in order:
        gain = gains(problem, chosen)
        worth = gain
        if not chosen.any():
            worth = 0.5 * (gains(problem, np.ones(problem.n, dtype=bool)) + gain)
        possible = ~chosen & (gain >= rounding)
        best = per_cost(worth - rounding, problem.costs)[possible].max(initial=-np.inf)
        assert not chosen[item]
        assert gain[item] >= -rounding
        assert per_cost(worth + rounding, problem.costs)[item] >= best
        chosen[item] = True
    assert (gains(problem, chosen)[~chosen] < rounding).all()


@given(problem=problems(), seed=st.integers(0, 2**32 - 1))
def test_ranking_reorders_and_nothing_else(problem: Problem, seed: int) -> None:
    """Ranking a selection returns the same items, each once."""
    selected = np.flatnonzero(np.random.default_rng(seed).random(problem.n) < 0.5)
    assert sorted(rank(problem, selected).tolist()) == selected.tolist()


@settings(deadline=None)
@given(problem=signature_problems(), seed=st.integers(0, 2**32 - 1), share=st.floats(0.0, 5.0))
def test_few_vectors_are_read_and_the_order_is_greedys(
    problem: SignatureProblem, seed: int, share: float
) -> None:
    """Free, repeated, weightless and harmful scenes among them, each step takes the best."""
    rng = np.random.default_rng(seed)
    profits = rng.normal(scale=0.3, size=problem.n) * rng.integers(0, 2)
    whole = affordable(problem, profits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_SHARE", share)
        patch.setattr(ranking, "_DIRECTIONS", 2)
        assert_greedy(whole, signature_order(whole))


@pytest.mark.parametrize("share", [0.0, 0.1, 100.0])
def test_many_scenes_are_ranked_as_few(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often all are looked at, hundreds of scenes come out in greedy's order."""
    problem = clustered(400, seed=3)
    monkeypatch.setattr(ranking, "_SHARE", share)
    order = signature_order(problem)
    assert sorted(order) == list(range(400))
    assert_greedy(problem, order)
    assert rank(problem, np.arange(400)).tolist() == order


def test_equal_scenes_stay_in_order() -> None:
    """Of scenes that are the same, the one whose id comes first is labelled first."""
    one = clustered(30, seed=5)
    problem = SignatureProblem(
        weights=np.tile(one.weights, 5),
        vectors=np.tile(one.vectors, (5, 1)),
        costs=np.tile(one.costs, 5),
        budget=float(5 * one.costs.sum()),
    )
    place = np.argsort(signature_order(problem)).reshape(5, 30)
    assert (np.diff(place, axis=0) > 0).all()
