"""The recommended seed: of several objectives' certified ones, that for the best first model.

No single objective is best everywhere (``docs/seed-quality.md``), and no number of a pool tells
beforehand which one is. So each candidate is solved as if it had been asked for. The seeds are then
compared by the pool's pseudo-tasks (`features.pseudo_tasks`): how much a first model of each would
get right, beside random seeds of the same budget. The answer is the best candidate's own, with its
own bound: nothing of its proof is given up.

In two cases a search by a score follows (`app.choosing.recommending.polishing`), and the answer has
the bound of an objective that it was not chosen by:

- Scenes are single images that have little in common. No objective was found to beat chance on all
  such pools, so the search begins with the best of the random seeds.
- A hint says what counts. Its tasks take the place of the pseudo-tasks, and the search begins with
  the best candidate.

Where a pool has no pseudo-tasks, a rule of thumb decides (:func:`app.choosing.building.resolve`).
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from app.choosing.building import is_single, redundancy, resolve
from app.choosing.objectives import RECOMMENDED
from app.choosing.question import Question
from app.choosing.recommending.expecting import Expectation, expect
from app.choosing.recommending.polishing import polish
from app.choosing.recommending.random_seeds import Measure, RandomSeeds
from app.errors import InvalidRequestError
from features.pseudo_tasks import score_of
from solver.model.errors import UnknownStrategyError
from solver.model.objective import value
from solver.model.problem import AnyProblem, Mask
from solver.model.result import Result, Status, StopReason
from solver.model.stop import Cancelled, FirstOf, Stop, TimeLimit
from solver.rules.book import SelectionRules
from solver.rules.reduction import Reduced, reduce
from solver.solve import solve

FIRST: Final = "coverage"
"""The objective that is taken unless another is clearly better."""

CANDIDATES: Final = (FIRST, "facility_location", "balanced", "k_center")
"""Objectives that are compared, but for those that a pool is too large for, or there is no time."""

_IN_TURN: Final = ("k_center", "facility_location", "balanced", FIRST)
"""The same as they are solved: the first last, and before it what takes longest to set up."""

CLEARLY: Final = 0.2
"""Deviations by which another must be better to be taken in place of the first: less is chance."""


_PARTS: Final = 10
"""Into which the time is cut: one for each candidate but the first, and for a search."""

_RANDOM_PARTS: Final = 2
"""For random seeds, at most."""

_HINT_PARTS: Final = 4
"""For the search where there is a hint: its score decides, and the first objective measures."""


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
    InvalidProblemError, BackendFailedError
        See `solver.solve.solve`.
    InvalidRequestError
        The pool is too large for every candidate, or none has the strategy.
    """
    if question.objective != RECOMMENDED:
        message = "only a question without an objective of its own has one recommended"
        raise ValueError(message)
    if question.tasks is None or question.signatures.parts is None:
        objective, note = resolve(question.signatures)
        return Recommended(replace(question, objective=objective), None, (note,))
    started = time.perf_counter()
    part = question.options.time_limit_s / _PARTS
    # Small products are faster on one thread, and have the same last digits each time.
    with threadpool_limits(limits=1):
        found, is_whole = _candidates(question, part, cancelled)
        if found[0].result.status is Status.INFEASIBLE or cancelled():
            return Recommended(found[0].question, found[0].result, ())
        best, searched, why = _chosen(question, found, part, cancelled)
    result = replace(best.result, seconds=time.perf_counter() - started)
    if not is_whole:
        result = replace(result, stop_reason=StopReason.TIME_LIMIT)
    notes = _sentences(best.question.objective, why, searched)
    return Recommended(best.question, result, notes, why)


def _chosen(
    question: Question, found: list["_Candidate"], part: float, cancelled: Callable[[], bool]
) -> tuple["_Candidate", str, Recommendation]:
    """Return the best of the candidates, or of what a search finds and why it searched; and why."""
    assert question.tasks is not None  # noqa: S101  the caller's
    hint = None if question.hint is None else score_of(question.hint)
    measure, reduced = Measure(score_of(question.tasks), hint), reduce(found[0].problem)
    seed = question.options.random_seed
    random = RandomSeeds.drawn(measure, reduced, seed, TimeLimit(_RANDOM_PARTS * part))
    scores = [random.score(measure(one.present)) for one in found]
    place = int(np.argmax(scores))
    best, searched = found[place if scores[place] > scores[0] + CLEARLY else 0], ""
    by_chance = None
    if hint is not None:
        searched = _HINT
    elif is_single(question.signatures):
        best, searched, by_chance = found[0], _SINGLE, random.best(reduced.problem)
    if searched:
        own = np.isin(reduced.items, best.result.selected)
        start = own if by_chance is None else by_chance
        stop = FirstOf(Cancelled(cancelled), TimeLimit(_search_parts(question) * part))
        best = _searched(best, reduced, start, lambda scenes: random.score(measure(scenes)), stop)
    if not random.is_whole:
        best = replace(best, result=replace(best.result, stop_reason=StopReason.TIME_LIMIT))
    alike = redundancy(question.signatures.vectors)
    why = Recommendation(
        compared=tuple(one.question.objective for one in found),
        kept=_kept(best.result),
        simulated_rank=random.share_below(measure(best.present)),
        random_seeds=len(random.accuracies),
        redundancy=alike,
        expected=expect(alike) if hint is None else None,  # no cell of the table had one
    )
    return best, searched, why


def _candidates(
    question: Question, seconds: float, cancelled: Callable[[], bool]
) -> tuple[list["_Candidate"], bool]:
    """Solve for each objective, the first last; end when no choice answers, or when cancelled.

    Mostly the first is the answer. So it has the time that the others leave, but for what random
    seeds and a search take. An objective that there is no time for is left out; the second value
    tells whether there was time for all.

    Raises
    ------
    InvalidRequestError
        None of the objectives can be asked for.
    """
    found: list[_Candidate] = []
    refusals: list[Exception] = []
    clock = TimeLimit(question.options.time_limit_s)
    after = (_RANDOM_PARTS + _search_parts(question)) * seconds
    is_whole = True
    for name in _IN_TURN:
        if name != FIRST and clock.remaining() < after + seconds:
            is_whole = False
            continue
        asked = replace(question, objective=name)
        limit = max(seconds, clock.remaining() - after) if name == FIRST else seconds
        options = replace(question.options, time_limit_s=limit)
        try:
            problem = asked.problem()
            result = solve(problem, options, cancelled=cancelled)
        except (InvalidRequestError, UnknownStrategyError) as error:
            refusals.append(error)  # the pool is too large for it, or it has no such strategy
            continue
        found.append(_Candidate(asked, problem, result))
        if result.status is Status.INFEASIBLE or cancelled():
            break
    if found:
        found.sort(key=lambda one: CANDIDATES.index(one.question.objective))
        return found, is_whole
    if isinstance(refusals[-1], UnknownStrategyError):
        detail = (
            f"Nothing that is recommended is solved by {question.options.strategy!r}; ask for an "
            "objective over pairs, such as seedal."
        )
        raise InvalidRequestError(detail, "#/strategy") from refusals[-1]
    raise refusals[-1]


def _search_parts(question: Question) -> int:
    """Return how many parts of the time a search may take."""
    return _HINT_PARTS if question.hint is not None else int(is_single(question.signatures))


def _kept(result: Result) -> float | None:
    """Return the share of the bound that an answer is worth, of what is lost where that is lost."""
    worth, bound = result.objective, result.upper_bound
    if not math.isfinite(bound) or worth * bound <= 0:
        return 1.0 if worth == bound else None
    return worth / bound if worth > 0 else bound / worth


_SINGLE: Final = (
    "Scenes are single images with little in common, where no objective was found to be better "
    "than chance. So this is a random seed, changed as long as the pool's pseudo-tasks like it "
    "better"
)
_HINT: Final = (
    "The labelled images of the hint say what counts. The best of several seeds was changed as "
    "long as a first model of it finds more of that"
)


def _sentences(objective: str, why: Recommendation, searched: str) -> tuple[str, ...]:
    kept = ""
    if why.kept is not None:
        kept = (
            " No seed is better by it, proven."
            if why.kept >= 1.0
            else f" It keeps at least {why.kept:.1%} of the best possible {objective}, proven."
        )
    chosen = (
        f"{searched}; it is measured by {objective}.{kept}"
        if searched
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
    start: Mask,
    score: Callable[[NDArray[np.int64]], float],
    stop: Stop,
) -> _Candidate:
    """Return the seed that a search by a score finds, with the bound of a candidate's objective."""
    before, problem = measured_by.result, measured_by.problem
    chosen = polish(
        start,
        SelectionRules(reduced.problem),
        score=lambda mask: score(np.flatnonzero(reduced.present(mask))),
        rng=np.random.default_rng(measured_by.question.options.random_seed),
        stop=stop,
    )
    selected, worth = reduced.lift(chosen), value(problem, reduced.present(chosen))
    proven = before.upper_bound <= worth
    ended = stop(worth, before.upper_bound) or StopReason.EXHAUSTED
    result = replace(
        before,
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        stop_reason=StopReason.PROVEN if proven else ended,
        selected=selected,
        objective=worth,
        upper_bound=max(before.upper_bound, worth),
        total_cost=math.fsum(problem.costs[selected]),
    )
    return replace(measured_by, result=result)
