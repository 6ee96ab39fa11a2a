"""K-means of scenes' directions without FAISS, which solve processes do not have.

Lloyd's iterations (1982) from centres drawn as in greedy k-means++, or many at a time where there
are many (Bahmani et al., "Scalable K-Means++", VLDB 2012). More than 64 dimensions are first
reduced to the 64 that hold most of the variance: k-means looks for clusters in the span of the
first principal components (Ding and He, ICML 2004).
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from features.numeric import principal_subspace, scale_rows, squared_distances

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

MOST_PAIRS: Final = 40_000_000
"""Scenes times clusters, at most: 2,000 clusters of 20,000 scenes."""

_DIMENSIONS: Final = 64
_DRAWS: Final = 32  # passes in which first centres are drawn
_ITERATIONS: Final = 10
_ROWS: Final = 4096


class Clusters:
    """Scenes in the order in which clusters of them would have them chosen.

    Parameters
    ----------
    vectors
        Mean vectors of scenes, shape (n, d); only their directions count.
    random_seed
        Of everything that is drawn.
    """

    def __init__(self, vectors: Floats, random_seed: int) -> None:
        units = scale_rows(vectors, np.linalg.norm(vectors, axis=1))
        self._units = units.astype(np.float32)
        self._seed = random_seed
        self._reduced = principal_subspace(
            self._units, _DIMENSIONS, np.random.default_rng(random_seed)
        )
        self._known: dict[int, Ints] = {}

    def central_first(self, k: int) -> Ints:
        """Return all scenes: those nearest to their cluster's centroid, then the second nearest.

        Within each of these rounds the largest cluster comes first.

        Parameters
        ----------
        k
            How many clusters, at least 1; no more than `MOST_PAIRS` allows.

        Returns
        -------
        (n,) int64
        """
        n = len(self._units)
        k = max(1, min(k, n, MOST_PAIRS // max(1, n)))
        if k not in self._known:
            labels = cluster(self._reduced, k, np.random.default_rng(self._seed))
            self._known[k] = _by_rounds(self._units, labels)
        return self._known[k]


def cluster(rows: Singles, k: int, rng: np.random.Generator) -> Ints:
    """Return each row's cluster by k-means.

    Parameters
    ----------
    rows
        Shape (n, d), n >= 1.
    k
        At most so many clusters, at least 1; fewer where rows repeat.
    rng
        Draws the first centres.

    Returns
    -------
    (n,) int64
        From 0, without gaps.
    """
    labels = _assigned(rows, _first_centres(rows, k, rng))
    for _ in range(_ITERATIONS):
        before, labels = labels, _assigned(rows, _means(rows, labels))
        if np.array_equal(before, labels):
            break
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _first_centres(rows: Singles, k: int, rng: np.random.Generator) -> Singles:
    """Draw rows with probability proportional to squared distance from those drawn before.

    Up to 63 centres are drawn one by one, each the best of ``2 + ln k`` (greedy k-means++, Arthur
    and Vassilvitskii, SODA 2007); more of them in 32 passes.
    """
    chosen = rng.integers(len(rows), size=1)
    nearest = squared_distances(rows, rows[chosen]).min(axis=1)
    size, trials = max(1, k // _DRAWS), 2 + int(math.log(k))
    while len(chosen) < k and (far := np.flatnonzero(nearest > 0)).size:
        mass = nearest[far].astype(np.float64)
        most = min(len(far), trials if size == 1 else size)
        drawn = rng.choice(far, size=most, replace=False, p=mass / mass.sum())
        if size == 1:
            left = np.minimum(nearest[:, None], squared_distances(rows, rows[drawn])).sum(axis=0)
            drawn = drawn[[left.argmin()]]
        drawn = drawn[: k - len(chosen)]
        chosen = np.concatenate([chosen, drawn])
        nearest = np.minimum(nearest, _least(rows, rows[drawn])[1])
        nearest[drawn] = 0.0
    return rows[chosen]


def _assigned(rows: Singles, centres: Singles) -> Ints:
    return _least(rows, centres)[0]


def _least(rows: Singles, centres: Singles) -> tuple[Ints, Singles]:
    """Return each row's nearest centre, of equals the first, and its squared distance."""
    labels = np.empty(len(rows), dtype=np.int64)
    least = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        squares = squared_distances(rows[part], centres)
        labels[part] = squares.argmin(axis=1)
        least[part] = squares.min(axis=1)
    return labels, least


def _means(rows: Singles, labels: Ints) -> Singles:
    """Return the mean row of each cluster that has one, by ascending label."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    sizes = np.diff(starts, append=len(labels))
    sums = np.add.reduceat(rows[order], starts, axis=0)
    return np.asarray(sums / sizes[:, None].astype(np.float32))


def _by_rounds(units: Singles, labels: Ints) -> Ints:
    """Return rows by their rank within their cluster, then by the size of that."""
    n = len(units)
    sizes = np.bincount(labels)
    away = np.linalg.norm(units - _means(units, labels)[labels], axis=1)
    order = np.lexsort((away, labels))
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.lexsort((labels, -sizes[labels], rank)).astype(np.int64)
