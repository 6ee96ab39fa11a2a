"""Baselines that take one scene after another: by chance, by gain, by distance, by similarity.

Chance is what every method has to beat, and its spread is the spread of luck. Greedy on SeedAL's
own objective shows what the search for the best seed adds. In k-center no scene is far from a
chosen one; in facility location every scene has a chosen one that is like it.
"""

import heapq

import numpy as np
from numpy.typing import NDArray

from app.evaluation.baselines.pool import BaselinePool, BudgetTracker, distances
from features.numeric import row_lengths, scale_rows
from solver.model.objective import per_cost
from solver.model.options import SolverOptions
from solver.model.problem import SignatureProblem
from solver.solve import solve


def random_fill(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Take scenes in a random order, passing over those that do not fit, until none does.

    Returns
    -------
    (k,) int64
    """
    order = np.random.default_rng(random_seed).permutation(pool.n)
    return BudgetTracker(pool.costs, budget).buy_what_fits(order.tolist()).bought


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


def herding(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Take, again and again, the scene that brings the mean of those chosen nearest to all's.

    Returns
    -------
    (k,) int64

    Notes
    -----
    Welling, "Herding Dynamical Weights to Learn" (ICML 2009); Chen, Welling and Smola,
    "Super-Samples from Kernel Herding" (UAI 2010), with the linear kernel.
    """
    del random_seed
    tracker = BudgetTracker(pool.costs, budget)
    mean = pool.vectors.mean(axis=0)
    missing = mean.copy()
    while (fits := tracker.affordable()).any():
        scene = int(np.argmax(np.where(fits, pool.vectors @ missing, -np.inf)))
        tracker.buy(scene)
        missing += mean - pool.vectors[scene]
    return tracker.bought


def problem_of(pool: BaselinePool, budget: float) -> SignatureProblem:
    """Return SeedAL's question about a pool: the largest sum of pair scores within the budget.

    Raises
    ------
    InvalidProblemError
        The budget is negative or not finite.
    """
    return SignatureProblem(
        weights=pool.weights,
        vectors=pool.vectors,
        costs=pool.costs,
        budget=budget,
        ids=pool.scene_ids,
    )


def greedy(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Take, again and again, the scene that adds most to SeedAL's objective.

    The better of two: what a scene adds per cost, and what it adds (`solver.search.greedy`).

    Returns
    -------
    (k,) int64
    """
    # No time is given to a bound, so nothing depends on a clock.
    question = problem_of(pool, budget)
    return solve(
        question, SolverOptions(strategy="greedy", time_limit_s=0, random_seed=random_seed)
    ).selected


def facility_location(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Choose scenes so that the sum over all of the similarity to the nearest chosen is large.

    The better of two greedy selections, by gain per cost and by gain, which is worth at least
    (1 - 1/e) / 2 of the best there is.

    Returns
    -------
    (k,) int64

    Notes
    -----
    Leskovec et al., "Cost-effective Outbreak Detection in Networks" (KDD 2007), section 3 (CELF);
    Wolsey, "Maximising Real-Valued Submodular Functions: Primal and Dual Heuristics for Location
    Problems" (Mathematics of Operations Research 7, 1982). For the first labels: Wei, Iyer and
    Bilmes, "Submodularity in Data Subset Selection and Active Learning" (ICML 2015).
    """
    del random_seed
    alike = similarities(pool.vectors)
    found = [_lazy_greedy(alike, pool.costs, budget, priced=priced) for priced in (True, False)]
    return max(found, key=lambda chosen: coverage(alike, chosen))


def similarities(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``(1 + cosine) / 2`` of all pairs of rows, in [0, 1], shape (n, n).

    A vector of length 0 has no direction: 1/2 with all, itself included.
    """
    directions = scale_rows(vectors, row_lengths(vectors))
    alike: NDArray[np.float64] = np.clip(0.5 + 0.5 * (directions @ directions.T), 0.0, 1.0)
    return alike


def coverage(alike: NDArray[np.float64], chosen: NDArray[np.int64]) -> float:
    """Return the objective: the sum of every scene's similarity to the nearest chosen."""
    return float(alike[chosen].max(axis=0, initial=0.0).sum())


def _lazy_greedy(
    alike: NDArray[np.float64], costs: NDArray[np.float64], budget: float, *, priced: bool
) -> NDArray[np.int64]:
    """Buy the scene of the best score while one fits.

    Gains only fall as more is chosen, so an old score is an upper bound: only the scenes whose
    old score is the highest are looked at again.
    """
    prices = costs if priced else np.ones(len(costs))
    tracker = BudgetTracker(costs, budget)
    nearest = np.zeros(len(costs))
    scores = per_cost(alike.sum(axis=1), prices)
    heap = [(-score, scene) for scene, score in enumerate(scores.tolist())]
    heapq.heapify(heap)
    while heap:
        _, scene = heapq.heappop(heap)
        if not tracker.affords(scene):
            continue  # nor will it later
        gain = np.maximum(alike[scene] - nearest, 0.0).sum()
        entry = (-float(per_cost(gain, prices[scene])), scene)
        if heap and entry > heap[0]:
            heapq.heappush(heap, entry)
            continue
        tracker.buy(scene)
        np.maximum(nearest, alike[scene], out=nearest)
    return tracker.bought
