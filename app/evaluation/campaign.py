"""Further rounds of active learning after a seed: whether its advantage lasts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation.arena import Arena
from app.evaluation.cuts import Scenes
from app.evaluation.plan import CORE_SET, ENTROPY, RANDOM
from app.evaluation.rounds import entropy, margin, take_core_set, take_random, take_ranked


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


@dataclass(frozen=True, slots=True)
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
            For ``random``.
        """
        names = tuple(self.scenes)
        costs = np.array([self.price[name] for name in names])
        labelled = [names.index(name) for name in seed]
        miou, cost = [], []
        for done in range(self.rounds + 1):
            stems = [stem for k in labelled for stem in self.scenes[names[k]]]
            miou.append(self.arena.score(stems).miou)
            cost.append(float(costs[labelled].sum()))
            if done < self.rounds:
                new = self._acquire(acquisition, costs, labelled, random_seed + done)
                labelled += map(int, new)
        return Course(tuple(miou), tuple(cost))

    def _acquire(
        self, acquisition: str, costs: NDArray[np.float64], labelled: list[int], random_seed: int
    ) -> NDArray[np.int64]:
        if acquisition == RANDOM:
            return take_random(costs, self.budget, random_seed, labelled)
        if acquisition == CORE_SET:
            means = np.stack([rows.mean(axis=0) for rows in self._cells()])
            return take_core_set(means, costs, self.budget, labelled)
        measure = entropy if acquisition == ENTROPY else margin
        images = list(self.scenes.values())
        probe = self.arena.train(stem for k in labelled for stem in images[k])
        scores = np.array([measure(probe.probabilities(rows)) for rows in self._cells()])
        return take_ranked(scores, costs, self.budget, labelled)

    def _cells(self) -> Iterator[NDArray[np.float32]]:
        for stems in self.scenes.values():
            yield np.concatenate([self.arena.features(stem) for stem in stems])
