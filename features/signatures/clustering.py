"""k-means of scenes' vectors: Lloyd's iterations in FAISS, from first centres of our own.

Greedy k-means++: where k-means starts.

FAISS's own k-means++ draws one row a centre; on patch keys of street scenes the inertia it ends
with is a quarter above scikit-learn's. scikit-learn draws a few and keeps the best, as is done
here.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from math import log
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.extra import features_extra


def first_centres(
    faiss: Any,  # noqa: ANN401  faiss carries no type information
    rows: NDArray[np.float32],
    k: int,
    seed: int,
    weights: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Choose k rows as first centres.

    Each centre is the best of ``2 + ln k`` rows drawn with probability proportional to weight times
    squared distance from the centres so far: the one after which the sum of those is smallest.

    Parameters
    ----------
    faiss
        The library, told to use one thread.
    rows : (m, d) float32
        Contiguous; more than k of them differ.
    k
        Number of centres, at least 1.
    seed
        The only source of randomness.
    weights : (m,) float64
        Above 0.

    Returns
    -------
    (k, d) float32

    References
    ----------
    Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding" (SODA 2007), section 5,
    which names the greedy form.
    """
    rng = np.random.default_rng(seed)
    m, d = rows.shape
    trials = 2 + int(log(k))
    squares = np.empty((trials, m), dtype=np.float32)

    def draw(mass: NDArray[np.float64], size: int) -> NDArray[np.intp]:
        bounds = np.cumsum(mass)
        places = np.searchsorted(bounds, rng.random(size) * bounds[-1], "right")
        # Rounding may lift a draw to the sum itself.
        inside: NDArray[np.intp] = np.minimum(places, m - 1).astype(np.intp)
        return inside

    def distances(row: int, out: NDArray[np.float32]) -> None:
        # Exactly 0 between equal rows, and one thread by construction.
        pointers = (faiss.swig_ptr(out), faiss.swig_ptr(rows[row]), faiss.swig_ptr(rows))
        faiss.fvec_L2sqr_ny(*pointers, d, m)

    chosen = draw(weights, 1)
    nearest = np.empty(m, dtype=np.float32)
    distances(int(chosen[0]), nearest)
    while chosen.size < k:
        drawn = draw(weights * nearest, trials)
        for row, out in zip(drawn, squares, strict=True):
            distances(row, out)
        np.minimum(squares, nearest, out=squares)
        best = int(np.einsum("tm,m->t", squares, weights).argmin())
        chosen = np.append(chosen, drawn[best])
        nearest = squares[best].copy()
    first_centres: NDArray[np.float32] = rows[chosen]
    return first_centres


ALGORITHM: Final = "greedy k-means++, faiss 100 1e-4"
"""What :func:`cluster` does; to be changed with it, for results are stored under it."""

SEED: Final = 123
"""The seed of SeedAL's released code."""

_ITERATIONS: Final = 100
_EARLY_STOP: Final = 1e-4  # the relative gain of an iteration below which FAISS ends


def cluster(
    vectors: NDArray[np.float32],
    k: int,
    seed: int = SEED,
    *,
    weights: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Return the centres of at most k clusters; the caller normalises them.

    The result depends on nothing but the arguments: one thread computes it, whatever the machine
    has. Where at most k vectors differ from each other they are the centres themselves, repeated
    in turn, the heaviest first, until there are ``min(k, m)``.

    Parameters
    ----------
    vectors : (m, d) float32
        m >= 1, finite.
    k
        Number of clusters, at least 1.
    seed
        Of the k-means++ initialisation.
    weights : (m,)
        How many vectors each stands for, finite and above 0; all 1 by default.

    Returns
    -------
    (min(k, m), d) float32
        Where m <= k, the vectors as they are.

    Raises
    ------
    VectorsError
        There is no vector, one is not finite, or a weight breaks its rule.

    Notes
    -----
    SeedAL, step "clustering": k is the number of classes, or of vectors where that is smaller.
    """
    if vectors.ndim != 2 or len(vectors) == 0 or k < 1:  # noqa: PLR2004  (m, d)
        message = f"clustering needs k >= 1 and vectors (m >= 1, d), not k = {k}, {vectors.shape}"
        raise VectorsError(message)
    if not np.isfinite(vectors).all():
        message = "vectors that are not finite cannot be clustered"
        raise VectorsError(message)
    if weights is not None:
        _check_weights(weights, len(vectors))
    if len(vectors) <= k:
        return vectors
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    amounts = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)
    if _few_distinct(rows, k):
        distinct, places = np.unique(rows, axis=0, return_inverse=True)
        heaviest = np.argsort(-np.bincount(places.ravel(), amounts), kind="stable")
        return np.resize(distinct[heaviest], (k, rows.shape[1]))
    return _k_means(rows, k, seed, amounts)


def cluster_many(
    arrays: Sequence[NDArray[np.float32]],
    k: int,
    seed: int = SEED,
    *,
    weights: Sequence[NDArray[np.floating] | None] | None = None,
    threads: int | None = None,
) -> list[NDArray[np.float32]]:
    """Cluster many scenes at once, each exactly as :func:`cluster` does alone.

    Parameters
    ----------
    arrays
        The vectors of each scene, (m_i, d).
    k, seed
        See :func:`cluster`.
    weights
        Of each scene's vectors, see :func:`cluster`; None for a scene whose weights are all 1.
    threads
        Scenes that are clustered at a time; by default one a core.

    Returns
    -------
    list[NDArray[np.float32]]
        The centres of each scene, (min(k, m_i), d), in the order given.

    Raises
    ------
    VectorsError
        See :func:`cluster`.
    """
    amounts = [None] * len(arrays) if weights is None else weights
    jobs = list(zip(arrays, amounts, strict=True))
    size = min(threads or _cores(), sum(len(vectors) > k for vectors in arrays))
    if size <= 1:
        return [cluster(vectors, k, seed, weights=amount) for vectors, amount in jobs]
    with ThreadPoolExecutor(size, thread_name_prefix="cluster") as pool:
        # Most of a scene's time is spent in FAISS, which runs without Python's lock. A scene that
        # needs no clustering is not worth a hand-over.
        futures = [
            pool.submit(cluster, vectors, k, seed, weights=amount) if len(vectors) > k else None
            for vectors, amount in jobs
        ]
        return [
            cluster(vectors, k, seed, weights=amount) if future is None else future.result()
            for future, (vectors, amount) in zip(futures, jobs, strict=True)
        ]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_weights(weights: NDArray[np.floating], m: int) -> None:
    if weights.shape != (m,) or not np.isfinite(weights).all() or (weights <= 0).any():
        message = f"weights must be {m} finite numbers above 0, one a vector"
        raise VectorsError(message)


def _few_distinct(rows: NDArray[np.float32], k: int) -> bool:
    """Return whether at most k rows differ; in practice decided after k + 1 rows."""
    seen: set[bytes] = set()
    for row in rows:
        seen.add((row + np.float32(0)).tobytes())  # -0 is 0
        if len(seen) > k:
            return False
    return True


def _k_means(
    rows: NDArray[np.float32], k: int, seed: int, weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    with features_extra("k-means"):
        import faiss  # noqa: PLC0415  not in the base install

    means = faiss.Kmeans(
        rows.shape[1],
        k,
        niter=_ITERATIONS,
        early_stop_threshold=_EARLY_STOP,
        seed=seed,
        min_points_per_centroid=1,  # else a warning on stderr
        max_points_per_centroid=len(rows),  # else a sample is clustered
    )
    with _one_thread(faiss):
        initial = first_centres(faiss, rows, k, seed, weights)
        means.train(rows, weights.astype(np.float32), init_centroids=initial)
    return np.asarray(means.centroids, dtype=np.float32)


@contextmanager
def _one_thread(faiss: Any) -> Iterator[None]:  # noqa: ANN401  faiss carries no type information
    """Let FAISS compute in the calling thread alone; OpenMP keeps the number thread by thread."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
