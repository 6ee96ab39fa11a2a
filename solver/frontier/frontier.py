"""Solve one problem for many budgets."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from solver.bounds import upper_bound
from solver.frontier.knee import knee
from solver.frontier.nesting import nested, price
from solver.frontier.search import Search
from solver.model.objective import pair_matrix, profits, value
from solver.model.problem import Mask, Problem, SignatureProblem
from solver.model.result import relative_gap
from solver.model.stop import Cancelled, FirstOf, GapReached, Stop, TimeLimit
from solver.pairs.tree import pair_tree
from solver.search.best_first import Attempt
from solver.search.core import CORE_ITEMS, Core, SignatureCore, pair_core, signature_core
from solver.search.greedy import greedy
from solver.signatures.tree import signature_tree
from solver.solve import solve

# Moves of the search, upwards and downwards, at each budget; every so many budgets greedy helps.
_MOVES = 60
_GREEDY_EVERY = 8
# Nodes of branch and bound at each budget.
_NODES = 20_000


def _tree(core: Core, incumbent: Mask, stop: Stop) -> Attempt:
    if isinstance(core, SignatureCore):
        return signature_tree(core, incumbent, stop, nodes=_NODES)
    return pair_tree(core, incumbent, stop, nodes=_NODES)


def _monotone(bounds: Sequence[float]) -> list[float]:
    """Return bounds that use each other: what bounds a larger budget bounds a smaller one.

    Parameters
    ----------
    bounds
        By ascending budget.
    """
    lowest = np.minimum.accumulate(np.array(bounds, dtype=float)[::-1])[::-1]
    return [float(bound) for bound in lowest]


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
        Value of the selection.
    upper_bound
        No selection within the budget, nested or not, is worth more.
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
    """Answers by ascending budget, and which of them is the knee."""

    points: tuple[BudgetResult, ...]
    knee: int
    nested: bool


class _Walk:
    """Selections and bounds of one call, by ascending budget."""

    def __init__(self, problem: Problem, budgets: Sequence[float], stop: FirstOf) -> None:
        self.problem = problem
        self.problems = [replace(problem, budget=budget) for budget in budgets]
        self.stop = stop
        self.search = Search(pair_matrix(problem), profits(problem), problem.costs)
        self.chosen: list[Mask] = []
        self.bounds = [math.inf] * len(budgets)

    def over(self) -> bool:
        """Return whether time is over."""
        return self.stop(0.0, math.inf) is not None

    def select(self) -> None:
        """Find selections upwards, then improve them downwards."""
        last = np.zeros(self.problem.n, dtype=bool)
        for place, problem in enumerate(self.problems):
            starts = [last]
            if place % _GREEDY_EVERY == 0:
                starts.append(greedy(problem).chosen)
            moves = 0 if self.over() else _MOVES
            found = [self.search.improve(s, problem.allowance, moves) for s in starts]
            last = max(found, key=self.search.value)
            self.chosen.append(last)
        for place in range(len(self.problems) - 2, -1, -1):
            if self.over():
                return
            allowance = self.problems[place].allowance
            start = self.search.trim(self.chosen[place + 1], allowance)
            found = [self.search.improve(start, allowance, _MOVES), self.chosen[place]]
            self.chosen[place] = max(found, key=self.search.value)

    def prove(self, gap: float) -> None:
        """Bound every budget by branch and bound from its selection, the largest first.

        One core serves all budgets: only the limit changes from one to the next.
        """
        core: Core = (
            signature_core(self.problem)
            if isinstance(self.problem, SignatureProblem)
            else pair_core(self.problem)
        )
        stop = FirstOf(self.stop, GapReached(gap))
        for place in range(len(self.chosen) - 1, -1, -1):
            limits = np.array([self.problems[place].allowance])
            part = replace(core, rules=core.rules._replace(limits=limits))
            attempt = _tree(part, self.chosen[place], stop)
            if value(self.problem, attempt.chosen) > value(self.problem, self.chosen[place]):
                self.chosen[place] = attempt.chosen
            self.bounds[place] = attempt.upper_bound
            if not math.isfinite(attempt.upper_bound):  # no time was left
                self.bounds[place] = upper_bound(self.problems[place], 0.0, self.stop)
        self.bounds = _monotone(self.bounds)
        self._ascend()

    def _ascend(self) -> None:
        """Let the selection of a smaller budget stand in where it is better."""
        for place in range(1, len(self.chosen)):
            pair = (self.chosen[place - 1], self.chosen[place])
            self.chosen[place] = max(reversed(pair), key=lambda chosen: value(self.problem, chosen))

    def points(self, selections: Sequence[Mask]) -> list[BudgetResult]:
        """Return the points of some selections."""
        made = []
        for problem, chosen, free, bound in zip(
            self.problems, selections, self.chosen, self.bounds, strict=True
        ):
            selected = np.flatnonzero(chosen)
            objective, best = value(self.problem, chosen), value(self.problem, free)
            made.append(
                BudgetResult(
                    budget=problem.budget,
                    total_cost=math.fsum(problem.costs[selected]),
                    selected=selected,
                    objective=objective,
                    upper_bound=max(bound, objective, best),  # by rounding, best may lead
                    free_objective=best,
                )
            )
        return made


def _budgets(budgets: Sequence[float]) -> list[float]:
    if not len(budgets) or not all(math.isfinite(b) and b >= 0 for b in budgets):
        message = "A frontier needs at least one budget, each a finite number of at least 0."
        raise ValueError(message)
    return sorted({float(budget) for budget in budgets})


def _limited(problem: Problem) -> bool:
    """Return whether there is any constraint beside the budget."""
    limits = problem.constraints
    counts = limits.min_items > 0 or limits.max_items is not None
    fixed = any(len(part) for part in (limits.include, limits.exclude, limits.labelled))
    return bool(counts or fixed or limits.groups or limits.resources)


def frontier(
    problem: Problem,
    budgets: Sequence[float],
    *,
    nesting: bool = False,
    gap: float = 0.01,
    time_limit_s: float = 10.0,
    random_seed: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> FrontierResult:
    """Choose a selection, and prove a bound, for every budget.

    Parameters
    ----------
    problem
        The problem; its own budget does not matter.
    budgets
        In any order; equal ones count once.
    nesting
        Whether every selection must contain those of smaller budgets.
    gap
        Bounds are improved until each point is certified to be within this relative gap.
    time_limit_s
        Wall-clock seconds for the whole call.
    random_seed
        For problems that are solved one budget after the other (constraints, many items).
    cancelled
        Polled; what is known comes back soon after it returns True.

    Returns
    -------
    FrontierResult
        Points by ascending budget. Objectives do not decrease: what is within a smaller budget is
        within a larger one.

    Raises
    ------
    ValueError
        When there is no budget, one is negative or not finite, or nesting is asked for under
        further constraints or for more than 1024 items.
    """
    amounts = _budgets(budgets)
    stop = FirstOf(Cancelled(cancelled), TimeLimit(time_limit_s))
    if _limited(problem) or problem.n > CORE_ITEMS:
        if nesting:
            message = "Nested frontiers are for problems of a budget alone, up to 1024 items."
            raise ValueError(message)
        points = _one_by_one(problem, amounts, gap, time_limit_s, random_seed, cancelled)
    else:
        walk = _Walk(problem, amounts, stop)
        walk.select()
        walk.prove(gap)
        allowances = [part.allowance for part in walk.problems]
        chosen = nested(walk.search, allowances, walk.chosen) if nesting else walk.chosen
        points = walk.points(chosen)
    place = knee([p.budget for p in points], [p.objective for p in points])
    return FrontierResult(points=tuple(points), knee=place, nested=nesting)


def _one_by_one(
    problem: Problem,
    budgets: Sequence[float],
    gap: float,
    time_limit_s: float,
    random_seed: int,
    cancelled: Callable[[], bool],
) -> list[BudgetResult]:
    """Solve every budget by itself; a smaller budget's answer stands in where it is better."""
    clock = TimeLimit(time_limit_s)
    results = []
    for place, budget in enumerate(budgets):
        seconds = clock.remaining() / (len(budgets) - place)
        results.append(
            solve(
                replace(problem, budget=budget),
                time_limit_s=seconds,
                gap=gap,
                random_seed=random_seed,
                cancelled=cancelled,
            )
        )
    bounds = _monotone([result.upper_bound for result in results])
    points: list[BudgetResult] = []
    for result, budget, bound in zip(results, budgets, bounds, strict=True):
        selected, objective = result.selected, result.objective
        if points and points[-1].objective > objective:
            selected, objective = points[-1].selected, points[-1].objective
        points.append(
            BudgetResult(
                budget=budget,
                total_cost=math.fsum(problem.costs[selected]),
                selected=selected,
                objective=objective,
                upper_bound=max(bound, objective),
                free_objective=objective,
            )
        )
    return points
