"""``seedal frontier``: one problem, many budgets."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.choosing.budgets import parse_budget
from app.cli.files import require_folder, write_file
from app.cli.options import Budgets, FrontierFiles
from app.cli.problems import Asked
from app.cli.solve import finite, names, proof_of
from app.cli.terminal import answer, answer_json
from app.errors import BudgetError, InvalidRequestError
from solver.frontier import FrontierResult, frontier
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem
from solver.model.stop import TimeLimit

# More points than anyone draws.
_MOST = 10_000


def _refuse() -> BudgetError:
    detail = (
        "Budgets are a list (--budgets 1%,2%,5%) or a range (--from 1% --to 50% --steps 50), "
        f"at most {_MOST} of them."
    )
    return BudgetError(detail)


def _require_budgets(asked: Budgets) -> None:
    """Refuse budgets that are none, before anything is read."""
    ranged = (asked.first, asked.last, asked.steps)
    listed = [] if asked.budgets is None else asked.budgets.split(",")
    if asked.budgets is not None:
        fit = len(listed) <= _MOST and ranged == (None, None, None)
    else:
        fit = None not in ranged and 1 <= (asked.steps or 0) <= _MOST
    if not fit:
        raise _refuse()
    for text in listed or (str(asked.first), str(asked.last)):
        parse_budget(text)


def _amounts(costs: npt.NDArray[Any], asked: Budgets) -> list[float]:
    total = float(costs.sum())

    def amount(text: str) -> float:
        return parse_budget(text).within(total)

    if asked.budgets is not None:
        return [amount(text) for text in asked.budgets.split(",")]
    spread = np.linspace(amount(str(asked.first)), amount(str(asked.last)), int(asked.steps or 1))
    return [float(budget) for budget in spread]


def document(problem: AnyProblem, found: FrontierResult) -> dict[str, Any]:
    """Return a frontier as JSON."""
    points = []
    for point in found.points:
        content = {
            "budget": point.budget,
            "objective": finite(point.objective),
            "upper_bound": finite(point.upper_bound),
            "gap": finite(point.gap) if point.objective > -math.inf else None,
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


def _prove(problem: AnyProblem, found: FrontierResult, search: SolverOptions, folder: Path) -> None:
    """Write a proof of each point; the time limit is for all of them together."""
    from app.choosing.certificates import claimed  # noqa: PLC0415  few want a proof

    clock = TimeLimit(search.time_limit_s)
    for place, point in enumerate(found.points):
        if point.objective == -math.inf:
            continue
        within = replace(problem, budget=point.budget)
        answered = claimed(within, point.selected, point.upper_bound, search)
        seconds = clock.remaining() / (len(found.points) - place)
        write_file(folder / f"proof-{place}.json", proof_of(within, answered, seconds))


def run(asked: Asked, budgets: Budgets, search: SolverOptions, files: FrontierFiles) -> None:
    """Solve for every budget, write the files that are asked for, and print the points.

    Raises
    ------
    AppError, FeatureError, SolverError
        Each with one sentence.
    """
    _require_budgets(budgets)
    if files.certificates is not None:
        require_folder(files.certificates)
    opened = asked.open(search)
    amounts = _amounts(opened.costs, budgets)
    problem = opened.within(max(amounts))
    try:
        found = frontier(problem, amounts, search, nested=budgets.nested)
    except ValueError as error:
        raise InvalidRequestError(str(error)) from error
    if files.certificates is not None:
        _prove(problem, found, search, files.certificates)
        problem_file = opened.file_of(problem, with_budget=False)
        write_file(files.certificates / "problem.npz", problem_file)
    if files.as_json:
        answer_json(document(problem, found))
        return
    for place, point in enumerate(found.points):
        mark = "  <- knee" if place == found.knee else ""
        if point.objective == -math.inf:
            answer(f"{point.budget:>16,.10g}  no selection keeps every rule")
            continue
        answer(
            f"{point.budget:>16,.10g}  {len(point.selected):>6} items  {point.objective:.8g}  "
            f"gap {100 * point.gap:.3g} %{mark}"
        )
