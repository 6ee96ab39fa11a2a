"""Further rounds of active learning after a seed: whether its advantage lasts.

Every method ranks the scenes that are left and takes those that fit, in this order, until none
does. What a scene scores is a mean, so a large scene is not preferred for its size.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.arena import Arena
from app.evaluation.cuts import Scenes
from app.evaluation.plan import CORE_SET, ENTROPY, RANDOM

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


@dataclass(frozen=True, slots=True)
class Course:
    """What rounds after a seed came to.

    Parameters
    ----------
    miou
        After the seed, and after each round.
    cost
        Of all that is labelled by then.
    """

    miou: tuple[float, ...]
    cost: tuple[float, ...]


@dataclass(frozen=True)
class Campaign:
    """Active learning on one cut: train, choose as much again, label it, and so on.

    Parameters
    ----------
    arena
        Where probes are trained and scored.
    scenes, price
        Scene id to its images, and to its cost.
    budget
        Of each round.
    rounds
        How many follow a seed.
    """

    arena: Arena
    scenes: Scenes
    price: Mapping[str, float]
    budget: float
    rounds: int

    def run(self, seed: Sequence[str], acquisition: str, random_seed: int) -> Course:
        """Run the rounds after a seed.

        Parameters
        ----------
        seed
            Scenes that are labelled first.
        acquisition
            One of :data:`app.evaluation.plan.ACQUISITIONS`.
        random_seed
            For ``random``; every round draws anew.
        """
        place = {name: number for number, name in enumerate(self.scenes)}
        labelled = [place[name] for name in seed]
        miou = [self._miou(labelled)]
        cost = [self._cost(labelled)]
        for number in range(1, self.rounds + 1):
            labelled += self._acquire(acquisition, labelled, _stream(random_seed, number)).tolist()
            miou.append(self._miou(labelled))
            cost.append(self._cost(labelled))
        return Course(tuple(miou), tuple(cost))

    @cached_property
    def _images(self) -> list[tuple[str, ...]]:
        """The images of each scene, by its number."""
        return list(self.scenes.values())

    @cached_property
    def _costs(self) -> NDArray[np.float64]:
        return np.array([self.price[name] for name in self.scenes])

    @cached_property
    def _means(self) -> NDArray[np.float32]:
        """The mean feature of each scene's cells, (n, k)."""
        return np.stack([rows.mean(axis=0) for rows in self._cells()])

    def _stems(self, labelled: Sequence[int]) -> list[str]:
        return [stem for number in labelled for stem in self._images[number]]

    def _miou(self, labelled: Sequence[int]) -> float:
        return self.arena.score(self._stems(labelled)).miou

    def _cost(self, labelled: Sequence[int]) -> float:
        return math.fsum(self._costs[number] for number in labelled)

    def _acquire(
        self, acquisition: str, labelled: Sequence[int], random_seed: int
    ) -> NDArray[np.int64]:
        if acquisition == RANDOM:
            return take_random(self._costs, self.budget, random_seed, labelled)
        if acquisition == CORE_SET:
            return take_core_set(self._means, self._costs, self.budget, labelled)
        measure = entropy if acquisition == ENTROPY else margin
        probe = self.arena.train(self._stems(labelled))
        scores = np.array([measure(probe.probabilities(rows)) for rows in self._cells()])
        return take_ranked(scores, self._costs, self.budget, labelled)

    def _cells(self) -> Iterator[NDArray[np.float32]]:
        for stems in self._images:
            yield np.concatenate([self.arena.features(stem) for stem in stems])


def _stream(random_seed: int, number: int) -> int:
    """Return the random seed of a round.

    Not the sum of both: a round would then repeat the order in which its seed was drawn, and that
    of the next seed's, and courses would not be independent.
    """
    return int(np.random.SeedSequence((random_seed, number)).generate_state(1, np.uint64)[0])
