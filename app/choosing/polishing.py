"""Polish a seed under a proof: a better first model, and still a proven share of its objective.

A certified seed is the start. Random exchanges follow that keep every rule and never leave the floor,
which is a share of the start's own objective; those that raise the pseudo-task score stay. So whatever
the score is worth, the answer keeps what was proven of its objective.

Scores are standardised by random seeds of the same budget: a task in which all seeds are alike says
nothing, and would otherwise count as much as one that tells them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from features.pseudo_tasks import PseudoTaskScore
from solver.model.objective import value
from solver.model.problem import AnyProblem, Mask
from solver.model.stop import Stop
from solver.rules.book import SelectionRules, keeps
from solver.rules.reduction import Reduced
from solver.search.local_search import shaken

RANDOM_SEEDS: Final = 200
"""Random seeds that scores are standardised by."""

EVALUATIONS: Final = 300
"""Seeds that a polish scores; twice as many gain little (``docs/seed-quality.md``)."""

_TRIES: Final = 20
"""Exchanges below the floor, one after the other, after which a polish ends."""

_FLAT: Final = 1e-9
"""Deviation of an accuracy below which a task tells no seeds apart."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Standard:
    """What random seeds of a budget reach in each task.

    Parameters
    ----------
    accuracies : (seeds, tasks) float64
        Tasks that no search looks at last.
    seen
        Number of tasks, the first ones, that a search looks at.
    """

    accuracies: Floats
    seen: int

    @classmethod
    def of_random_seeds(
        cls, score: PseudoTaskScore, reduced: Reduced[AnyProblem], count: int, seed: int, stop: Stop
    ) -> Self:
        """Score random seeds: scenes in a random order, as long as they fit, within every rule.

        Parameters
        ----------
        score
            Of the pool.
        reduced
            The rules.
        count
            Number of seeds; fewer where `stop` says so, but not fewer than ten.
        seed
            Draws them.
        stop
            When there is no more time.
        """
        rng = np.random.default_rng(seed)
        rules = SelectionRules(reduced.problem)
        found: list[Floats] = []
        while len(found) < count and (len(found) < _FEWEST or stop(0.0, np.inf) is None):
            chosen = filled(np.zeros(reduced.problem.n, dtype=bool), rules, rng)
            scenes = np.flatnonzero(reduced.present(chosen))
            found.append(score.accuracies(scenes, all_tasks=True))
        return cls(np.stack(found), score.seen)

    def score(self, accuracies: Floats) -> float:
        """Return the mean over tasks, seen or unseen by their number, of how far above the mean."""
        seen = len(accuracies) == self.seen
        known = self.accuracies[:, : self.seen] if seen else self.accuracies[:, self.seen :]
        return float(_standardised(accuracies[-known.shape[1] :], known).mean())

    def share_below(self, accuracies: Floats) -> float:
        """Return the share of the random seeds that are below, in the tasks that no search saw."""
        known = self.accuracies[:, self.seen :]
        mine = _standardised(accuracies[self.seen :], known).mean()
        others = _standardised(known, known).mean(axis=1)
        return float(np.mean(others < mine) + 0.5 * np.mean(others == mine))


_FEWEST: Final = 10


def _standardised(accuracies: Floats, known: Floats) -> Floats:
    deviations = known.std(axis=0)
    telling = deviations > _FLAT
    found: Floats = np.zeros_like(accuracies)
    found[..., telling] = (accuracies - known.mean(axis=0))[..., telling] / deviations[telling]
    return found


def filled(chosen: Mask, rules: SelectionRules, rng: np.random.Generator) -> Mask:
    """Add random scenes as long as the rules allow one."""
    full = chosen.copy()
    while (fits := np.flatnonzero(rules.may_add(full))).size:
        full[rng.choice(fits)] = True
    return full


def polish(
    reduced: Reduced[AnyProblem],
    start: Mask,
    score: PseudoTaskScore,
    standard: Standard,
    *,
    floor: float,
    stop: Stop,
    evaluations: int = EVALUATIONS,
    seed: int = 0,
) -> Mask:
    """Raise the pseudo-task score of a selection by exchanges that keep the rules and the floor.

    Parameters
    ----------
    reduced
        The problem without what is decided.
    start
        Of its free items, shape (m,); keeps the rules and the floor.
    score, standard
        What is raised.
    floor
        What the objective of all that is there must not fall below.
    stop
        Asked before every evaluation.
    evaluations
        Selections that are scored at most.
    seed
        The only source of randomness.

    Returns
    -------
    Mask
        Its score is not below that of `start`.
    """
    problem, rules = reduced.problem, SelectionRules(reduced.problem)
    rng = np.random.default_rng(seed)

    def scored(chosen: Mask) -> float:
        return standard.score(score.accuracies(np.flatnonzero(reduced.present(chosen))))

    best, best_score, tries = start, scored(start), 0
    done = 0
    while done < evaluations and tries < _TRIES * evaluations and stop(best_score, np.inf) is None:
        tries += 1
        other = filled(shaken(best, rules, rng, most=2), rules, rng)
        if (other == best).all() or not keeps(problem, other):
            continue
        if reduced.base + value(problem, other) < floor:
            continue
        done += 1
        if (worth := scored(other)) > best_score:
            best, best_score = other, worth
    return best


def best_of(
    masks: Sequence[Mask], reduced: Reduced[AnyProblem], score: PseudoTaskScore, standard: Standard
) -> int:
    """Return the place of the selection whose score is highest, of equal ones the first."""
    scores = [
        standard.score(score.accuracies(np.flatnonzero(reduced.present(mask)))) for mask in masks
    ]
    return int(np.argmax(scores))
