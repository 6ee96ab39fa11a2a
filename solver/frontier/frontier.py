"""Solve one problem for many budgets."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from solver.frontier.knee import knee
from solver.frontier.walk import Walk, monotone, price
from solver.model.objective import value
from solver.model.options import FrontierOptions, SolverOptions
from solver.model.problem import AnyProblem, Problem, SetProblem
from solver.model.result import relative_gap
from solver.model.stop import Cancelled, FirstOf, TimeLimit
from solver.search.core import CORE_ITEMS
from solver.solve import sharpened, solve


@dataclass(frozen=True, eq=False, kw_only=True)
class BudgetResult:
    """A budget and its answer.

    Parameters
    ----------
    budget, total_cost
        In the unit of the costs.
    selected
        Sorted indices, int64, shape (k,).
    objective
        Value of the selection; ``-inf`` where no selection keeps every rule within the budget.
    upper_bound
        No selection within the budget, nested or not, is worth more; infinite where unknown.
    free_objective
        The best that was found without nesting; equal to `objective` where nothing is nested.
    """

    budget: float
    total_cost: float
    selected: npt.NDArray[np.int64]
    objective: float
    upper_bound: float
    free_objective: float

    @property
    def gap(self) -> float:
        """How much better than `objective` anything could be, relative to it; at least 0."""
        return relative_gap(self.objective, self.upper_bound)

    @property
    def price_of_nesting(self) -> float:
        """The part of the free objective that nesting gives up, from 0 to 1."""
        return price(self.objective, self.free_objective)

    @property
    def largest_price_of_nesting(self) -> float:
        """The part that nesting gives up at most, against the bound of the free optimum."""
        return price(self.objective, self.upper_bound)


@dataclass(frozen=True, eq=False, kw_only=True)
class FrontierResult:
    """Answers by ascending budget.

    Parameters
    ----------
    points
        One for each budget.
    knee
        The place of the point from which more stops paying (`solver.frontier.knee`), or None.
    nested
        Whether every selection contains those of smaller budgets.
    """

    points: tuple[BudgetResult, ...]
    knee: int | None
    nested: bool


def frontier(
    problem: AnyProblem,
    budgets: Sequence[float],
    options: SolverOptions = FrontierOptions(),
    *,
    nested: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
) -> FrontierResult:
    """Choose a selection, and prove a bound, for every budget.

    Parameters
    ----------
    problem
        The problem; its own budget does not matter.
    budgets
        In any order; equal ones count once.
    options
        The time limit is for the whole call; each point is improved until it is certified to be
        within the gap. Strategy, random seed and node limit count where problems are solved one
        budget after the other: objectives over sets, further constraints, more than 1024 items.
    nested
        Whether every selection must contain those of smaller budgets.
    cancelled
        Polled; what is known comes back soon after it returns True.

    Returns
    -------
    FrontierResult
        Points by ascending budget. Objectives do not decrease: what is within a smaller budget is
        within a larger one.

    Raises
    ------
    UnknownStrategyError, BackendFailedError
        As `solver.solve.solve` raises them.
    ValueError
        When there is no budget, one is negative or not finite, or nesting is asked for under
        further constraints, for more than 1024 items, or for an objective over sets.
    """
    amounts = _ascending(budgets)
    if _is_walked(problem):
        points = _walk(problem, amounts, options, nested=nested, cancelled=cancelled)
    elif nested:
        message = "Nested frontiers are for problems of a budget alone, up to 1024 items."
        if isinstance(problem, SetProblem):
            message = "Nested frontiers are for sums over pairs, not for objectives over sets."
        raise ValueError(message)
    else:
        points = _one_by_one(problem, amounts, options, cancelled)
    place = knee([p.budget for p in points], [p.objective for p in points])
    return FrontierResult(points=tuple(points), knee=place, nested=nested)


def _ascending(budgets: Sequence[float]) -> list[float]:
    if not len(budgets) or not all(math.isfinite(b) and b >= 0 for b in budgets):
        message = "A frontier needs at least one budget, each a finite number of at least 0."
        raise ValueError(message)
    return sorted({float(budget) for budget in budgets})


def _is_walked(problem: AnyProblem) -> TypeGuard[Problem]:
    """Return whether the selection of one budget helps to find its neighbours'."""
    rules = problem.constraints
    small = not isinstance(problem, SetProblem) and problem.n <= CORE_ITEMS
    return small and not (rules.fixes or rules.limits)


def _walk(
    problem: Problem,
    budgets: Sequence[float],
    options: SolverOptions,
    *,
    nested: bool,
    cancelled: Callable[[], bool],
) -> list[BudgetResult]:
    """Go from each budget to its neighbours."""
    walk = Walk(problem, budgets, FirstOf(Cancelled(cancelled), TimeLimit(options.time_limit_s)))
    walk.select()
    walk.prove(options.gap)
    selections = walk.nested() if nested else walk.chosen
    points = []
    for budget, chosen, free, bound in zip(
        budgets, selections, walk.chosen, walk.bounds, strict=True
    ):
        selected = np.flatnonzero(chosen)
        objective, best = value(problem, chosen), value(problem, free)
        points.append(
            BudgetResult(
                budget=budget,
                total_cost=math.fsum(problem.costs[selected]),
                selected=selected,
                objective=objective,
                upper_bound=max(sharpened(problem, np.flatnonzero(free), best, bound), objective),
                free_objective=best,
            )
        )
    return points


def _one_by_one(
    problem: AnyProblem,
    budgets: Sequence[float],
    options: SolverOptions,
    cancelled: Callable[[], bool],
) -> list[BudgetResult]:
    """Solve every budget by itself, the time shared out over those that are left.

    A smaller budget's selection stands in where it is the better one, and a larger budget's bound
    holds for every smaller one.
    """
    clock = TimeLimit(options.time_limit_s)
    points: list[BudgetResult] = []
    for place, budget in enumerate(budgets):
        before = points[-1] if points else None
        if before is not None and before.objective > -math.inf and cancelled():
            points.append(replace(before, budget=budget, upper_bound=math.inf))
            continue
        seconds = clock.remaining() / (len(budgets) - place)
        result = solve(
            replace(problem, budget=budget),
            replace(options, time_limit_s=seconds),
            cancelled=cancelled,
        )
        best = result if before is None or before.objective <= result.objective else before
        points.append(
            BudgetResult(
                budget=budget,
                total_cost=best.total_cost,
                selected=best.selected,
                objective=best.objective,
                upper_bound=result.upper_bound,
                free_objective=best.objective,
            )
        )
    bounds = monotone([point.upper_bound for point in points])
    return [
        replace(point, upper_bound=max(bound, point.objective))
        for point, bound in zip(points, bounds, strict=True)
    ]
