"""Baseline selections against their promises, and against exhaustive search."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.evaluation.baselines.clusters import assign
from app.evaluation.baselines.pool import BaselinePool, distances
from app.evaluation.baselines.probcover import PURITY, balls_within, probcover, radius
from app.evaluation.baselines.registry import BASELINES, BaselineMethod
from app.evaluation.baselines.sequential import (
    coverage,
    facility_location,
    k_center,
    similarities,
)

EVERY = pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES.keys())
WORST = (1 - 1 / math.e) / 2


@st.composite
def pools(draw: st.DrawFn, most: int = 12, *, unit: bool = False) -> BaselinePool:
    """Draw scenes on and in the sphere: equal ones, free ones and ties of costs among them."""
    n = draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    centres = rng.normal(size=(n, draw(st.integers(1, 3)), draw(st.integers(1, 4))))
    centres /= np.linalg.norm(centres, axis=2, keepdims=True)
    match draw(st.sampled_from(["apart", "some equal", "all equal"])):
        case "some equal":
            centres[rng.random(n) < 0.5] = centres[0]
        case "all equal":
            centres[:] = centres[0]
        case _:
            pass
    costs = rng.integers(0, 5, n).astype(float) if draw(st.booleans()) else rng.lognormal(0, 2, n)
    return BaselinePool(
        scene_ids=tuple(f"scene {k}" for k in rng.permutation(n)),
        vectors=centres.mean(axis=1),
        weights=rng.uniform(0, 2, n) * (rng.random(n) > 0.1),
        costs=np.ones(n) if unit else costs,
        classes=draw(st.integers(1, 4)),
    )


def subsets(pool: BaselinePool, budget: float) -> list[NDArray[np.int64]]:
    """Every selection that the budget pays for."""
    every = itertools.chain.from_iterable(
        itertools.combinations(range(pool.n), k) for k in range(pool.n + 1)
    )
    found = [np.array(chosen, dtype=np.int64) for chosen in every]
    return [chosen for chosen in found if math.fsum(pool.costs[chosen]) <= budget]


@EVERY
@settings(max_examples=60, deadline=None)
@given(pool=pools(), share=st.floats(0, 1.1), seed=st.integers(0, 2**31))
def test_selections_keep_the_budget_and_use_it(
    baseline: BaselineMethod, pool: BaselinePool, share: float, seed: int
) -> None:
    """Scenes are distinct, cost at most the budget, and none is left that fits, where promised."""
    budget = float(pool.costs.sum() * share)
    chosen = baseline(pool, budget, seed)
    assert chosen.dtype == np.int64
    assert np.array_equal(chosen, np.unique(chosen))
    assert set(chosen) <= set(range(pool.n))
    spent = math.fsum(pool.costs[chosen])
    assert spent <= budget * (1 + 1e-12)
    left = np.delete(pool.costs, chosen)
    assert not baseline.fills or not (spent + left <= budget).any()


@EVERY
@settings(max_examples=30, deadline=None)
@given(pool=pools(), share=st.floats(0, 1.1), seed=st.integers(0, 2**31))
def test_the_order_of_scenes_does_not_matter(
    baseline: BaselineMethod, pool: BaselinePool, share: float, seed: int
) -> None:
    """The same scenes in another order give the same selection, and so does the same call."""
    budget = float(pool.costs.sum() * share)
    order = np.random.default_rng(seed).permutation(pool.n)
    chosen = baseline(pool, budget, seed)
    assert np.array_equal(chosen, baseline(pool, budget, seed))
    assert set(chosen) == set(order[baseline(pool.take(order), budget, seed)])


@settings(max_examples=100, deadline=None)
@given(pool=pools(10, unit=True), budget=st.integers(1, 10))
def test_k_center_is_within_twice_the_best(pool: BaselinePool, budget: int) -> None:
    """Where scenes cost the same, the farthest is at most twice as far as it must be."""
    apart = np.linalg.norm(pool.vectors[:, None] - pool.vectors, axis=2)

    def reach(chosen: NDArray[np.int64]) -> float:
        return float(apart[chosen].min(axis=0).max())

    best = min(reach(chosen) for chosen in subsets(pool, budget) if chosen.size)
    assert reach(k_center(pool, budget, 0)) <= 2 * best + 1e-7


@settings(max_examples=100, deadline=None)
@given(pool=pools(9), share=st.floats(0, 1.1))
def test_facility_location_is_near_the_best(pool: BaselinePool, share: float) -> None:
    """The better of two greedy selections is worth at least (1 - 1/e) / 2 of the best."""
    budget = float(pool.costs.sum() * share)
    alike = similarities(pool.vectors)
    best = max(coverage(alike, chosen) for chosen in subsets(pool, budget))
    assert coverage(alike, facility_location(pool, budget, 0)) >= WORST * best - 1e-9


@settings(max_examples=100, deadline=None)
@given(pool=pools(12, unit=True), budget=st.integers(0, 12))
def test_lazy_greedy_equals_plain_greedy(pool: BaselinePool, budget: int) -> None:
    """Looking again at few scenes is worth as much as looking at all of them every time."""
    alike = similarities(pool.vectors)
    plain: list[int] = []
    while len(plain) < min(budget, pool.n):
        worths = [coverage(alike, np.array([*plain, k])) for k in range(pool.n)]
        plain.append(max(set(range(pool.n)) - set(plain), key=worths.__getitem__))
    lazy = coverage(alike, facility_location(pool, budget, 0))
    assert lazy == pytest.approx(coverage(alike, np.array(plain, dtype=np.int64)), abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(pool=pools(9), share=st.floats(0, 1.1), unit=st.booleans())
def test_probcover_covers_near_the_most(pool: BaselinePool, share: float, *, unit: bool) -> None:
    """It covers (1 - 1/e) of the most that can be where scenes cost the same, else half of that."""
    costs = np.ones(pool.n) if unit else pool.costs
    priced = BaselinePool(
        scene_ids=pool.scene_ids,
        vectors=pool.vectors,
        weights=pool.weights,
        costs=costs,
        classes=pool.classes,
    )
    budget = float(costs.sum() * share)
    apart = distances(pool.vectors, pool.vectors)
    balls = balls_within(apart, radius(apart, assign(priced, pool.classes, 0)[0]))

    def covered(chosen: NDArray[np.int64]) -> int:
        return int(balls[chosen].any(axis=0).sum())

    best = max(covered(chosen) for chosen in subsets(priced, budget))
    assert covered(probcover(priced, budget, 0)) >= (2 * WORST if unit else WORST) * best - 1e-9


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 60), classes=st.integers(1, 3))
def test_no_larger_radius_is_pure(seed: int, n: int, classes: int) -> None:
    """Of all radii that tell balls apart, the one found is the largest that is pure enough."""
    rng = np.random.default_rng(seed)
    # On a line, near enough to each other that many distances tie.
    places = np.sort(rng.integers(0, 40, n)).astype(float)
    apart = np.abs(places[:, None] - places)
    labels = (places // 10).astype(np.int64) % classes
    np.random.default_rng(seed + 1).shuffle(labels[: n // 5])

    def purity(delta: float) -> float:
        balls = [{labels[j] for j in range(n) if apart[i, j] < delta or i == j} for i in range(n)]
        return sum(len(ball) == 1 for ball in balls) / n

    radii = [*np.unique(apart), math.inf]
    assert radius(apart, labels) == max(r for r in radii if purity(r) >= PURITY - 1e-12)


@settings(max_examples=100, deadline=None)
@given(pool=pools())
def test_distances_are_norms_of_differences(pool: BaselinePool) -> None:
    """Distances by products equal distances by differences, and equal scenes are 0 apart."""
    plain = np.linalg.norm(pool.vectors[:, None] - pool.vectors, axis=2)
    found = distances(pool.vectors, pool.vectors)
    assert np.allclose(found, plain, atol=2e-7)
    assert (found[plain == 0] == 0).all()


def test_every_baseline_says_what_it_is() -> None:
    """Every entry has a sentence and a source, and is listed under its own name."""
    for name, baseline in BASELINES.items():
        method: Callable[..., object] = baseline.method
        assert baseline.name == name
        assert baseline.description.endswith(".")
        assert baseline.source
        assert method.__doc__
