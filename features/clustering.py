"""k-means of one scene's vectors, with FAISS."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.extra import features_extra

ALGORITHM: Final = "faiss k-means++ 25 1"
"""What :func:`cluster` does; to be changed with it, for results are stored under it."""

SEED: Final = 123
"""The seed of SeedAL's released code."""

_ITERATIONS: Final = 25


def cluster(vectors: NDArray[np.float32], k: int, seed: int = SEED) -> NDArray[np.float32]:
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
    seed
        Of the k-means++ initialisation.

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
    SeedAL, step "clustering": k is the number of classes, or of vectors where that is smaller.
    """
    if vectors.ndim != 2 or len(vectors) == 0 or k < 1:  # noqa: PLR2004  (m, d)
        message = f"clustering needs k >= 1 and vectors (m >= 1, d), not k = {k}, {vectors.shape}"
        raise VectorsError(message)
    if not np.isfinite(vectors).all():
        message = "vectors that are not finite cannot be clustered"
        raise VectorsError(message)
    if len(vectors) <= k:
        return vectors
    distinct, counts = np.unique(vectors, axis=0, return_counts=True)
    if len(distinct) <= k:
        by_frequency = distinct[np.argsort(-counts, kind="stable")]
        return np.resize(by_frequency, (k, vectors.shape[1]))
    return _k_means(np.ascontiguousarray(vectors, dtype=np.float32), k, seed)


def cluster_many(arrays, k, weights=None, seed=SEED):
    return [cluster(a, k, seed) for a in arrays]


def _k_means(vectors: NDArray[np.float32], k: int, seed: int) -> NDArray[np.float32]:
    with features_extra("k-means"):
        import faiss  # noqa: PLC0415  not in the base install

    means = faiss.Kmeans(
        vectors.shape[1],
        k,
        niter=_ITERATIONS,
        seed=seed,
        init_method=faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS,
        min_points_per_centroid=1,  # else a warning on stderr
        max_points_per_centroid=len(vectors),  # else a sample is clustered
    )
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        means.train(vectors)
    finally:
        faiss.omp_set_num_threads(threads)
    return np.asarray(means.centroids, dtype=np.float32)
