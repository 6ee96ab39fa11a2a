"""The proof of a seed, and the problem that it is about, to be checked elsewhere."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.choosing.objectives import OBJECTIVES, require_objective
from app.choosing.question import Question
from app.errors import InvalidRequestError
from app.processes.child import Cancellation
from features.settings import AUTO
from solver.certificate import certify
from solver.model.errors import SolverError
from solver.model.objective import value
from solver.model.problem import SignatureProblem
from solver.model.result import Result, Status, StopReason
from solver.model.stop import Cancelled, FirstOf, TimeLimit


def certify_seed(
    question: Question, selected: Sequence[str], upper_bound: float, watch: Cancellation
) -> dict[str, Any]:
    """Return the proof that a selection is worth what it is said to be, and nothing much more.

    Parameters
    ----------
    question
        What was asked.
    selected, upper_bound
        What was answered.
    watch
        Says when to stop.

    Returns
    -------
    dict[str, Any]
        The certificate that ``seedal verify`` checks. Its bound is `upper_bound` where that could
        be proven in this form within the question's time limit, otherwise a larger one.

    Raises
    ------
    InvalidRequestError
        The objective is none that proofs are made for.
    """
    problem = require_provable(question)
    places = {name: place for place, name in enumerate(problem.ids)}
    items = np.sort(np.array([places[name] for name in selected], dtype=np.int64))
    chosen = np.zeros(problem.n, dtype=bool)
    chosen[items] = True
    chosen[problem.constraints.labelled] = True
    objective = value(problem, chosen)
    answered = Result(
        status=Status.OPTIMAL if upper_bound <= objective else Status.FEASIBLE,
        stop_reason=StopReason.PROVEN,
        selected=items,
        objective=objective,
        upper_bound=max(upper_bound, objective),
        total_cost=float(problem.costs[items].sum()),
        budget=problem.budget,
        seconds=0.0,
        strategy=question.options.strategy,
        used=question.options.strategy,
        notes=(),
    )
    stop = FirstOf(Cancelled(watch.cancelled), TimeLimit(question.options.time_limit_s))
    try:
        return certify(problem, answered, stop=stop)
    except SolverError as error:
        raise InvalidRequestError(str(error)) from error


def problem_file(question: Question) -> bytes:
    """Return the ``.npz`` that a certificate is about, as ``seedal verify`` reads it.

    Raises
    ------
    InvalidRequestError
        The objective is none that proofs are made for.
    """
    problem = require_provable(question)
    stream = io.BytesIO()
    arrays: dict[str, Any] = {
        "weights": problem.weights,
        "vectors": problem.vectors,
        "costs": problem.costs,
        "ids": np.array(problem.ids),
    }
    for resource in problem.constraints.resources:
        arrays[f"resource_{resource.name}"] = resource.costs
    np.savez(stream, **arrays)
    return stream.getvalue()


def require_provable(question: Question) -> SignatureProblem:
    """Return the problem of a question, if it is one that proofs are made for.

    Raises
    ------
    InvalidRequestError
        It is not.
    """
    problem = question.problem()
    if not isinstance(problem, SignatureProblem):
        raise _unprovable(question.objective)
    return problem


def require_provable_name(objective: str) -> None:
    """Refuse an objective that no proof is made for; what ``auto`` stands for shows later.

    Raises
    ------
    InvalidRequestError
        Naming those that proofs are made for.
    """
    if objective != AUTO and not require_objective(objective).has_certificates:
        raise _unprovable(objective)


def _unprovable(objective: str) -> InvalidRequestError:
    *names, last = (one.name for one in OBJECTIVES.values() if one.has_certificates)
    known = f"{', '.join(names)} and {last}"
    return InvalidRequestError(f"Certificates are made for {known}, not for {objective}.")
