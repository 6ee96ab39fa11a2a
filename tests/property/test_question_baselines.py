"""The baselines that a question may ask for, against their definitions and every rule."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from problems import constrained_problems
from sklearn.cluster import KMeans

from app.choosing import baselines
from app.choosing.baselines import Baselines
from app.choosing.clusters import Clusters, cluster
from solver.model.errors import SolverError
from solver.model.objective import value
from solver.model.problem import Problem, SignatureProblem


def _units(seed: int, n: int, d: int) -> NDArray[np.float64]:
    rows = np.random.default_rng(seed).normal(size=(n, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


@settings(max_examples=150, deadline=None)
@given(
    problem=constrained_problems(),
    seed=st.integers(0, 2**31 - 1),
    name=st.sampled_from(["random", "kmeans"]),
)
def test_selections_keep_every_rule_and_waste_nothing(
    problem: Problem, seed: int, name: str
) -> None:
    """All limits and minima are kept, what must be in is, and nothing that still fits is left."""
    try:
        problem.constraints.check(problem.n)
    except SolverError:
        assume(False)
    ways = Baselines(_units(seed, problem.n, 5), seed)
    rules = problem.constraints
    for chosen in getattr(ways, name)(problem):
        inside = set(chosen.tolist())
        assert len(inside) == len(chosen)
        assert set(rules.include.tolist()) <= inside
        assert not inside & {*rules.exclude.tolist(), *rules.labelled.tolist()}
        assert rules.min_items <= len(inside)
        assert rules.max_items is None or len(inside) <= rules.max_items
        limits = [(problem.costs, problem.budget)]
        limits += [(resource.costs, resource.limit) for resource in rules.resources]
        for costs, limit in limits:
            assert costs[chosen].sum() <= limit * (1 + 1e-12)
        rooms = {}
        for group in rules.groups:
            members = inside & set(group.items.tolist())
            assert len(members) >= group.minimum
            assert group.maximum is None or len(members) <= group.maximum
            if group.maximum is not None and len(members) == group.maximum:
                rooms.update(dict.fromkeys(group.items.tolist(), 0))
        if rules.max_items is not None and len(inside) == rules.max_items:
            continue
        banned = inside | {*rules.exclude.tolist(), *rules.labelled.tolist(), *rooms}
        for item in set(range(problem.n)) - banned:
            spent = [costs[chosen].sum() + costs[item] > limit for costs, limit in limits]
            assert any(spent)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 60), k=st.integers(1, 12))
def test_clusters_are_where_lloyds_iterations_end(seed: int, n: int, k: int) -> None:
    """Each row is of the cluster with the nearest mean, and of no more than k clusters."""
    rows = _units(seed, n, 3).astype(np.float32)
    labels = cluster(rows, k, np.random.default_rng(seed))
    found = labels.max() + 1
    assert sorted(set(labels.tolist())) == list(range(found))
    assert found <= k
    centres = np.stack([rows[labels == label].mean(axis=0) for label in range(found)])
    away = np.linalg.norm(rows[:, None] - centres, axis=2)
    # Ten iterations end nearly everywhere; where not, few rows would still move.
    assert (away[np.arange(n), labels] > away.min(axis=1) + 1e-5).sum() <= 0.1 * n


@pytest.mark.parametrize(("n", "k"), [(400, 5), (1500, 200)])
def test_clusters_are_as_tight_as_those_of_scikit_learn(n: int, k: int) -> None:
    """The sum of squares is at most a twentieth above that of scikit-learn's best of three."""
    rng = np.random.default_rng(5)
    rows = (rng.normal(size=(40, 8))[rng.integers(40, size=n)] + rng.normal(size=(n, 8))).astype(
        np.float32
    )
    labels = cluster(rows, k, np.random.default_rng(0))
    ours = sum(
        ((rows[labels == label] - rows[labels == label].mean(axis=0)) ** 2).sum()
        for label in range(labels.max() + 1)
    )
    assert ours <= 1.05 * KMeans(k, n_init=3, random_state=0).fit(rows).inertia_


@pytest.mark.parametrize("d", [8, 100])
def test_the_nearest_to_each_centroid_is_taken(d: int) -> None:
    """Of bundles that lie far apart the selection has the central scene of each, to begin with."""
    rng = np.random.default_rng(8)
    bundles = np.eye(d)[:6]
    sizes = [9, 4, 7, 5, 3, 8]
    labels = np.repeat(np.arange(6), sizes)
    vectors = bundles[labels] + rng.normal(0, 0.02, (len(labels), d))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    central = []
    for label in np.argsort(sizes)[::-1]:
        members = np.flatnonzero(labels == label)
        middle = unit[members].mean(axis=0)
        central.append(members[np.linalg.norm(unit[members] - middle, axis=1).argmin()])
    problem = SignatureProblem(
        weights=np.ones(len(labels)), vectors=vectors / 2, costs=np.ones(len(labels)), budget=6.0
    )
    ways = Baselines(vectors, 0)
    (chosen,) = ways.kmeans(problem)
    assert chosen.tolist() == central
    told = ways.measure("kmeans", problem)
    assert told is not None
    mask = np.zeros(len(labels), dtype=bool)
    mask[central] = True
    assert (told.objective, told.scene_count, told.draws) == (value(problem, mask), 6, 1)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40), k=st.integers(1, 50))
@settings(max_examples=50, deadline=None)
def test_every_scene_has_its_turn(seed: int, n: int, k: int) -> None:
    """Alike or not, all scenes are ordered once, the same way every time."""
    vectors = _units(seed, n, 4)
    vectors[n // 2 :] = vectors[0]
    order = Clusters(vectors, 3).central_first(k)
    assert sorted(order.tolist()) == list(range(n))
    assert np.array_equal(order, Clusters(vectors, 3).central_first(k))


def test_clusters_of_large_pools_are_shared_by_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what is quick, budgets a little apart have the same number of clusters."""
    monkeypatch.setattr(baselines, "_QUICK", 100)
    costs = np.ones(200)
    free = np.arange(200)

    def clusters(budget: float) -> int:
        problem = SignatureProblem(
            weights=costs, vectors=_units(0, 200, 3) / 2, costs=costs, budget=budget
        )
        return baselines._clusters_for(problem, free)

    numbers = [clusters(budget) for budget in range(1, 201)]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) < 25
    assert all(0.75 * k <= found <= k for k, found in enumerate(numbers, start=1) if k > 8)
