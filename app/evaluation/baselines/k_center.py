"""k-center: no scene far from a chosen one."""

import numpy as np
from numpy.typing import NDArray

from app.evaluation.baselines.budget_tracker import BudgetTracker
from app.evaluation.baselines.distances import distances
from app.evaluation.baselines.pool import BaselinePool


def k_center(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Take, again and again, the scene that is farthest from those chosen, of those that fit.

    The first is the one nearest the mean of all: the paper starts from labelled images, of which
    there are none. Where all cost the same, the largest distance that remains is at most twice the
    smallest possible.

    Returns
    -------
    (k,) int64

    Notes
    -----
    Gonzalez, "Clustering to Minimize the Maximum Intercluster Distance" (Theoretical Computer
    Science 38, 1985); Sener and Savarese, "Active Learning for Convolutional Neural Networks: A
    Core-Set Approach" (ICLR 2018), algorithm 1.
    """
    del random_seed
    tracker = BudgetTracker(pool.costs, budget)
    # Nearness to the mean decides the first, distance from those chosen all others.
    apart = -distances(pool.vectors, pool.vectors.mean(axis=0)[None])[:, 0]
    nearest = np.full(pool.n, np.inf)
    while (fits := tracker.affordable()).any():
        scene = int(np.argmax(np.where(fits, apart, -np.inf)))
        tracker.buy(scene)
        to_it = distances(pool.vectors, pool.vectors[scene][None])[:, 0]
        apart = nearest = np.minimum(nearest, to_it)
    return tracker.bought
