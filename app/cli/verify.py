"""``seedal verify``: whether a certificate holds for a problem."""

import math
from dataclasses import asdict, replace
from pathlib import Path

from app.choosing.budgets import AskedBudget, parse_budget
from app.choosing.constraint_files import read_bytes, read_constraints
from app.choosing.constraints import ConstraintsFile
from app.choosing.problem_files import ProblemFile, problem_of, read_problem_file
from app.cli.terminal import answer, answer_json, complain
from app.errors import InvalidRequestError
from solver.certificate.question import inputs_of
from solver.check import CertificateError, Inputs, check, parse
from solver.check.__main__ import sentence

_REFUTED = 1


def _inputs(
    file: ProblemFile, asked: AskedBudget | None, constraints: ConstraintsFile | None
) -> Inputs:
    """Return a problem as the checker takes it, held to what is insisted on.

    Without a budget or constraints it is held to those of the file; where that has none either,
    the certificate says which.

    Raises
    ------
    InvalidRequestError
        The numbers are none that a certificate can be about.
    """
    own = file.budgets[0] if len(file.budgets) == 1 else None
    budget = own if asked is None else asked.within(math.fsum(file.costs))
    # The budget of a problem says nothing of its arrays: any will do where none is insisted on.
    problem = problem_of(file, 0.0 if budget is None else budget, constraints)
    is_held = constraints is not None or file.constraints is not None
    try:
        asked_for = inputs_of(problem)
        return replace(
            asked_for,
            resources=file.resources,
            budget=budget,
            constraints=asked_for.constraints if is_held else None,
        )
    except CertificateError as error:
        raise InvalidRequestError(str(error)) from error


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
    file, content = read_problem_file(path), read_bytes(certificate)
    limits = None if constraints is None else read_constraints(constraints)
    inputs = _inputs(file, asked, limits)
    try:
        proven = check(inputs, parse(content))
    except CertificateError as error:
        complain(str(error))
        if as_json:
            answer_json({"holds": False, "reason": str(error)})
        return _REFUTED
    if as_json:
        answer_json({"holds": True, **asdict(proven)})
    else:
        answer(sentence(proven))
    return 0
