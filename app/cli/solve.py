"""``seedal solve``: one problem from a file, its answer as JSON, its certificate as a file."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.choosing.budgets import BudgetAsked
from app.choosing.constraints import read_json
from app.choosing.problem_files import read_problem_file
from app.choosing.solving import budget_of, problem_of
from app.cli.terminal import answer, answer_json, say
from app.errors import InvalidRequestError
from features.files.paths import atomic_write
from solver.certificate import certify
from solver.model.problem import Problem
from solver.model.result import Result, Status
from solver.model.stop import TimeLimit
from solver.solve import solve


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveRequest:
    """What is asked; see `solver.solve.solve`. `constraints` is a JSON file."""

    path: Path
    budget: BudgetAsked | None = None
    time_limit_s: float = 10.0
    gap: float = 0.0
    strategy: str = "auto"
    random_seed: int = 0
    constraints: Path | None = None


def finite(number: float) -> float | None:
    """Return a number for JSON, which has no infinity."""
    return number if math.isfinite(number) else None


def names(problem: Problem, selected: np.ndarray) -> list[Any]:
    """Return ids of items, or their numbers from 0 where they have no ids."""
    return [problem.ids[k] if problem.ids else int(k) for k in selected]


def document(problem: Problem, result: Result) -> dict[str, Any]:
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
        return f"no selection keeps every rule: {content['explanation']}"
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


def write_certificate(problem: Problem, result: Result, out: Path, seconds: float) -> None:
    """Prove an answer again and write its certificate.

    Raises
    ------
    InvalidRequestError
        When the file cannot be written.
    """
    certificate = certify(problem, result, stop=TimeLimit(seconds))
    if result.status is Status.OPTIMAL and certificate["status"] != Status.OPTIMAL:
        say("the certificate proves a larger bound than the answer's; give it more --time-limit")
    try:
        with atomic_write(out) as stream:
            stream.write(json.dumps(certificate, allow_nan=False).encode())
    except OSError as error:
        detail = f"{out}: cannot be written ({error.strerror or error})."
        raise InvalidRequestError(detail) from error


def run(request: SolveRequest, *, certificate: Path | None, as_json: bool) -> None:
    """Solve, write the certificate where one is asked for, and print the answer.

    Raises
    ------
    AppError, SolverError
        Each with one sentence.
    """
    file = read_problem_file(request.path)
    constraints = None if request.constraints is None else read_json(request.constraints)
    problem = problem_of(file, budget_of(file, request.budget), constraints)
    try:
        result = solve(
            problem,
            strategy=request.strategy,
            time_limit_s=request.time_limit_s,
            gap=request.gap,
            random_seed=request.random_seed,
        )
    except ValueError as error:
        raise InvalidRequestError(str(error)) from error
    for note in result.notes:
        say(note)
    if certificate is not None:
        write_certificate(problem, result, certificate, request.time_limit_s)
    content = document(problem, result)
    if as_json:
        answer_json(content)
    else:
        answer(_describe(content))
