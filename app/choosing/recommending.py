"""Which objective suits a pool: the one whose certified seed makes the best first model, it seems.

No single objective is best everywhere (``docs/seed-quality.md``), and no number of a pool tells
beforehand which one is. So each candidate is solved as if it had been asked for. The seeds are then
compared by the pool's pseudo-tasks (`features.pseudo_tasks`): how much a first model of each would
get right, beside random seeds of the same budget. The answer is the best candidate's own, with its
own bound; nothing of its proof is given up.

Where a pool has no pseudo-tasks, a rule of thumb decides (:func:`app.choosing.building.resolve`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from app.choosing.building import resolve
from app.choosing.objectives import AUTO
from app.choosing.question import Question
from features.pseudo_tasks import PseudoTaskScore
from solver.model.problem import AnyProblem
from solver.model.result import Result, Status
from solver.model.stop import Stop, TimeLimit
from solver.rules.book import SelectionRules
from solver.rules.reduction import Reduced, reduce
from solver.solve import solve

CANDIDATES: Final = ("coverage", "facility_location", "balanced", "k_center")
"""Objectives that are compared; of equally good ones the first is taken."""

RANDOM_SEEDS: Final = 200
"""Random seeds that tasks are standardised by, as far as a quarter of the time allows."""

_FEWEST: Final = 20
"""Random seeds that are scored however long it takes."""

_FLAT: Final = 1e-9
"""Deviation of an accuracy below which a task tells no seeds apart."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RandomSeeds:
    """What random seeds of a budget get right in each task.

    Parameters
    ----------
    accuracies : (seeds, tasks) float64
        Tasks that nothing is chosen by last.
    seen
        Number of tasks, the first ones, that a choice is made by.
    """

    accuracies: Floats
    seen: int

    @classmethod
    def drawn(
        cls, score: PseudoTaskScore, reduced: Reduced[AnyProblem], seed: int, stop: Stop
    ) -> Self:
        """Draw seeds, scenes in a random order as long as every rule allows them, and score them.

        Parameters
        ----------
        score
            Of the pool.
        reduced
            The rules.
        seed
            The only source of randomness.
        stop
            When there are enough.
        """
        rng = np.random.default_rng(seed)
        rules = SelectionRules(reduced.problem)
        found: list[Floats] = []
        while len(found) < RANDOM_SEEDS and (len(found) < _FEWEST or stop(0.0, np.inf) is None):
            chosen = np.zeros(reduced.problem.n, dtype=bool)
            while (fits := np.flatnonzero(rules.may_add(chosen))).size:
                chosen[rng.choice(fits)] = True
            scenes = np.flatnonzero(reduced.present(chosen))
            found.append(score.accuracies(scenes, all_tasks=True))
        return cls(np.stack(found), score.seen)

    def score(self, accuracies: Floats) -> float:
        """Return by how many deviations a seed is above the mean, over the tasks that are seen."""
        return float(_standardised(accuracies[: self.seen], self.accuracies[:, : self.seen]).mean())

    def share_below(self, accuracies: Floats) -> float:
        """Return the share of the random seeds that are below in the tasks that are not seen."""
        known = self.accuracies[:, self.seen :]
        mine = float(_standardised(accuracies[self.seen :], known).mean())
        others = _standardised(known, known).mean(axis=1)
        return float(np.mean(others < mine) + 0.5 * np.mean(others == mine))


def _standardised(accuracies: Floats, known: Floats) -> Floats:
    deviations = known.std(axis=0)
    telling = deviations > _FLAT
    found: Floats = np.zeros_like(accuracies)
    found[..., telling] = (accuracies - known.mean(axis=0))[..., telling] / deviations[telling]
    return found


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A question with an objective of its own, its answer, and why.

    Parameters
    ----------
    question
        As it was asked, but for its objective.
    result
        The solver's; None where the objective was found without solving.
    note
        A sentence for people.
    """

    question: Question
    result: Result | None
    note: str


def recommend(
    question: Question,
    cancelled: Callable[[], bool] = lambda: False,
    report: Callable[[float, float], None] = lambda _objective, _bound: None,
) -> Recommendation:
    """Find the objective that suits a question whose objective is ``auto``.

    Parameters
    ----------
    question
        Its time limit is for all candidates together.
    cancelled, report
        As in `solver.solve.solve`; reported is the first candidate.

    Raises
    ------
    InvalidProblemError, BackendFailedError, UnknownStrategyError
        See `solver.solve.solve`.
    """
    if question.objective != AUTO:
        message = "only a question without an objective of its own has one recommended"
        raise ValueError(message)
    if question.tasks is None or question.signatures.parts is None:
        objective, note = resolve(question.signatures)
        return Recommendation(replace(question, objective=objective), None, note)
    options = replace(
        question.options, time_limit_s=question.options.time_limit_s / (len(CANDIDATES) + 1)
    )
    found: list[Recommendation] = []
    for name in CANDIDATES:
        asked = replace(question, objective=name)
        result = solve(
            asked.problem(),
            options,
            cancelled=cancelled,
            report=report if not found else lambda _objective, _bound: None,
        )
        found.append(Recommendation(asked, result, ""))
        if result.status is Status.INFEASIBLE or cancelled():
            return found[0]
    return _best(question, found, TimeLimit(options.time_limit_s))


def _best(question: Question, found: list[Recommendation], stop: Stop) -> Recommendation:
    assert question.tasks is not None  # noqa: S101  the caller's
    score = PseudoTaskScore(question.tasks)
    reduced = reduce(found[0].question.problem())
    random = RandomSeeds.drawn(score, reduced, question.options.random_seed, stop)
    accuracies = [score.accuracies(_there(one), all_tasks=True) for one in found]
    scores = [random.score(one) for one in accuracies]
    place = int(np.argmax(scores))
    best = found[place]
    share = random.share_below(accuracies[place])
    note = (
        f"The objective is {best.question.objective}: of {len(found)} seeds its own makes the best "
        f"first model of pseudo-tasks, better than {share:.0%} of {len(random.accuracies)} random "
        "seeds in this simulation."
    )
    return replace(best, note=note)


def _there(one: Recommendation) -> NDArray[np.int64]:
    """Return the scenes that are labelled once the seed is."""
    assert one.result is not None  # noqa: S101  it was solved
    return np.union1d(one.result.selected, one.question.constraints.labelled)
