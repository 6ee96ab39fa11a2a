"""The recommended seed: of several objectives' certified ones, that for the best first model.

No single objective is best everywhere (``docs/seed-quality.md``), and no number of a pool tells
beforehand which one is. So each candidate is solved as if it had been asked for. The seeds are then
compared by the pool's pseudo-tasks (`features.pseudo_tasks`): how much a first model of each would
get right, beside random seeds of the same budget. The answer is the best candidate's own, with its
own bound: nothing of its proof is given up.

Where a pool has no pseudo-tasks, a rule of thumb decides (:func:`app.choosing.building.resolve`).
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from app.choosing.building import is_single, redundancy, resolve
from app.choosing.expecting import Expectation, expect
from app.choosing.objectives import RECOMMENDED
from app.choosing.polishing import polish
from app.choosing.question import Question
from app.errors import InvalidRequestError
from features.pseudo_tasks import PseudoTaskScore, score_of
from solver.model.errors import UnknownStrategyError
from solver.model.objective import value
from solver.model.problem import AnyProblem, Mask
from solver.model.result import Result, Status, StopReason
from solver.model.stop import Cancelled, FirstOf, Stop, TimeLimit
from solver.rules.book import SelectionRules
from solver.rules.reduction import Reduced, reduce
from solver.solve import solve

CANDIDATES: Final = ("coverage", "facility_location", "balanced", "k_center")
"""Objectives that are compared, but for those that a pool is too large for.

Of equally good ones the first is taken.
"""

RANDOM_SEEDS: Final = 200
"""Random seeds that tasks are standardised by, as far as a quarter of the time allows."""

_FEWEST: Final = 20
"""Random seeds that are scored however long it takes."""

_FLAT: Final = 1e-9
"""Deviation of an accuracy below which a task tells no seeds apart."""

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]


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
        seeds: list[Mask] = []
        found: list[Floats] = []
        while len(found) < RANDOM_SEEDS and (len(found) < _FEWEST or stop(0.0, np.inf) is None):
            chosen = np.zeros(reduced.problem.n, dtype=bool)
            while (fits := np.flatnonzero(rules.may_add(chosen))).size:
                chosen[rng.choice(fits)] = True
            scenes = np.flatnonzero(reduced.present(chosen))
            seeds.append(chosen)
            found.append(score.accuracies(scenes, all_tasks=True))
        return cls(np.stack(seeds), np.stack(found), score.seen)

    def score(self, accuracies: Floats) -> float:
        """Return by how many deviations a seed is above the mean, over the tasks that are seen."""
        return float(_standardised(accuracies[: self.seen], self.accuracies[:, : self.seen]).mean())

    def unseen(self, accuracies: Floats) -> float:
        """Return the same over the tasks that are not seen, of the accuracies in all tasks."""
        return float(_standardised(accuracies[self.seen :], self.accuracies[:, self.seen :]).mean())

    def best(self) -> Mask:
        """Return the seed with the highest score, shape (m,)."""
        seen = self.accuracies[:, : self.seen]
        return np.asarray(self.chosen[int(_standardised(seen, seen).mean(axis=1).argmax())])

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """Why a seed is recommended, and what is known and expected of it.

    Parameters
    ----------
    compared
        Objectives whose certified seeds were compared.
    kept
        The part of the most that any seed could be worth by the seed's objective which it is worth
        at least: proven. None where that is not known.
    simulated_rank
        The share of random seeds that are worse in pseudo-tasks by which nothing was chosen, in
        [0, 1]: a simulation.
    random_seeds
        How many these are.
    redundancy
        How much alike the pool's scenes are (:func:`app.choosing.building.redundancy`).
    expected
        As measured on other pools like this one; None where none is.
    """

    compared: tuple[str, ...]
    kept: float | None
    simulated_rank: float
    random_seeds: int
    redundancy: float
    expected: Expectation | None


@dataclass(frozen=True, slots=True)
class Recommended:
    """A question with an objective of its own, its answer, and why.

    Parameters
    ----------
    question
        As it was asked, but for its objective.
    result
        The answer; None where the objective was found without solving.
    notes
        Sentences for people.
    recommendation
        None where nothing was compared.
    """

    question: Question
    result: Result | None
    notes: tuple[str, ...]
    recommendation: Recommendation | None = None


def recommend(
    question: Question,
    cancelled: Callable[[], bool] = lambda: False,
) -> Recommended:
    """Answer a question whose objective is ``recommended``.

    Parameters
    ----------
    question
        Its time limit is for everything together.
    cancelled
        As in `solver.solve.solve`. Nothing is reported on the way: worths of several objectives
        cannot be compared.

    Raises
    ------
    InvalidProblemError, BackendFailedError, UnknownStrategyError
        See `solver.solve.solve`.
    """
    if question.objective != RECOMMENDED:
        message = "only a question without an objective of its own has one recommended"
        raise ValueError(message)
    if question.tasks is None or question.signatures.parts is None:
        objective, note = resolve(question.signatures)
        return Recommended(replace(question, objective=objective), None, (note,))
    started = time.perf_counter()
    # A part for each candidate, and one for random seeds.
    part = question.options.time_limit_s / (len(CANDIDATES) + 1)
    options = replace(question.options, time_limit_s=part)
    found: list[_Candidate] = []
    refusals: list[Exception] = []
    for name in CANDIDATES:
        asked = replace(question, objective=name)
        try:
            problem = asked.problem()
            result = solve(problem, options, cancelled=cancelled)
        except (InvalidRequestError, UnknownStrategyError) as error:
            refusals.append(error)  # the pool is too large for it, or it has no such strategy
            continue
        found.append(_Candidate(asked, problem, result))
        if result.status is Status.INFEASIBLE or cancelled():
            return Recommended(asked, result, ())
    if not found:
        raise refusals[-1]
    score, reduced = score_of(question.tasks), reduce(found[0].problem)
    random = RandomSeeds.drawn(score, reduced, options.random_seed, TimeLimit(part))
    single = is_single(question.signatures)
    best = max(found, key=lambda one: random.score(score.accuracies(one.present)))
    if single:
        stop = FirstOf(Cancelled(cancelled), TimeLimit(part))
        best = _searched(found[0], reduced, score, random, stop)
    alike = redundancy(question.signatures.vectors)
    why = Recommendation(
        compared=tuple(one.question.objective for one in found),
        kept=_kept(best.result),
        simulated_rank=random.share_below(score.accuracies(best.present, all_tasks=True)),
        random_seeds=len(random.accuracies),
        redundancy=alike,
        expected=expect(alike),
    )
    result = replace(best.result, seconds=time.perf_counter() - started)
    return Recommended(
        best.question, result, _sentences(best.question.objective, why, single=single), why
    )


def _kept(result: Result) -> float | None:
    """Return the share of the bound that an answer is worth, of what is lost where that is lost."""
    worth, bound = result.objective, result.upper_bound
    if not math.isfinite(bound) or worth * bound <= 0:
        return 1.0 if worth == bound else None
    return worth / bound if worth > 0 else bound / worth


def _sentences(objective: str, why: Recommendation, *, single: bool) -> tuple[str, ...]:
    kept = ""
    if why.kept is not None:
        kept = f" It keeps at least {why.kept:.1%} of the best possible {objective}, proven."
    chosen = (
        "Scenes are single images with little in common, where no objective was found to be better "
        "than chance. So this is a random seed, changed as long as the pool's pseudo-tasks like it "
        f"better; it is measured by {objective}.{kept}"
        if single
        else f"The objective is {objective}: of the seeds of {len(why.compared)} objectives, its "
        f"own makes the best first model of the pool's pseudo-tasks.{kept}"
    )
    simulated = (
        f"In a simulation it is better than {why.simulated_rank:.0%} of {why.random_seeds} random "
        "seeds of the same budget, by pseudo-tasks that it was not chosen by."
    )
    found = (chosen, simulated)
    return found if why.expected is None else (*found, why.expected.sentence)


@dataclass(frozen=True, eq=False, slots=True)
class _Candidate:
    """A question with an objective, and its answer."""

    question: Question
    problem: AnyProblem
    result: Result

    @property
    def present(self) -> NDArray[np.int64]:
        """The scenes that are labelled once the seed is."""
        labelled = self.question.constraints.labelled
        return np.union1d(self.result.selected, labelled).astype(np.int64)


def _searched(
    measured_by: _Candidate,
    reduced: Reduced[AnyProblem],
    score: PseudoTaskScore,
    random: RandomSeeds,
    stop: Stop,
) -> _Candidate:
    """Return the seed that a search by the tasks finds from the best random one."""
    before, problem = measured_by.result, measured_by.problem
    chosen = polish(
        random.best(),
        SelectionRules(reduced.problem),
        score=lambda mask: random.score(score.accuracies(np.flatnonzero(reduced.present(mask)))),
        rng=np.random.default_rng(measured_by.question.options.random_seed),
        stop=stop,
    )
    selected, worth = reduced.lift(chosen), value(problem, reduced.present(chosen))
    proven = before.upper_bound <= worth
    result = replace(
        before,
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        stop_reason=StopReason.PROVEN if proven else StopReason.EXHAUSTED,
        selected=selected,
        objective=worth,
        upper_bound=max(before.upper_bound, worth),
        total_cost=math.fsum(problem.costs[selected]),
    )
    return replace(measured_by, result=result)
