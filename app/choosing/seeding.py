"""Answer a question: one budget with a ranked, checked selection, or many budgets with a frontier.

Pure but for the stored answers: the command line and the solve processes of the API run the same
functions.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.choosing.baselines import Baseline, Baselines
from app.choosing.building import resolve
from app.choosing.describing import MissedScene, RankedScene, describe
from app.choosing.objectives import RECOMMENDED
from app.choosing.question import Question
from app.choosing.recommending import (
    FIRST,
    Expectation,
    Recommendation,
    Recommended,
    recommend,
)
from app.errors import BudgetError, InfeasibleError, InvalidRequestError
from app.processes.child import Cancellation
from features.errors import FeatureError
from features.files.stored import read_arrays, write_arrays
from solver.frontier import BudgetResult, frontier
from solver.model.errors import (
    BackendFailedError,
    InvalidProblemError,
    SolverError,
    UnknownStrategyError,
)
from solver.model.problem import AnyProblem, SetProblem
from solver.model.result import Result, Status, StopReason
from solver.solve import solve
from solver.verify import verify


@dataclass(frozen=True, eq=False, slots=True)
class SeedAnswer:
    """The solver's result, the chosen scenes in rank order, and what else there was to choose.

    `objective` is what was maximised, never ``recommended``. `baselines` are simpler ways of
    choosing, `near_misses` the scenes that were left out last. `recommendation` is there
    where one was asked for, and the pool has pseudo-tasks.
    """

    objective: str
    result: Result
    scenes: tuple[RankedScene, ...]
    baselines: tuple[Baseline, ...] = ()
    near_misses: tuple[MissedScene, ...] = ()
    recommendation: Recommendation | None = None


def _require_affordable(question: Question) -> None:
    if not question.scene_ids:
        detail = "No scene has features, so there is nothing to choose from."
        raise InvalidRequestError(detail)
    if question.constraints.labelled.size:
        return  # a seed may be empty: something is there already
    cheapest = int(np.argmin(question.costs))
    cost = float(question.costs[cheapest])
    if not math.isnan(question.budget) and 0 <= question.budget < cost:
        name = question.scene_ids[cheapest]
        detail = (
            f"The budget of {question.budget:,.10g} is below the cheapest scene "
            f"({name!r} costs {cost:,.10g})."
        )
        raise BudgetError(detail)


def _no_report(objective: float, upper_bound: float) -> None:
    del objective, upper_bound


def make_seed(
    question: Question,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    report: Callable[[float, float], None] = _no_report,
) -> SeedAnswer:
    """Choose, rank and describe a seed.

    Parameters
    ----------
    question
        What is asked.
    cancelled, report
        As in `solver.solve.solve`.

    Returns
    -------
    SeedAnswer
        Its result has been verified independently of the strategy that found it.

    Raises
    ------
    BudgetError
        When the budget does not pay for the cheapest scene.
    InfeasibleError
        When no choice keeps every rule; says why.
    InvalidRequestError
        When the strategy or objective is unknown, a number is out of range, or there is no scene.
    """
    _require_affordable(question)
    try:
        found, result = _solved(question, cancelled, report)
        question = found.question
        problem = question.problem()
    except BackendFailedError as error:
        raise InfeasibleError(str(error), "#/constraints") from error
    except (InvalidProblemError, UnknownStrategyError, ValueError) as error:
        raise InvalidRequestError(str(error)) from error
    if result.status is Status.INFEASIBLE:
        raise InfeasibleError(" ".join(result.notes), "#/constraints")
    simpler = Baselines(question.signatures.vectors, question.options.random_seed)
    measured = [simpler.measure(name, problem) for name in question.baselines]
    scenes, missed = describe(question, problem, result.selected)
    return SeedAnswer(
        question.objective,
        replace(result, notes=(*found.notes, *_notes(question, result), *result.notes)),
        scenes,
        tuple(baseline for baseline in measured if baseline is not None),
        missed,
        found.recommendation,
    )


def _notes(question: Question, result: Result) -> tuple[str, ...]:
    """Return what a reader of a seed would stumble over."""
    notes = list(_labelled_notes(question))
    if result.selected.size:
        return tuple(notes)
    rules = question.constraints
    free = np.setdiff1d(np.arange(len(question.scene_ids)), [*rules.labelled, *rules.exclude])
    if not free.size:
        notes.append("Nothing is chosen: every scene is labelled or excluded.")
        return tuple(notes)
    cheapest = free[np.argmin(question.costs[free])]
    cost = float(question.costs[cheapest])
    if cost > question.budget:
        notes.append(
            f"Nothing is chosen: the budget of {question.budget:,.10g} is below the cheapest scene "
            f"that is neither labelled nor excluded ({question.scene_ids[cheapest]!r} costs "
            f"{cost:,.10g})."
        )
    else:
        notes.append("Nothing is chosen: within the rules no scene adds to the objective.")
    return tuple(notes)


def _labelled_notes(question: Question) -> tuple[str, ...]:
    """Say which scenes are labelled and included: they are there, so they are not bought again."""
    both = np.intersect1d(question.constraints.include, question.constraints.labelled)
    if not both.size:
        return ()
    names = ", ".join(repr(question.scene_ids[item]) for item in both[:_NAMED])
    more = f" and {len(both) - _NAMED} more" if len(both) > _NAMED else ""
    return (f"Labelled already, so not chosen again although included: {names}{more}.",)


def settled(question: Question, *, nested: bool = False) -> tuple[Question, tuple[str, ...]]:
    """Return the question with one objective for many budgets, and a note that says so.

    What is recommended is a choice between seeds of one budget. Worths of several objectives cannot
    be compared from budget to budget, so here it is the objective that is mostly chosen.

    Parameters
    ----------
    question
        What is asked for each budget.
    nested
        Whether the objective must be one over pairs.
    """
    if question.objective != RECOMMENDED:
        return question, ()
    name, note = resolve(question.signatures)
    if nested:
        name, note = _NESTED, f"The objective is {_NESTED}: nested steps are for pair objectives."
    elif question.tasks is not None and name != _NESTED:
        name, note = FIRST, f"The objective is {FIRST}: many budgets have one objective."
    return replace(question, objective=name), (note,)


_NESTED: Final = "centred"
"""An objective over pairs, of what sets scenes apart, for pools of any size."""


def _solved(
    question: Question, cancelled: Callable[[], bool], report: Callable[[float, float], None]
) -> tuple[Recommended, Result]:
    """Return the question with an objective, what to say of it, and the answer."""
    asked = Recommended(question, None, ())
    if question.objective == RECOMMENDED:
        asked = recommend(question, cancelled)
    result = asked.result
    if result is None:
        options = asked.question.options
        result = solve(asked.question.problem(), options, cancelled=cancelled, report=report)
    return asked, result


_NAMED: Final = 3
"""Scenes that a note names."""
_ANSWER: Final = "answer"
"""The array of a stored answer: bytes of JSON."""

_RESULT_FIELDS = tuple(field.name for field in fields(Result))


def _path(cache: Path, question: Question) -> Path:
    return cache / "seeds" / f"{question.digest()}.npz"


def recall(cache: Path, question: Question) -> SeedAnswer | None:
    """Return the stored answer to a question, or None where there is none that holds.

    A stored answer is verified again: a file that was changed or cut short counts as absent.
    """
    try:
        (content,) = read_arrays(_path(cache, question), _ANSWER)
        stored = json.loads(content.tobytes())
        parts = stored["result"] | {
            "status": Status(stored["result"]["status"]),
            "stop_reason": StopReason(stored["result"]["stop_reason"]),
            "selected": np.array(stored["result"]["selected"], dtype=np.int64),
            "notes": tuple(stored["result"]["notes"]),
        }
        answer = SeedAnswer(
            stored["objective"],
            Result(**parts),
            tuple(RankedScene(**scene) for scene in stored["scenes"]),
            tuple(Baseline(**baseline) for baseline in stored.get("baselines", ())),
            tuple(MissedScene(**scene) for scene in stored.get("near_misses", ())),
            _recommendation(stored["recommendation"]),
        )
        verify(replace(question, objective=answer.objective).problem(), answer.result)
    except (FeatureError, ValueError, TypeError, KeyError, SolverError):
        return None
    return answer


def _recommendation(stored: dict[str, Any] | None) -> Recommendation | None:
    if stored is None:
        return None
    expected = stored["expected"]
    members = stored | {
        "compared": tuple(stored["compared"]),
        "expected": None if expected is None else Expectation(**expected),
    }
    return Recommendation(**members)


def remember(cache: Path, question: Question, answer: SeedAnswer) -> None:
    """Store an answer, all or nothing.

    Raises
    ------
    OSError
        When the cache cannot be written.
    """
    result = {name: getattr(answer.result, name) for name in _RESULT_FIELDS}
    result["selected"] = answer.result.selected.tolist()
    content = {
        "objective": answer.objective,
        "result": result,
        "scenes": [asdict(scene) for scene in answer.scenes],
        "baselines": [asdict(baseline) for baseline in answer.baselines],
        "near_misses": [asdict(scene) for scene in answer.near_misses],
        "recommendation": answer.recommendation and asdict(answer.recommendation),
    }
    text = np.frombuffer(json.dumps(content).encode(), dtype=np.uint8)
    write_arrays(_path(cache, question), **{_ANSWER: text})


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierStep:
    """One budget and its answer.

    Parameters
    ----------
    budget, total_cost
        In the resource's unit.
    selected
        Ids.
    objective, upper_bound
        Infinite where unknown.
    price_of_nesting
        The part of the best free answer's worth that nesting gives up; 0 where nothing is nested.
    baselines
        What simpler ways of choosing are worth within this budget.
    """

    budget: float
    total_cost: float
    selected: tuple[str, ...]
    objective: float
    upper_bound: float
    price_of_nesting: float
    baselines: tuple[Baseline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierAnswer:
    """Answers by ascending budget, which of them is the knee if any, and notes for people."""

    seconds: float
    objective: str
    steps: tuple[FrontierStep, ...]
    knee: int | None
    notes: tuple[str, ...]


_ENOUGH_GAP: Final = 0.01
"""Where no gap is asked for, bounds are as close as a curve can show."""


def make_frontier(
    question: Question, budgets: tuple[float, ...], *, nested: bool, watch: Cancellation
) -> FrontierAnswer:
    """Choose a selection, and prove a bound, for every budget.

    Parameters
    ----------
    question
        What is asked for each budget; its own budget does not matter.
    budgets
        Ascending; those that pay for no scene have an empty selection.
    nested
        Whether every selection must contain those of smaller budgets.
    watch
        Says when the caller has given up.

    Raises
    ------
    InfeasibleError
        When no choice keeps every rule within some budget; says which.
    InvalidRequestError
        When the objective is unknown, or nesting is asked for where it is not known how.
    """
    started = time.perf_counter()
    question, notes = settled(replace(question, budget=max(budgets)), nested=nested)
    try:
        problem = question.problem()
        if nested and isinstance(problem, SetProblem):
            rule = f"Nested frontiers are for pair objectives, not for {question.objective}."
            raise InvalidRequestError(rule, "#/nested")
        found = frontier(
            problem,
            budgets,
            replace(question.options, gap=question.options.gap or _ENOUGH_GAP),
            nested=nested,
            cancelled=watch.cancelled,
        )
    except (SolverError, ValueError) as error:
        raise InvalidRequestError(str(error)) from error
    for point in found.points:
        if point.objective == -math.inf:
            rule = f"No choice keeps every rule within {point.budget:,.10g}."
            raise InfeasibleError(rule, "#/constraints")
    simpler = Baselines(question.signatures.vectors, question.options.random_seed)
    return FrontierAnswer(
        seconds=time.perf_counter() - started,
        objective=question.objective,
        steps=tuple(_step(question, problem, point, simpler) for point in found.points),
        knee=found.knee,
        notes=(*notes, *_labelled_notes(question)),
    )


def _step(
    question: Question, problem: AnyProblem, point: BudgetResult, simpler: Baselines
) -> FrontierStep:
    within = replace(problem, budget=point.budget)
    measured = [simpler.measure(name, within) for name in question.baselines]
    return FrontierStep(
        budget=point.budget,
        total_cost=point.total_cost,
        selected=tuple(problem.ids[k] for k in point.selected),
        objective=point.objective,
        upper_bound=point.upper_bound,
        price_of_nesting=point.price_of_nesting,
        baselines=tuple(baseline for baseline in measured if baseline is not None),
    )
