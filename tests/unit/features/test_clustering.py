import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from features.clustering import cluster, cluster_many
from features.errors import VectorsError

HASH = """
import hashlib, numpy as np
from features.clustering import cluster
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


def test_many_scenes_get_what_each_gets_alone() -> None:
    """Scenes clustered together, in any order, on any number of threads, are as if alone."""
    rng = np.random.default_rng(0)
    scenes = [rng.standard_normal((m, 8)).astype(np.float32) for m in (3, 40, 1, 90, 40)]
    scenes.append(np.repeat(scenes[0], 5, axis=0))
    alone = [cluster(vectors, 5) for vectors in scenes]
    for order in (range(6), (5, 3, 1, 0, 2, 4)):
        together = cluster_many([scenes[i] for i in order], 5)
        for i, centres in zip(order, together, strict=True):
            np.testing.assert_array_equal(centres, alone[i])
    assert cluster_many([], 5) == []


def test_a_weight_is_as_many_vectors() -> None:
    """A row of weight w pulls its centre as w rows would; one of weight 0 pulls none."""
    rng = np.random.default_rng(0)
    means = np.array([[0, 0], [50, 0], [0, 50]], dtype=np.float32)
    vectors = (means[:, None] + rng.normal(0, 1, (3, 30, 2))).astype(np.float32).reshape(-1, 2)
    weights = rng.integers(0, 9, len(vectors))
    centres = cluster(vectors, 3, weights)
    repeated = np.split(np.repeat(vectors, weights, axis=0), np.cumsum(weights)[[29, 59]])
    expected = np.stack([part.mean(axis=0) for part in repeated])
    np.testing.assert_allclose(
        centres[np.lexsort(centres.T)], expected[np.lexsort(expected.T)], rtol=1e-4, atol=1e-3
    )


def inertia(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> float:
    """Return the sum of squared distances to the nearest centre."""
    distances = ((vectors[:, None].astype(np.float64) - centres) ** 2).sum(axis=2)
    return float(distances.min(axis=1).sum())


@pytest.mark.parametrize("spread", [0.2, 0.6, 3.0])
def test_inertia_is_within_a_percent_of_scikit_learns(spread: float) -> None:
    """Over many scenes, of clear groups or of none, the clusters are as tight as scikit-learn's."""
    rng = np.random.default_rng(1)
    scenes = []
    for _ in range(60):
        means = rng.standard_normal((12, 24))
        noise = spread * rng.standard_normal((196, 24))
        scenes.append((means[rng.integers(0, 12, 196)] + noise).astype(np.float32))
    ours = sum(map(inertia, scenes, cluster_many(scenes, 13)))
    theirs = sum(float(KMeans(13, random_state=123).fit(scene).inertia_) for scene in scenes)
    assert ours <= 1.01 * theirs


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
