"""TypiClust: the most typical scene of every cluster."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.baselines.clusters import select_by_clusters
from app.evaluation.baselines.distances import distances
from app.evaluation.baselines.pool import BaselinePool

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
