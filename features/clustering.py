"""k-means of scenes' vectors, with FAISS."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import repeat
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.extra import features_extra

ALGORITHM: Final = "greedy k-means++, faiss 25 iterations, early stop 1e-4"
"""What :func:`cluster` does; to be changed with it, for results are stored under it."""

SEED: Final = 123
"""The seed of SeedAL's released code."""

_ITERATIONS: Final = 25
_EARLY_STOP: Final = 1e-4
"""Least relative gain of an iteration that is worth another one."""

_MAX_THREADS: Final = 32


def cluster(
    vectors: NDArray[np.float32],
    k: int,
    weights: NDArray[np.integer[Any]] | None = None,
    seed: int = SEED,
) -> NDArray[np.float32]:
    """Return the centres of at most k clusters; the caller normalises them.

    The result depends on nothing but the arguments: one thread computes it, whatever the machine
    has. Where at most k vectors differ from each other they are the centres themselves, repeated
    in turn, the most frequent first, until there are ``min(k, m)``.

    Parameters
    ----------
    vectors : (m, d) float32
        m >= 1, finite.
    k
        Number of clusters, at least 1.
    weights : (m,) integers
        How many vectors each row stands for, at least 0 and not all 0; by default one.
    seed
        Of the initialisation.

    Returns
    -------
    (min(k, m), d) float32
        Where m <= k, the vectors as they are.

    Raises
    ------
    VectorsError
        There is no vector, or one is not finite.

    Notes
    -----
    SeedAL, step "clustering": k is the number of classes, or of vectors where that is smaller. The
    initialisation is greedy k-means++ (Arthur and Vassilvitskii 2007, section 6): FAISS' own, which
    tries one candidate a centre, ends at a higher inertia.
    """
    (centres,) = cluster_many([vectors], k, None if weights is None else [weights], seed)
    return centres


def cluster_many(
    scenes: Sequence[NDArray[np.float32]],
    k: int,
    weights: Sequence[NDArray[np.integer[Any]]] | None = None,
    seed: int = SEED,
) -> list[NDArray[np.float32]]:
    """Cluster scenes on all cores, a thread each; every scene gets what :func:`cluster` gives it.

    Parameters
    ----------
    scenes
        Each (m, d) float32.
    k, seed
        See :func:`cluster`.
    weights
        Of each scene's vectors.

    Returns
    -------
    list
        Of each scene's centres, (min(k, m), d) float32.

    Raises
    ------
    VectorsError
        See :func:`cluster`.
    """
    for vectors in scenes:
        _check(vectors, k)
    given = repeat(None) if weights is None else weights
    settled = [_without_clustering(vectors, k) for vectors in scenes]
    if all(centres is not None for centres in settled):
        return [centres for centres in settled if centres is not None]
    with _one_thread_for_blas(), _threads() as threads:
        return list(
            threads.map(
                lambda vectors, weight, centres: (
                    _k_means(vectors, k, weight, seed) if centres is None else centres
                ),
                scenes,
                given,
                settled,
            )
        )


def _check(vectors: NDArray[np.float32], k: int) -> None:
    if vectors.ndim != 2 or len(vectors) == 0 or k < 1:  # noqa: PLR2004  (m, d)
        message = f"clustering needs k >= 1 and vectors (m >= 1, d), not k = {k}, {vectors.shape}"
        raise VectorsError(message)
    if not np.isfinite(vectors).all():
        message = "vectors that are not finite cannot be clustered"
        raise VectorsError(message)


def _without_clustering(vectors: NDArray[np.float32], k: int) -> NDArray[np.float32] | None:
    """Return the centres where at most k vectors differ, else None."""
    if len(vectors) <= k:
        return vectors
    # Rows that differ in their first numbers differ: nearly always that settles it at once.
    if len(np.unique(vectors[:, : min(4, vectors.shape[1])], axis=0)) > k:
        return None
    distinct, counts = np.unique(vectors, axis=0, return_counts=True)
    if len(distinct) > k:
        return None
    return np.resize(distinct[np.argsort(-counts, kind="stable")], (k, vectors.shape[1]))


def _k_means(
    vectors: NDArray[np.float32], k: int, weights: NDArray[np.integer[Any]] | None, seed: int
) -> NDArray[np.float32]:
    faiss = _faiss()
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    mass = np.ones(len(vectors)) if weights is None else np.asarray(weights, dtype=np.float64)
    means = faiss.Kmeans(
        vectors.shape[1],
        k,
        niter=_ITERATIONS,
        seed=seed,
        early_stop_threshold=_EARLY_STOP,
        min_points_per_centroid=1,  # else a warning on stderr
        max_points_per_centroid=len(vectors),  # else a sample is clustered
    )
    start = vectors[_first_centres(vectors, k, mass, seed)]
    means.train(
        vectors,
        weights=None if weights is None else mass.astype(np.float32),
        init_centroids=start,
    )
    return np.asarray(means.centroids, dtype=np.float32)


def _first_centres(
    vectors: NDArray[np.float32], k: int, mass: NDArray[np.float64], seed: int
) -> list[int]:
    """Choose k rows by greedy k-means++: of a few candidates, drawn far away, the one that helps.

    A candidate is drawn with probability proportional to mass times squared distance to the nearest
    row chosen so far; of 2 + ln k candidates the one that leaves the least inertia is taken.
    """
    rng = np.random.default_rng(seed)
    squares = np.einsum("md,md->m", vectors, vectors)
    candidates = 2 + int(np.log(k))
    chosen = [int(rng.choice(len(vectors), p=mass / mass.sum()))]
    nearest = _squared_distances(vectors, squares, chosen)[0]
    for _ in range(1, k):
        potential = np.cumsum(nearest * mass)
        drawn = np.searchsorted(potential, rng.random(candidates) * potential[-1], side="right")
        rows = np.minimum(drawn, len(vectors) - 1).tolist()
        distances = np.minimum(nearest, _squared_distances(vectors, squares, rows))
        best = int((distances @ mass).argmin())
        chosen.append(rows[best])
        nearest = distances[best]
    return chosen


def _squared_distances(
    vectors: NDArray[np.float32], squares: NDArray[np.float32], rows: list[int]
) -> NDArray[np.float32]:
    """Return the squared distances of all vectors to some of them, (len(rows), m)."""
    products = vectors[rows] @ vectors.T
    distances: NDArray[np.float32] = squares - 2 * products + squares[rows, None]
    return np.maximum(distances, 0.0)


@contextmanager
def _one_thread_for_blas() -> Iterator[None]:
    """Keep numpy's products on the thread that asks for them: many at once are many enough."""
    with _blas().limit(limits=1, user_api="blas"):
        yield


@cache
def _blas() -> Any:  # noqa: ANN401  not in the base install
    with features_extra("k-means"):
        from threadpoolctl import ThreadpoolController  # noqa: PLC0415

    return ThreadpoolController()


def _threads() -> ThreadPoolExecutor:
    """Return threads for which FAISS uses no threads of its own.

    Sums over several threads would be rounded in another order each time.
    """
    workers = min(_MAX_THREADS, os.cpu_count() or 1)
    set_threads = _faiss().omp_set_num_threads  # for the thread that calls it, and no other
    return ThreadPoolExecutor(workers, initializer=set_threads, initargs=(1,))


def _faiss() -> Any:  # noqa: ANN401  faiss carries no type information
    with features_extra("k-means"):
        import faiss  # noqa: PLC0415  not in the base install
    return faiss
