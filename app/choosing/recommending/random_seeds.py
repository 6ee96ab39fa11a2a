"""Random seeds of a question, and how much a first model of each gets right.

They are what every other seed is compared with: drawn under the same rules, and scored by the same
tasks.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from features.pseudo_tasks import PseudoTaskScore
from solver.model.problem import AnyProblem, Mask
from solver.model.stop import Stop
from solver.rules.book import SelectionRules, keeps
from solver.rules.reduction import Reduced

RANDOM_SEEDS: Final = 100
"""Random seeds that tasks are standardised by, as far as there is time."""

_FEWEST: Final = 20
"""Random seeds that are scored however long it takes."""

_FLAT: Final = 1e-9
"""Deviation of an accuracy below which a task tells no seeds apart."""

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Measure:
    """What a first model of a seed gets right, task by task.

    Parameters
    ----------
    tasks
        Accuracy in these; in the unseen ones alone where there is a hint.
    hint
        Overlaps with what a hint's teachers say, where there is one.
    """

    tasks: PseudoTaskScore
    hint: PseudoTaskScore | None = None

    @property
    def seen(self) -> int:
        """Number of tasks, the first ones, that a choice is made by."""
        return self.tasks.seen if self.hint is None else self.hint.tasks

    def __call__(self, scenes: NDArray[np.int64]) -> Floats:
        """Return it for the scenes of a seed, (tasks,) float64, those not chosen by last."""
        accuracies = self.tasks.accuracies(scenes, all_tasks=True)
        if self.hint is None:
            return accuracies
        return np.concatenate([self.hint.overlaps(scenes), accuracies[self.tasks.seen :]])


@dataclass(frozen=True, slots=True)
class RandomSeeds:
    """What random seeds of a budget get right in each task.

    Parameters
    ----------
    chosen : (seeds, m) bool
        Free scenes of the reduced problem.
    accuracies : (seeds, tasks) float64
        Tasks that nothing is chosen by last.
    seen
        Number of tasks, the first ones, that a choice is made by.
    """

    chosen: Masks
    accuracies: Floats
    seen: int

    @classmethod
    def drawn(cls, measure: Measure, reduced: Reduced[AnyProblem], seed: int, stop: Stop) -> Self:
        """Draw seeds, scenes in a random order as long as every rule allows them, and score them.

        Parameters
        ----------
        measure
            What a seed gets right.
        reduced
            The rules.
        seed
            The only source of randomness.
        stop
            When there are enough.
        """
        rng = np.random.default_rng(seed)
        rules = SelectionRules(reduced.problem)
        seeds: list[Mask] = []
        found: list[Floats] = []
        while len(found) < RANDOM_SEEDS and (len(found) < _FEWEST or stop(0.0, np.inf) is None):
            chosen = np.zeros(reduced.problem.n, dtype=bool)
            while (fits := np.flatnonzero(rules.may_add(chosen))).size:
                chosen[rng.choice(fits)] = True
            seeds.append(chosen)
            found.append(measure(np.flatnonzero(reduced.present(chosen))))
        return cls(np.stack(seeds), np.stack(found), measure.seen)

    @property
    def is_whole(self) -> bool:
        """Whether there was time for all of them."""
        return len(self.chosen) == RANDOM_SEEDS

    def score(self, accuracies: Floats) -> float:
        """Return by how many deviations a seed is above the mean, over the tasks that are seen."""
        return float(_standardised(accuracies[: self.seen], self.accuracies[:, : self.seen]).mean())

    def unseen(self, accuracies: Floats) -> float:
        """Return the same over the tasks that are not seen, of the accuracies in all tasks."""
        return float(_standardised(accuracies[self.seen :], self.accuracies[:, self.seen :]).mean())

    def best(self, problem: AnyProblem) -> Mask | None:
        """Return the seed with the highest score, shape (m,), of those that have every minimum."""
        seen = self.accuracies[:, : self.seen]
        for place in np.argsort(-_standardised(seen, seen).mean(axis=1), kind="stable"):
            if keeps(problem, self.chosen[place]):
                return np.asarray(self.chosen[place])
        return None

    def share_below(self, accuracies: Floats) -> float:
        """Return the share of the random seeds that are below in the tasks that are not seen."""
        mine = self.unseen(accuracies)
        known = self.accuracies[:, self.seen :]
        others = _standardised(known, known).mean(axis=1)
        return float(np.mean(others < mine) + 0.5 * np.mean(others == mine))


def _standardised(accuracies: Floats, known: Floats) -> Floats:
    deviations = known.std(axis=0)
    telling = deviations > _FLAT
    found: Floats = np.zeros_like(accuracies)
    found[..., telling] = (accuracies - known.mean(axis=0))[..., telling] / deviations[telling]
    return found
