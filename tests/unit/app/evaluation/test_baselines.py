"""Each baseline on pools whose answer is plain to see."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import InvalidRequestError
from app.evaluation.baselines.clusters import NEIGHBOURS, untypicality
from app.evaluation.baselines.pool import BaselinePool
from app.evaluation.baselines.registry import BASELINES, BaselineMethod
from app.evaluation.baselines.seedal_reference import scenes_of_best_pairs, seedal_reference
from app.evaluation.baselines.sequential import similarities

EVERY = pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES.keys())


def pool_of(
    vectors: Sequence[Sequence[float]] | NDArray[np.float64],
    costs: Sequence[float] | None = None,
    classes: int = 13,
) -> BaselinePool:
    """Return a pool whose scenes are called 000, 001, ... and weigh 1."""
    n = len(vectors)
    return BaselinePool(
        scene_ids=tuple(f"{k:03}" for k in range(n)),
        vectors=np.asarray(vectors, dtype=np.float64),
        weights=np.ones(n),
        costs=np.ones(n) if costs is None else np.asarray(costs, dtype=np.float64),
        classes=classes,
    )


def on_a_circle(degrees: Sequence[float]) -> NDArray[np.float64]:
    """Return unit vectors (n, 2)."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@EVERY
def test_one_scene(baseline: BaselineMethod) -> None:
    """The only scene is chosen where it fits."""
    pool = pool_of([[1.0, 0.0]], [3.0])
    assert baseline(pool, 3.0).tolist() == [0]
    assert baseline(pool, 2.9).tolist() == []


@EVERY
def test_a_budget_below_the_cheapest(baseline: BaselineMethod) -> None:
    """Where nothing fits, nothing is chosen."""
    pool = pool_of(on_a_circle([0, 90, 180, 270]), [2, 3, 4, 5])
    assert baseline(pool, 1.0).tolist() == []
    assert baseline(pool, 0.0).tolist() == []


@EVERY
def test_equal_scenes(baseline: BaselineMethod) -> None:
    """Scenes that are all the same fill the budget too, where that is promised."""
    chosen = baseline(pool_of([[0.6, 0.8]] * 7), 3.0)
    assert len(chosen) == 3 or not baseline.fills
    assert len(chosen) <= 3


@EVERY
def test_free_scenes(baseline: BaselineMethod) -> None:
    """Scenes that cost nothing are chosen even at no budget, where filling is promised."""
    pool = pool_of(on_a_circle([0, 90, 180, 270]), [0, 1, 0, 1])
    chosen = set(baseline(pool, 0.0).tolist())
    assert chosen == {0, 2} or not baseline.fills
    assert chosen <= {0, 2}


@EVERY
def test_vectors_without_a_direction(baseline: BaselineMethod) -> None:
    """Scenes whose images cancel out are scenes like others."""
    chosen = baseline(pool_of([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]]), 2.0)
    assert len(chosen) <= 2


@EVERY
@pytest.mark.parametrize("budget", [-1.0, math.nan, math.inf])
def test_a_budget_that_is_none(baseline: BaselineMethod, budget: float) -> None:
    """A budget that is negative or not finite is refused in a sentence."""
    with pytest.raises(Exception, match=r"budget .*at least 0") as caught:
        baseline(pool_of([[1.0, 0.0]] * 3), budget)
    assert type(caught.value).__name__ in {"InvalidRequestError", "InvalidProblemError"}


def test_clusters_give_a_scene_each() -> None:
    """One scene of each of three heaps: its middle, its rim, and where it is densest."""
    heaps = [0, 8, 10, 20, 120, 128, 130, 140, 240, 248, 250, 260]
    pool = pool_of(on_a_circle(heaps))
    assert BASELINES["kmeans_centroid"](pool, 3.0).tolist() == [2, 6, 10]
    assert BASELINES["kmeans_furthest"](pool, 3.0).tolist() == [3, 7, 11]
    assert BASELINES["typiclust"](pool, 3.0).tolist() == [1, 5, 9] or (
        BASELINES["typiclust"](pool, 3.0).tolist() == [2, 6, 10]
    )


def test_the_largest_cluster_is_asked_first_for_more() -> None:
    """What a budget pays for beyond a scene a cluster comes from the largest cluster."""
    pool = pool_of(on_a_circle([0, 1, 2, 3, 4, 180, 181]), [1, 1, 1, 1, 1, 1.5, 1.5])
    chosen = BASELINES["kmeans_centroid"](pool, 3.5)
    assert (chosen < 5).sum() == 2


def test_a_scene_beyond_the_budget_is_passed_over() -> None:
    """A cluster's best scene that costs more than the budget gives way to its next best."""
    pool = pool_of(on_a_circle([0, 10, 20, 180, 190, 200]), [1, 9, 1, 1, 9, 1])
    chosen = BASELINES["kmeans_centroid"](pool, 2.0).tolist()
    assert len({k // 3 for k in chosen}) == 2


def test_k_center_starts_in_the_middle_and_goes_far() -> None:
    """The first is nearest the mean, the second the farthest from it."""
    pool = pool_of(on_a_circle([0, 10, 20, 30, 90]))
    assert BASELINES["k_center"](pool, 1.0).tolist() == [3]
    assert BASELINES["k_center"](pool, 2.0).tolist() == [3, 4]


def test_k_center_buys_what_fits() -> None:
    """The farthest scene that does not fit is passed over."""
    pool = pool_of(on_a_circle([0, 10, 20, 30, 90]), [1, 1, 1, 1, 5])
    assert BASELINES["k_center"](pool, 2.0).tolist() == [0, 3]


def test_herding_takes_heaps_by_their_size() -> None:
    """Of two heaps, one twice as large, two scenes come from the larger and one from the other."""
    pool = pool_of(on_a_circle([0, 1, 2, 3, 90, 91]))
    assert (BASELINES["herding"](pool, 3.0) < 4).tolist() == [True, True, False]


def test_probcover_prefers_the_dense_heap() -> None:
    """The ball that covers most comes first, and the next elsewhere."""
    pool = pool_of(on_a_circle([0, 1, 2, 3, 4, 120, 121, 122, 240, 241]), classes=3)
    assert BASELINES["probcover"](pool, 1.0)[0] < 5
    assert [k // 5 for k in BASELINES["probcover"](pool, 2.0)] == [0, 1]
    chosen = BASELINES["probcover"](pool, 3.0)
    assert [np.searchsorted([5, 8], k, "right") for k in chosen] == [0, 1, 2]


def test_facility_location_takes_what_is_like_the_others() -> None:
    """One scene: the one that is most like all others; two: one of each heap."""
    assert BASELINES["facility_location"](pool_of(on_a_circle([0, 10, 20, 30, 40])), 1.0) == [2]
    pool = pool_of(on_a_circle([0, 10, 20, 180, 190, 200]))
    assert [k // 3 for k in BASELINES["facility_location"](pool, 2.0)] == [0, 1]


def test_similarities_lie_between_0_and_1() -> None:
    """Opposite scenes are not alike at all, equal ones wholly, whatever their vectors' length."""
    alike = similarities(np.array([[1.0, 0.0], [-0.5, 0.0], [0.25, 0.0], [0.0, 0.0]]))
    assert alike[0].tolist() == [1.0, 0.0, 1.0, 0.5]


def test_typicality_is_the_mean_distance_to_the_nearest() -> None:
    """The 20 nearest of a large cluster count, all of a small one, and none of a single scene."""
    rng = np.random.default_rng(0)
    for size in (1, 2, NEIGHBOURS, NEIGHBOURS + 1, 50):
        vectors = 0.1 * rng.normal(size=(size, 3))
        k = min(NEIGHBOURS, size - 1)
        expected = [
            sum(sorted(float(np.linalg.norm(a - b)) for b in vectors)[1 : k + 1]) / max(k, 1)
            for a in vectors
        ]
        assert untypicality(vectors, vectors.mean(axis=0)) == pytest.approx(expected, abs=1e-7)


def test_random_seeds_differ() -> None:
    """Another random seed is another selection."""
    pool = pool_of(on_a_circle(np.linspace(0, 300, 40).tolist()))
    assert len({tuple(BASELINES["random"](pool, 5.0, seed)) for seed in range(20)}) == 20


def test_the_reference_drops_what_is_cheap() -> None:
    """The best pair is kept although it costs too much; what would fit is lost, budget unspent."""
    pool = pool_of(on_a_circle([0, 180, 60, 120]), [9, 9, 1, 1])
    chosen = seedal_reference(pool, 10.0, 0, reduction_size=1)
    assert set(chosen) <= {0, 1}
    assert len(chosen) == 1


def test_the_reference_solves_its_second_step() -> None:
    """Of the scenes kept, those are chosen whose pairs are worth most within the budget."""
    pool = pool_of(on_a_circle([0, 180, 60, 120, 90]), [2, 2, 1, 1, 1])

    def worth(chosen: Sequence[int] | NDArray[np.int64]) -> float:
        rows = pool.vectors[list(chosen)]
        return float(np.triu(1 - rows @ rows.T, 1).sum())

    every = (chosen for k in range(6) for chosen in itertools.combinations(range(5), k))
    best = max(worth(chosen) for chosen in every if pool.costs[list(chosen)].sum() <= 4)
    for strategy in ("scip", "exact"):
        assert worth(seedal_reference(pool, 4.0, 0, strategy=strategy)) == pytest.approx(best)


def test_the_best_pairs() -> None:
    """Scenes of the best pairs; among equal pairs those that come first."""
    scores = np.array([[0, 1, 5, 5.0], [1, 0, 2, 2], [5, 2, 0, 2], [5, 2, 2, 0]])
    assert scenes_of_best_pairs(scores, 1).tolist() == [0, 2]
    assert scenes_of_best_pairs(scores, 2).tolist() == [0, 2, 3]
    assert scenes_of_best_pairs(scores, 80).tolist() == [0, 1, 2, 3]
    assert scenes_of_best_pairs(np.zeros((1, 1)), 80).tolist() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scene_ids": ()}, "1 to 10,000 scenes, not 0"),
        ({"scene_ids": ("a", "a")}, "'a' occurs twice"),
        ({"vectors": np.zeros(2)}, "needs vectors"),
        ({"weights": np.ones(3)}, "needs vectors"),
        ({"vectors": np.array([[1.0], [2.0]])}, "Scene 'b': its vector"),
        ({"vectors": np.array([[1.0], [np.nan]])}, "Scene 'b': its vector"),
        ({"weights": np.array([-1.0, 1.0])}, "Scene 'a': its weight"),
        ({"costs": np.array([1.0, np.inf])}, "Scene 'b': its cost"),
        ({"costs": np.array([1.0, np.nan])}, "Scene 'b': its cost"),
        ({"classes": 0}, "at least 1 class"),
    ],
)
def test_a_pool_checks_itself(changes: dict[str, object], sentence: str) -> None:
    """A pool that breaks a rule is refused in a sentence that names the scene."""
    good: dict[str, object] = {
        "scene_ids": ("a", "b"),
        "vectors": np.array([[1.0], [-1.0]]),
        "weights": np.ones(2),
        "costs": np.ones(2),
    }
    with pytest.raises(InvalidRequestError, match=sentence):
        BaselinePool(**(good | changes))  # type: ignore[arg-type]
