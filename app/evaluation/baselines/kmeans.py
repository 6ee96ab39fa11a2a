"""KMcentroid and KMfurthest, the baselines of SeedAL's paper (Samet et al., ICCV 2023, section 4).

How many clusters, and what the rest of the budget is spent on, the paper does not say; here it is
said in `app.evaluation.baselines.clusters`.
"""

import numpy as np
from numpy.typing import NDArray

from app.evaluation.baselines.clusters import select_by_clusters
from app.evaluation.baselines.distances import distances
from app.evaluation.baselines.pool import BaselinePool


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
