"""``seedal verify``: whether a certificate holds for a problem."""

import math
from collections.abc import Mapping
from pathlib import Path

from app.choosing.budgets import AskedBudget, parse_budget
from app.choosing.constraint_files import read_constraints, read_json
from app.choosing.constraints import ConstraintsFile
from app.choosing.problem_files import ProblemFile, problem_of, read_problem_file
from app.choosing.shim import check_problem
from app.cli.terminal import answer, answer_json, complain
from app.errors import InvalidRequestError
from solver.certificate.certify import constraints_document
from solver.check import Proven
from solver.model.errors import VerificationError

_REFUTED = 1


def _check(
    file: ProblemFile,
    certificate: Mapping[str, object],
    asked: AskedBudget | None,
    constraints: ConstraintsFile | None,
) -> Proven:
    """Check a certificate about a file, held to a budget and constraints that are insisted on.

    Without them it is held to those of the file, or else to what it states itself.
    """
    total = math.fsum(file.costs)
    own = file.budgets[0] if len(file.budgets) == 1 else None
    budget = own if asked is None else asked.within(total)
    # The budget of a problem says nothing of its arrays: any will do where none is insisted on.
    problem = problem_of(file, 0.0 if budget is None else budget, constraints)
    is_held = constraints is not None or file.constraints is not None
    return check_problem(
        problem,
        file.resources,
        budget,
        constraints_document(problem) if is_held else None,
        certificate,
    )


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
        What the certificate must be about; what the problem says, or else the certificate, where
        None.
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
