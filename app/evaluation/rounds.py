"""Which scenes to label next, once there is a model: a round of active learning.

Every method ranks the scenes that are left and takes those that fit, in this order, until none
does. What a scene scores is a mean, so a large scene is not preferred for its size.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SLACK: Final = 1e-12
"""Relative rounding that a sum of costs is allowed."""


def entropy(probabilities: NDArray[np.floating]) -> float:
    """Return the mean entropy of a scene's cells, in nats (Settles 2009, section 3.1).

    Parameters
    ----------
    probabilities : (cells, classes)
        Of all the scene's images, from :meth:`app.evaluation.probe.Probe.probabilities`.
    """
    p = probabilities.astype(np.float64)
    logarithms = np.log(p, out=np.zeros_like(p), where=p > 0)
    return float(-(p * logarithms).sum(axis=1).mean())


def margin(probabilities: NDArray[np.floating]) -> float:
    """Return the mean of 1 - (p1 - p2) of a scene's cells, p1 and p2 the two likeliest classes.

    Scheffer, Decomain and Wrobel 2001. Where there is a single class, p2 is 0.

    Parameters
    ----------
    probabilities : (cells, classes)
        As for :func:`entropy`.
    """
    ordered = np.sort(probabilities.astype(np.float64), axis=1)
    second = ordered[:, -2] if ordered.shape[1] > 1 else 0.0
    return float(np.mean(1.0 - (ordered[:, -1] - second)))


def take_ranked(
    scores: NDArray[np.float64],
    costs: NDArray[np.float64],
    budget: float,
    labelled: Sequence[int] | NDArray[np.int64] = (),
) -> NDArray[np.int64]:
    """Take scenes from the highest score down; one that does not fit is skipped.

    Parameters
    ----------
    scores : (n,) float64
        Higher is taken earlier; ties go by number.
    costs : (n,) float64
        At least 0.
    budget
        Of this round.
    labelled
        Numbers of the scenes that are labelled already.

    Returns
    -------
    (k,) int64
        In the order they were taken. Nothing that is left would fit.
    """
    order = np.argsort(-scores, kind="stable")
    return _filled(order[~np.isin(order, labelled)], costs, budget)


def take_random(
    costs: NDArray[np.float64],
    budget: float,
    random_seed: int,
    labelled: Sequence[int] | NDArray[np.int64] = (),
) -> NDArray[np.int64]:
    """Take scenes in random order; one that does not fit is skipped.

    Parameters
    ----------
    costs, budget, labelled
        As for :func:`take_ranked`.
    random_seed
        Of the order.
    """
    order = np.random.default_rng(random_seed).permutation(len(costs))
    return _filled(order[~np.isin(order, labelled)], costs, budget)


def take_core_set(
    means: NDArray[np.floating],
    costs: NDArray[np.float64],
    budget: float,
    labelled: Sequence[int] | NDArray[np.int64] = (),
) -> NDArray[np.int64]:
    """Take, again and again, the scene that fits and is furthest from all that are labelled.

    Greedy k-center (Gonzalez 1985) on a model's features (Sener and Savarese 2018, algorithm 1),
    under a budget of costs.

    Parameters
    ----------
    means : (n, k)
        Mean feature of each scene's cells, in the probe's space.
    costs, budget, labelled
        As for :func:`take_ranked`. Without a labelled scene the first is the one that is nearest to
        the mean of all.

    Returns
    -------
    (k,) int64
        In the order they were taken. Nothing that is left would fit.
    """
    points = means.astype(np.float64)
    free = np.ones(len(points), dtype=bool)
    free[np.asarray(labelled, dtype=np.int64)] = False
    distances = np.full(len(points), np.inf)
    for known in np.flatnonzero(~free):
        distances = np.minimum(distances, _distances(points, points[known]))
    # With nothing to be far from, the first is chosen by another rule.
    rank = -_distances(points, points.mean(axis=0)) if free.all() else distances
    taken: list[int] = []
    spent, limit = 0.0, budget * (1 + _SLACK)
    while (fits := np.flatnonzero(free & (spent + costs <= limit))).size:
        scene = int(fits[rank[fits].argmax()])
        free[scene] = False
        spent += float(costs[scene])
        distances = np.minimum(distances, _distances(points, points[scene]))
        rank = distances
        taken.append(scene)
    return np.array(taken, dtype=np.int64)


def _distances(points: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = np.linalg.norm(points - centre, axis=1)
    return distances


def _filled(
    order: NDArray[np.int64], costs: NDArray[np.float64], budget: float
) -> NDArray[np.int64]:
    taken: list[int] = []
    spent, limit = 0.0, budget * (1 + _SLACK)
    for scene in order:
        if spent + costs[scene] <= limit:
            spent += float(costs[scene])
            taken.append(int(scene))
    return np.array(taken, dtype=np.int64)
