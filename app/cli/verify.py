"""``seedal verify``: whether a certificate holds for a problem."""

from collections.abc import Mapping
from pathlib import Path

from app.choosing.budgets import AskedBudget, parse_budget
from app.choosing.constraints import ConstraintsFile
from app.choosing.problem_files import (
    ProblemFile,
    problem_of,
    read_constraints,
    read_json,
    read_problem_file,
)
from app.cli.terminal import answer, answer_json, complain
from app.errors import InvalidRequestError
from solver.certificate.certify import constraints_document
from solver.check import Inputs, Proven, check, stated_constraints
from solver.model.errors import VerificationError
from solver.model.problem import PairProblem, SignatureProblem

_REFUTED = 1


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            pass
    message = "The certificate is malformed: its budget is not a number."
    raise VerificationError(message)


def _check(
    file: ProblemFile,
    certificate: Mapping[str, object],
    asked: AskedBudget | None,
    constraints: ConstraintsFile | None,
) -> Proven:
    stated = _number(certificate.get("budget"))
    total = float(file.costs.sum())
    budget = stated if asked is None else asked.within(total)
    try:
        problem = problem_of(file, budget, constraints)
    except InvalidRequestError as error:
        if asked is None and constraints is None and not 0 <= stated < float("inf"):
            raise VerificationError(error.detail) from error
        raise
    rules = (
        stated_constraints(certificate, file.n)
        if constraints is None
        else constraints_document(problem)
    )
    unknown = [r["name"] for r in rules["resources"] if r["name"] not in file.resources]
    if unknown:
        message = f"The certificate is about costs {unknown[0]!r} that the problem does not have."
        raise VerificationError(message)
    inputs = Inputs(
        costs=problem.costs,
        budget=budget,
        profits=problem.profits,
        weights=problem.weights if isinstance(problem, SignatureProblem) else None,
        vectors=problem.vectors if isinstance(problem, SignatureProblem) else None,
        utilities=problem.utilities if isinstance(problem, PairProblem) else None,
        ids=problem.ids,
        constraints=rules,
        resource_costs=[file.resources[r["name"]] for r in rules["resources"]],
    )
    return check(inputs, certificate)


def run(
    path: Path,
    certificate: Path,
    *,
    budget: str | None = None,
    constraints: Path | None = None,
    as_json: bool = False,
) -> int:
    """Check a certificate and say what it proves.

    Parameters
    ----------
    path, certificate
        The problem and the certificate.
    budget, constraints
        What the certificate must be about; whatever it states where None.
    as_json
        Print JSON.

    Returns
    -------
    int
        0 if feasibility, objective and bound all hold, 1 if one does not.

    Raises
    ------
    InvalidRequestError
        When a file cannot be read.
    """
    asked = None if budget is None else parse_budget(budget)
    file, content = read_problem_file(path), read_json(certificate)
    if not isinstance(content, dict):
        detail = f"{certificate}: it is not a certificate."
        raise InvalidRequestError(detail)
    limits = None if constraints is None else read_constraints(constraints)
    try:
        proven = _check(file, content, asked, limits)
    except VerificationError as error:
        complain(str(error))
        if as_json:
            answer_json({"holds": False, "reason": str(error)})
        return _REFUTED
    if as_json:
        answer_json(
            {
                "holds": True,
                "status": proven.status,
                "objective": proven.objective,
                "upper_bound": proven.upper_bound,
                "tolerance": proven.tolerance,
                "leaves": proven.leaves,
                "budget": content["budget"],
            }
        )
    else:
        answer(
            f"the certificate holds: {proven.status}, objective {proven.objective}, "
            f"nothing is above {proven.upper_bound} ({proven.leaves} leaves checked)"
        )
    return 0
