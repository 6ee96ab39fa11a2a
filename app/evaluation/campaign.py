"""Further rounds of active learning after a seed: whether its advantage lasts."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

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
