"""Baselines by clusters: KMcentroid, KMfurthest and TypiClust.

KMcentroid and KMfurthest are the baselines of SeedAL's paper (Samet et al., ICCV 2023, section 4).
The methods that cluster choose a number of images and make as many clusters. Here scenes cost
different amounts, so a method makes as many clusters as the budget pays a pick of, then takes the
next best scene of each.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.evaluation.baselines.pool import BaselinePool, BudgetTracker, distances
from features.signatures.clustering import cluster

Score: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""Scores of a cluster's members, shape (m,), the lowest is picked first: from their vectors
(m, d) and the cluster's centre (d,)."""

_Ranks: TypeAlias = list[NDArray[np.int64]]


def assign(
    pool: BaselinePool, k: int, random_seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Cluster the scenes' vectors by k-means.

    Parameters
    ----------
    pool
        The scenes.
    k
        Most clusters, at least 1.
    random_seed
        Of the first centres.

    Returns
    -------
    labels : (n,) int64
        Each scene's nearest centre; of equally near ones the first.
    centres : (min(k, n), d) float64
        Some may have no scene, where vectors repeat.
    """
    seed = random_seed % 2**31  # what FAISS takes
    centres = cluster(pool.vectors.astype(np.float32), k, seed).astype(np.float64)
    return distances(pool.vectors, centres).argmin(axis=1), centres


def select_by_clusters(
    pool: BaselinePool, budget: float, random_seed: int, score: Score
) -> BudgetTracker:
    """Buy the best scene of each of k clusters, then the next best of each, while one fits.

    k is found by bisection: the best scenes of k clusters fit the budget together, those of k + 1
    do not. What picks cost does not grow steadily with k, so a larger k may fit as well; trying
    all of them would take hundreds of clusterings to gain a cluster or two.

    The rest of the budget is spent in rounds: each cluster in turn, the largest first, offers its
    next best scene that still fits, until none has one.

    Parameters
    ----------
    pool, budget, random_seed
        As for every baseline. A scene that alone costs more than the budget shapes the clusters
        and is never picked.
    score
        Which scene of a cluster is the best.

    Returns
    -------
    BudgetTracker
        In which nothing more fits.
    """
    affordable = BudgetTracker(pool.costs, budget).affordable()

    def ranks(k: int) -> _Ranks:
        return _ranks(pool, k, random_seed, score, affordable)

    fits, too_many = 1, _most_scenes(pool.costs, budget) + 1
    best = ranks(fits)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        candidate = ranks(middle)
        if _all_fit(pool.costs, budget, [int(rank[0]) for rank in candidate]):
            fits, best = middle, candidate
        else:
            too_many = middle
    return _in_rounds(best, BudgetTracker(pool.costs, budget))


def _most_scenes(costs: NDArray[np.float64], budget: float) -> int:
    """Return how many scenes fit at most, at least 1: the cheapest ones."""
    cheapest = np.argsort(costs, kind="stable").tolist()
    return max(1, len(BudgetTracker(costs, budget).buy_what_fits(cheapest).bought))


def _all_fit(costs: NDArray[np.float64], budget: float, scenes: list[int]) -> bool:
    return len(BudgetTracker(costs, budget).buy_what_fits(scenes).bought) == len(scenes)


def _ranks(
    pool: BaselinePool, k: int, random_seed: int, score: Score, affordable: NDArray[np.bool_]
) -> _Ranks:
    """Return each cluster's affordable scenes, best first; the largest cluster first."""
    labels, centres = assign(pool, k, random_seed)
    found: list[tuple[int, NDArray[np.int64]]] = []
    for label, centre in enumerate(centres):
        members = np.flatnonzero(labels == label)
        if not members.size:
            continue
        order = members[np.argsort(score(pool.vectors[members], centre), kind="stable")]
        rank = order[affordable[order]]
        if rank.size:
            found.append((len(members), rank))
    found.sort(key=lambda sized: -sized[0])
    return [rank for _, rank in found]


def _in_rounds(ranks: _Ranks, tracker: BudgetTracker) -> BudgetTracker:
    while tracker.affordable().any():
        for rank in ranks:
            fits = rank[tracker.affordable()[rank]]
            if fits.size:
                tracker.buy(int(fits[0]))
    return tracker


def kmeans_centroid(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Take from each cluster the scene that is closest to its centroid.

    Returns
    -------
    (k,) int64
    """
    return select_by_clusters(pool, budget, random_seed, _from_centre).bought


def kmeans_furthest(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Take from each cluster the scene that is furthest from its centroid.

    Returns
    -------
    (k,) int64
    """
    return select_by_clusters(pool, budget, random_seed, _towards_centre).bought


def _from_centre(vectors: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    return distances(vectors, centre[None])[:, 0]


def _towards_centre(
    vectors: NDArray[np.float64], centre: NDArray[np.float64]
) -> NDArray[np.float64]:
    return -_from_centre(vectors, centre)


NEIGHBOURS: Final = 20
"""How many neighbours make a scene typical; the paper's number."""


def typiclust(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Take the most typical scene of each cluster, the largest cluster first.

    Typicality is the inverse of the mean distance to the `NEIGHBOURS` nearest scenes of the same
    cluster, or to all of them where they are fewer. The only scene of a cluster is typical of it.

    Returns
    -------
    (k,) int64

    Notes
    -----
    Hacohen, Dekel and Weinshall, "Active Learning on a Budget: Opposite Strategies Suit High and
    Low Budgets" (ICML 2022), section 3. There a budget of B images makes B clusters; here it is
    `app.evaluation.baselines.clusters` that says how many. The released code leaves out clusters
    of fewer than five images; pools of scenes are too small for that.
    """
    return select_by_clusters(pool, budget, random_seed, untypicality).bought


def untypicality(vectors: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean distance to the nearest neighbours, which puts the most typical first.

    Parameters
    ----------
    vectors : (m, d)
        Of one cluster's scenes.
    centre : (d,)
        Not needed.

    Returns
    -------
    (m,) float64
    """
    del centre
    apart = distances(vectors, vectors)
    np.fill_diagonal(apart, 0.0)
    # In every row the scene itself is the nearest, at 0, and adds nothing to the sum.
    k = min(NEIGHBOURS, len(vectors) - 1)
    nearest = np.partition(apart, k, axis=1)[:, : k + 1]
    total: NDArray[np.float64] = np.sort(nearest, axis=1).sum(axis=1)
    return total / max(k, 1)
