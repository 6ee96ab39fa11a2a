"""``seedal frontier``: one problem, many budgets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.choosing.budgets import AskedBudget, parse_budget
from app.choosing.problem_files import (
    ProblemFile,
    problem_of,
    read_constraints,
    read_problem_file,
)
from app.cli.solve import finite, names
from app.cli.terminal import answer, answer_json
from app.errors import BudgetError, InvalidRequestError
from solver.frontier import FrontierResult, frontier
from solver.model.options import SolverOptions
from solver.model.problem import Problem

# More points than anyone draws.
_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierQuestion:
    """What is asked: a list of budgets, or so many steps from one to another."""

    path: Path
    budgets: str | None = None
    first: str | None = None
    last: str | None = None
    steps: int | None = None
    nested: bool = False
    gap: float = 0.01
    time_limit_s: float = 10.0
    random_seed: int = 0
    constraints: Path | None = None


def _refuse() -> BudgetError:
    detail = (
        "Budgets are a list (--budgets 1%,2%,5%) or a range (--from 1% --to 50% --steps 50), "
        f"at most {_MOST} of them."
    )
    return BudgetError(detail)


def _amounts(file: ProblemFile, request: FrontierQuestion) -> list[float]:
    total = float(file.costs.sum())

    def amount(text: str) -> float:
        asked: AskedBudget = parse_budget(text)
        return asked.within(total)

    ranged = (request.first, request.last, request.steps)
    if request.budgets is not None:
        listed = [amount(text) for text in request.budgets.split(",")]
        if len(listed) > _MOST or ranged != (None, None, None):
            raise _refuse()
        return listed
    if request.first is None or request.last is None or request.steps is None:
        raise _refuse()
    if not 1 <= request.steps <= _MOST:
        raise _refuse()
    spread = np.linspace(amount(request.first), amount(request.last), request.steps)
    return [float(budget) for budget in spread]


def document(problem: Problem, found: FrontierResult) -> dict[str, Any]:
    """Return a frontier as JSON."""
    points = []
    for point in found.points:
        content = {
            "budget": point.budget,
            "objective": finite(point.objective),
            "upper_bound": finite(point.upper_bound),
            "gap": finite(point.gap),
            "selected": names(problem, point.selected),
            "total_cost": point.total_cost,
        }
        if found.nested:
            content["price_of_nesting"] = point.price_of_nesting
            content["largest_price_of_nesting"] = point.largest_price_of_nesting
        points.append(content)
    knee = found.knee
    return {
        "points": points,
        "knee": None if knee is None else {"index": knee, "budget": found.points[knee].budget},
        "nested": found.nested,
    }


def run(request: FrontierQuestion, *, as_json: bool) -> None:
    """Solve for every budget and print the points.

    Raises
    ------
    AppError, SolverError
        Each with one sentence.
    """
    file = read_problem_file(request.path)
    amounts = _amounts(file, request)
    constraints = None if request.constraints is None else read_constraints(request.constraints)
    problem = problem_of(file, max(amounts), constraints)
    try:
        found = frontier(
            problem,
            amounts,
            SolverOptions(
                gap=request.gap, time_limit_s=request.time_limit_s, random_seed=request.random_seed
            ),
            nested=request.nested,
        )
    except ValueError as error:
        raise InvalidRequestError(str(error)) from error
    if as_json:
        answer_json(document(problem, found))
        return
    for place, point in enumerate(found.points):
        mark = "  <- knee" if place == found.knee else ""
        answer(
            f"{point.budget:>16,.10g}  {len(point.selected):>6} items  {point.objective:.8g}  "
            f"gap {100 * point.gap:.3g} %{mark}"
        )
