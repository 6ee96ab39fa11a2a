"""Many budgets in one answer: what each more would buy, and where more stops paying."""

import math
import time
from dataclasses import dataclass, replace
from typing import Final

from app.choosing.baselines import Baseline, Baselines
from app.choosing.question import Question
from app.choosing.seeding import settled
from app.errors import InfeasibleError, InvalidRequestError
from app.processes.child import Cancellation
from solver.frontier import BudgetResult, frontier
from solver.model.errors import SolverError
from solver.model.problem import AnyProblem, SetProblem


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
    question, notes = settled(replace(question, budget=max(budgets)))
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
        notes=notes,
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
