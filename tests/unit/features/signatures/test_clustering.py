import os
import subprocess
import sys
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from features.backbones import load_backbone
from features.backbones.compute import PATCH_KEYS
from features.backbones.protocol import to_pixels
from features.errors import VectorsError
from features.images.pixels import load_rgb
from features.signatures.clustering import cluster, cluster_many

HASH = """
import hashlib, numpy as np
from features.signatures.clustering import cluster
vectors = np.random.default_rng(5).standard_normal((784, 96)).astype(np.float32)
print(hashlib.sha256(cluster(vectors, 19).tobytes()).hexdigest())
"""


def test_few_vectors_are_their_own_centres() -> None:
    """Up to k vectors are returned as they are, duplicates included."""
    vectors = np.array([[1, 2], [1, 2], [3, 4]], dtype=np.float32)
    np.testing.assert_array_equal(cluster(vectors, 3), vectors)


def test_separate_groups_are_found() -> None:
    """Well separated groups give their means."""
    rng = np.random.default_rng(0)
    means = np.array([[0, 0], [10, 0], [0, 10]], dtype=np.float32)
    vectors = (means[:, None] + rng.normal(0, 0.1, (3, 40, 2))).astype(np.float32)
    centres = cluster(vectors.reshape(-1, 2), 3)
    expected = vectors.mean(axis=1)
    order = np.lexsort(centres.T)
    np.testing.assert_allclose(centres[order], expected[np.lexsort(expected.T)], atol=1e-5)


def test_duplicates_are_repeated_not_invented() -> None:
    """Fewer than k distinct vectors are all centres, the most frequent repeated first."""
    vectors = np.repeat(np.eye(3, dtype=np.float32), [2, 9, 1], axis=0)
    centres = cluster(vectors, 5)
    np.testing.assert_array_equal(centres, np.eye(3, dtype=np.float32)[[1, 0, 2, 1, 0]])


@settings(deadline=None)
@given(
    m=st.integers(1, 60),
    distinct=st.integers(1, 60),
    k=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_centres_are_finite_and_repeatable(m: int, distinct: int, k: int, seed: int) -> None:
    """Whatever the duplicates, there are min(k, m) finite centres, the same at every call."""
    rng = np.random.default_rng(seed)
    pool = rng.standard_normal((distinct, 4)).astype(np.float32)
    vectors = pool[rng.integers(0, distinct, m)]
    centres = cluster(vectors, k)
    assert centres.shape == (min(k, m), 4)
    assert centres.dtype == np.float32
    assert np.isfinite(centres).all()
    # A mean never leaves the box around what it is the mean of.
    assert (centres >= vectors.min(axis=0) - 1e-4).all()
    assert (centres <= vectors.max(axis=0) + 1e-4).all()
    np.testing.assert_array_equal(cluster(vectors.copy(), k), centres)


def test_the_number_of_threads_changes_nothing() -> None:
    """One and four threads give the same bits, and nothing is printed besides."""
    outputs = {
        threads: subprocess.run(
            [sys.executable, "-c", HASH],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": threads},
        )
        for threads in ("1", "4")
    }
    assert outputs["1"].stdout == outputs["4"].stdout
    assert len(outputs["1"].stdout.strip()) == 64
    assert not outputs["1"].stderr


@pytest.mark.parametrize(
    ("shape", "k"), [((0, 3), 2), ((3,), 2), ((4, 3), 0)], ids=["none", "flat", "k"]
)
def test_a_wrong_shape_is_refused(shape: tuple[int, ...], k: int) -> None:
    """No vectors, vectors that are not a table, or k below 1 raise."""
    with pytest.raises(VectorsError, match="clustering needs"):
        cluster(np.ones(shape, np.float32), k)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    """NaN and infinity raise, also where there is nothing to cluster."""
    vectors = np.ones((2, 3), np.float32)
    vectors[1, 1] = bad
    with pytest.raises(VectorsError, match="not finite"):
        cluster(vectors, 5)


def _inertia(vectors: NDArray[np.float32], centres: NDArray[np.floating]) -> float:
    """Sum of squared distances to the nearest centre, in float64."""
    differences = vectors[:, None].astype(np.float64) - centres
    return float(np.square(differences).sum(axis=2).min(axis=1).sum())


def _assert_as_good_as_scikit_learn(scenes: list[NDArray[np.float32]], k: int) -> None:
    theirs = [KMeans(k, n_init="auto", random_state=123).fit(scene) for scene in scenes]
    ours = cluster_many(scenes, k)
    total = sum(map(_inertia, scenes, (means.cluster_centers_ for means in theirs)))
    assert sum(map(_inertia, scenes, ours)) <= 1.01 * total


def test_mixtures_are_clustered_as_well_as_by_scikit_learn() -> None:
    """Over many random mixtures, the total inertia is within 1 % of scikit-learn's."""
    rng = np.random.default_rng(0)
    scenes = []
    for _ in range(60):
        groups = int(rng.integers(5, 40))
        means = 3 * rng.standard_normal((groups, 6))
        vectors = means[rng.integers(0, groups, 300)] + rng.standard_normal((300, 6))
        scenes.append(vectors.astype(np.float32))
    _assert_as_good_as_scikit_learn(scenes, 13)


@pytest.mark.shared_data
def test_patches_of_streets_are_clustered_as_well_as_by_scikit_learn(shared_data: Path) -> None:
    """On patch keys of real frames, the total inertia is within 1 % of scikit-learn's."""
    frames = sorted((shared_data / "camvid" / "train").iterdir())[::12]
    backbone = load_backbone("efficientnet_lite0", device="cpu")
    pixels = np.stack([to_pixels(load_rgb(str(path))) for path in frames])
    _assert_as_good_as_scikit_learn(list(backbone.encode(pixels, PATCH_KEYS)), 19)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), threads=st.sampled_from([None, 1, 2, 5]))
def test_many_scenes_equal_each_alone(seed: int, threads: int | None) -> None:
    """Scenes clustered together, in any order and number of threads, equal scenes one by one."""
    rng = np.random.default_rng(seed)
    scenes = [
        rng.integers(0, 4, (int(rng.integers(1, 30)), 3)).astype(np.float32) for _ in range(6)
    ]
    order = rng.permutation(len(scenes))
    together = cluster_many([scenes[place] for place in order], 7, threads=threads)
    for place, centres in zip(order, together, strict=True):
        np.testing.assert_array_equal(centres, cluster(scenes[place], 7))


@pytest.mark.parametrize("threads", [1, 3])
def test_the_process_keeps_its_own_number_of_threads(threads: int) -> None:
    """Clustering leaves the number of OpenMP threads of its caller as it was."""
    before = faiss.omp_get_max_threads()
    scenes = list(np.random.default_rng(0).standard_normal((4, 50, 3)).astype(np.float32))
    faiss.omp_set_num_threads(5)
    try:
        cluster_many(scenes, 3, threads=threads)
        assert faiss.omp_get_max_threads() == 5
    finally:
        faiss.omp_set_num_threads(before)


def test_few_cores_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system does not say which cores a process may use, all of them are counted."""
    scenes = list(np.random.default_rng(0).standard_normal((4, 50, 3)).astype(np.float32))
    expected = cluster_many(scenes, 3, threads=1)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    np.testing.assert_array_equal(cluster_many(scenes, 3), expected)


def test_a_bad_scene_among_many_is_refused() -> None:
    """A scene that cannot be clustered raises, whichever thread meets it."""
    scenes = list(np.random.default_rng(0).standard_normal((4, 50, 3)).astype(np.float32))
    scenes[2][7, 1] = np.nan
    with pytest.raises(VectorsError, match="not finite"):
        cluster_many(scenes, 3, threads=2)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_one_cluster_is_the_weighted_mean(seed: int) -> None:
    """With k = 1 the centre is the mean, each vector counted by its weight."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((20, 3)).astype(np.float32)
    weights = rng.integers(1, 9, 20).astype(np.float64)
    (centre,) = cluster(vectors, 1, weights=weights)
    np.testing.assert_allclose(centre, np.average(vectors, axis=0, weights=weights), atol=1e-5)


def test_a_weight_is_so_many_copies() -> None:
    """Weighted vectors give the centres that as many copies of each give."""
    rng = np.random.default_rng(2)
    means = np.array([[0, 0], [90, 0], [0, 90]], dtype=np.float32)
    vectors = (means[:, None] + rng.normal(0, 1, (3, 12, 2))).astype(np.float32).reshape(-1, 2)
    weights = rng.integers(1, 6, len(vectors))
    weighted = cluster(vectors, 3, weights=weights.astype(np.float64))
    copied = cluster(np.repeat(vectors, weights, axis=0), 3)
    np.testing.assert_allclose(
        weighted[np.lexsort(weighted.T)], copied[np.lexsort(copied.T)], atol=1e-4
    )


def test_the_heaviest_duplicate_comes_first() -> None:
    """Among fewer than k distinct vectors, weight decides which is repeated, not frequency."""
    vectors = np.eye(2, dtype=np.float32)[[0, 0, 1, 0]]
    centres = cluster(vectors, 3, weights=np.array([1.0, 1.0, 9.0, 1.0]))
    np.testing.assert_array_equal(centres, np.eye(2, dtype=np.float32)[[1, 0, 1]])


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, -1.0], [1.0, np.nan], [[1.0, 1.0]]])
def test_bad_weights_are_refused(weights: list[float]) -> None:
    """Weights must be as many as vectors, finite and above 0."""
    with pytest.raises(VectorsError, match="weights must be 2 finite numbers above 0"):
        cluster(np.ones((2, 3), np.float32), 5, weights=np.array(weights))
