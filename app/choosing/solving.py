"""Problems from files: solved, and their certificates verified."""

import math
from typing import Any

from app.choosing.budgets import BudgetAsked
from app.choosing.constraints import constraints_of
from app.choosing.problem_files import ProblemFile
from app.errors import BudgetError, InvalidRequestError
from solver.model.errors import InvalidProblemError
from solver.model.problem import PairProblem, Problem, SignatureProblem


def budget_of(file: ProblemFile, asked: BudgetAsked | None) -> float:
    """Return the limit that is meant.

    Raises
    ------
    BudgetError
        When nobody says which budget.
    """
    if asked is not None:
        return asked.limit(math.fsum(file.costs))
    if len(file.budgets) == 1:
        return file.budgets[0]
    listed = ", ".join(f"{amount:.15g}" for amount in file.budgets)
    detail = (
        f"The file has {len(file.budgets)} budgets ({listed}); say which with --budget."
        if file.budgets
        else "The file brings no budget; give one with --budget."
    )
    raise BudgetError(detail)


def problem_of(file: ProblemFile, budget: float, constraints: object = None) -> Problem:
    """Return the problem of a file.

    Parameters
    ----------
    file
        As it was read.
    budget
        Limit on the sum of the chosen costs.
    constraints
        As `app.choosing.constraints.constraints_of` takes them; None for none.

    Raises
    ------
    InvalidRequestError
        When the numbers break a rule of the solver; the sentence names it.
    """
    limits = {} if constraints is None else {"constraints": constraints_of(file, constraints)}
    shared: dict[str, Any] = {"costs": file.costs, "budget": budget, "ids": file.ids, **limits}
    if file.profits is not None:
        shared["profits"] = file.profits
    try:
        if file.utilities is not None:
            return PairProblem(utilities=file.utilities, **shared)
        shared |= {"weights": file.weights, "vectors": file.vectors}
        return SignatureProblem(**shared)
    except InvalidProblemError as error:
        raise InvalidRequestError(str(error)) from error
