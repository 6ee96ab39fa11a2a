"""``seedal solve``: one problem, its answer as JSON, its certificate as a file."""

import json
import math
from typing import Any

import numpy as np

from app.choosing.budgets import parse_budget
from app.cli.files import require_file, write_file
from app.cli.options import AnswerFiles
from app.cli.problems import Asked
from app.cli.terminal import answer, answer_json, say
from app.errors import BudgetError, InvalidRequestError
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem
from solver.model.result import Result, Status
from solver.solve import solve


def finite(number: float) -> float | None:
    """Return a number for JSON, which has no infinity."""
    return number if math.isfinite(number) else None


def names(problem: AnyProblem, selected: np.ndarray) -> list[Any]:
    """Return ids of items, or their numbers from 0 where they have no ids."""
    return [problem.ids[k] if problem.ids else int(k) for k in selected]


def document(problem: AnyProblem, result: Result) -> dict[str, Any]:
    """Return an answer as JSON."""
    content = {
        "status": result.status.value,
        "objective": finite(result.objective),
        "upper_bound": finite(result.upper_bound),
        "gap": finite(result.gap),
        "selected": names(problem, result.selected),
        "total_cost": result.total_cost,
        "budget": result.budget,
        "seconds": result.seconds,
        "strategy": result.strategy,
        "stop_reason": result.stop_reason.value,
    }
    if result.status is Status.INFEASIBLE:
        explanation = getattr(result, "explanation", None)
        content["explanation"] = getattr(explanation, "sentence", None)
    return content


def _describe(content: dict[str, Any]) -> str:
    if content["status"] == Status.INFEASIBLE:
        return str(content["explanation"])
    gap = content["gap"]
    quality = "no bound" if gap is None else f"at most {100 * gap:.3g} % below the best"
    if content["status"] == Status.OPTIMAL:
        quality = "proven optimal"
    head = (
        f"{len(content['selected'])} items for {content['total_cost']:,.10g} of "
        f"{content['budget']:,.10g}; objective {content['objective']:.10g}, {quality} "
        f"({content['seconds']:.2f} s)"
    )
    return "\n".join([head, *(str(name) for name in content["selected"])])


def proof_of(problem: AnyProblem, result: Result, seconds: float) -> bytes:
    """Return the certificate of an answer, and say where it proves less than the answer says.

    Raises
    ------
    SolverError
        The answer is that there is no selection, and that could not be proven.
    """
    from solver.certificate import certify  # noqa: PLC0415  few want a proof
    from solver.model.stop import TimeLimit  # noqa: PLC0415

    certificate = certify(problem, result, stop=TimeLimit(seconds))
    if result.status is not Status.INFEASIBLE and certificate["upper_bound"] > result.upper_bound:
        say("the certificate proves a larger bound than the answer's; give it more --time-limit")
    return json.dumps(certificate, allow_nan=False).encode()


def run(asked: Asked, budget: str | None, search: SolverOptions, files: AnswerFiles) -> None:
    """Solve, write the files that are asked for, and print the answer.

    Raises
    ------
    AppError, FeatureError, SolverError
        Each with one sentence.
    """
    limit = None if budget is None else parse_budget(budget)
    wanted = [path for path in (files.certificate, files.problem) if path is not None]
    for path in wanted:
        require_file(path)
    if len({path.absolute() for path in wanted}) < len(wanted):
        detail = f"--certificate and --problem both name {files.problem}; they are two files."
        raise InvalidRequestError(detail)
    if limit is None and asked.scenes is not None and asked.file is None:
        detail = "A source brings no budget; give one with --budget."
        raise BudgetError(detail)
    opened = asked.open(search)
    problem = opened.within(opened.budget(limit))
    result = solve(problem, search)
    for note in result.notes:
        say(note)
    if files.problem is not None:
        write_file(files.problem, opened.file_of(problem))
    if files.certificate is not None and files.problem is None and opened.is_scaled(problem):
        say(
            "vectors that are longer than 1 by rounding were scaled back; --problem writes the "
            "numbers that the certificate is about"
        )
    if files.certificate is not None:
        write_file(files.certificate, proof_of(problem, result, search.time_limit_s))
    content = document(problem, result)
    if files.as_json:
        answer_json(content)
    else:
        answer(_describe(content))
