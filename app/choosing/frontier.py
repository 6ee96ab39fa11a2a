"""Many budgets in one answer: what each more would buy, and where more stops paying."""

import math
import time
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from app.choosing.baselines import Baseline, Baselines
from app.choosing.seeding import SeedQuestion, settled
from app.errors import InfeasibleError, InvalidRequestError
from app.processes.child import Cancellation
from solver.frontier import frontier, knee
from solver.model.errors import SolverError
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem, SetProblem
from solver.model.result import Status
from solver.model.stop import TimeLimit
from solver.solve import solve


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
    """Answers by ascending budget, which of them is the knee, and what is to be said of them."""

    seconds: float
    objective: str
    steps: tuple[FrontierStep, ...]
    knee: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    budget: float
    selected: npt.NDArray[np.int64]
    objective: float
    upper_bound: float
    price_of_nesting: float = 0.0


_ENOUGH_GAP: Final = 0.01
"""Where no gap is asked for, bounds are not pushed further than anybody sees in a curve."""


def make_frontier(
    question: SeedQuestion, budgets: tuple[float, ...], *, nested: bool, watch: Cancellation
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
        Whoever waits.

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
        if isinstance(problem, SetProblem):
            if nested:
                rule = f"Nested frontiers are for pair objectives, not for {question.objective}."
                raise InvalidRequestError(rule, "#/nested")
            found = _one_by_one(problem, question, budgets, watch)
        else:
            found = [
                _Found(p.budget, p.selected, p.objective, p.upper_bound, p.price_of_nesting)
                for p in frontier(
                    problem,
                    budgets,
                    SolverOptions(
                        gap=question.gap or _ENOUGH_GAP,
                        time_limit_s=question.time_limit_s,
                        random_seed=question.random_seed,
                    ),
                    nested=nested,
                    cancelled=watch.cancelled,
                ).points
            ]
    except (SolverError, ValueError) as error:
        raise InvalidRequestError(str(error)) from error
    for point in found:
        if point.objective == -math.inf:
            rule = f"No choice keeps every rule within {point.budget:,.10g}."
            raise InfeasibleError(rule, "#/constraints")
    simpler = Baselines(question.vectors, question.random_seed)
    return FrontierAnswer(
        seconds=time.perf_counter() - started,
        objective=question.objective,
        steps=tuple(_step(question, problem, point, simpler) for point in found),
        knee=knee([point.budget for point in found], [point.objective for point in found]),
        notes=notes,
    )


def _one_by_one(
    problem: SetProblem, question: SeedQuestion, budgets: tuple[float, ...], watch: Cancellation
) -> list[_Found]:
    """Solve budget by budget, largest last, the time shared out over those that are left.

    A smaller budget's answer stands in where it is the better one, and a larger budget's bound
    holds for every smaller one.
    """
    clock = TimeLimit(question.time_limit_s)
    found: list[_Found] = []
    for place, budget in enumerate(budgets):
        result = solve(
            replace(problem, budget=budget),
            SolverOptions(
                strategy=question.strategy,
                time_limit_s=clock.remaining() / (len(budgets) - place),
                gap=question.gap or _ENOUGH_GAP,
                random_seed=question.random_seed,
            ),
            cancelled=watch.cancelled,
        )
        point = _Found(budget, result.selected, result.objective, result.upper_bound)
        if result.status is Status.INFEASIBLE:
            point = replace(point, objective=-math.inf)
        elif found and found[-1].objective > point.objective:
            better = found[-1]
            bound = max(point.upper_bound, better.objective)
            point = _Found(budget, better.selected, better.objective, bound)
        found.append(point)
    lowest = math.inf
    for place in reversed(range(len(found))):
        lowest = min(lowest, found[place].upper_bound)
        found[place] = replace(found[place], upper_bound=max(lowest, found[place].objective))
    return found


def _step(
    question: SeedQuestion, problem: AnyProblem, point: _Found, simpler: Baselines
) -> FrontierStep:
    within = replace(problem, budget=point.budget)
    measured = [simpler.measure(name, within) for name in question.baselines]
    return FrontierStep(
        budget=point.budget,
        total_cost=math.fsum(problem.costs[point.selected]),
        selected=tuple(problem.ids[k] for k in point.selected),
        objective=point.objective,
        upper_bound=point.upper_bound,
        price_of_nesting=point.price_of_nesting,
        baselines=tuple(baseline for baseline in measured if baseline is not None),
    )
