"""The proof of an answer, and the problem that it is about, to be checked elsewhere."""

import gzip
import io
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.choosing.problem_writing import write_problem
from app.choosing.question import Question
from app.errors import InvalidRequestError
from app.processes.child import Cancellation
from solver.certificate import certify
from solver.model.errors import SolverError
from solver.model.objective import value
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem
from solver.model.result import Result, Status, StopReason
from solver.model.stop import Cancelled, FirstOf, TimeLimit

_LEVEL: Final = 6
"""Of compression: base64 of floats shrinks by a quarter, whatever is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What was answered to a budget.

    Parameters
    ----------
    budget
        The budget.
    selected
        Ids of the chosen.
    upper_bound
        What nothing is said to be worth more than; infinite where no bound is known.
    """

    budget: float
    selected: tuple[str, ...]
    upper_bound: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A certificate as it is kept and sent.

    Parameters
    ----------
    content
        Its JSON, compressed with gzip.
    size
        Bytes of the JSON.
    seconds
        Time that making it took.
    """

    content: bytes
    size: int
    seconds: float

    @property
    def json(self) -> bytes:
        """The JSON itself.

        Raises
        ------
        OSError, EOFError, zlib.error
            The content is damaged.
        """
        return gzip.decompress(self.content)


def prove(question: Question, claim: Claim, watch: Cancellation) -> Proof:
    """Return the certificate of an answer, compressed.

    Raises
    ------
    InvalidRequestError
        See `certify_claim`.
    """
    started = time.perf_counter()
    text = json.dumps(certify_claim(question, claim, watch), allow_nan=False).encode()
    return Proof(
        content=gzip.compress(text, _LEVEL, mtime=0),
        size=len(text),
        seconds=time.perf_counter() - started,
    )


def certify_claim(question: Question, claim: Claim, watch: Cancellation) -> dict[str, Any]:
    """Return the proof that a selection is worth what it is said to be, and nothing much more.

    Parameters
    ----------
    question
        What was asked. Its own budget says what a budget means where an objective depends on it.
    claim
        What was answered.
    watch
        Says when to stop.

    Returns
    -------
    dict[str, Any]
        The certificate that ``seedal verify`` checks. Its bound is the claim's where that could be
        proven within the question's time limit, otherwise a larger one.

    Raises
    ------
    InvalidRequestError
        Nothing could be proven.
    """
    problem = problem_within(question, claim.budget)
    places = {name: place for place, name in enumerate(problem.ids)}
    items = np.sort(np.array([places[name] for name in claim.selected], dtype=np.int64))
    answered = claimed(problem, items, claim.upper_bound, question.options)
    stop = FirstOf(Cancelled(watch.cancelled), TimeLimit(question.options.time_limit_s))
    try:
        return certify(problem, answered, stop=stop)
    except SolverError as error:
        raise InvalidRequestError(str(error)) from error


def claimed(
    problem: AnyProblem,
    items: npt.NDArray[np.int64],
    upper_bound: float,
    options: SolverOptions,
) -> Result:
    """Return an answer that was given before as the solver's result.

    Parameters
    ----------
    problem
        Its question.
    items
        Sorted indices of the chosen, shape (k,).
    upper_bound
        What nothing is said to be worth more than.
    options
        How the answer was searched for.
    """
    chosen = np.zeros(problem.n, dtype=bool)
    chosen[items] = True
    chosen[problem.constraints.labelled] = True
    objective = value(problem, chosen)
    return Result(
        status=Status.OPTIMAL if upper_bound <= objective else Status.FEASIBLE,
        stop_reason=StopReason.PROVEN,
        selected=items,
        objective=objective,
        upper_bound=max(upper_bound, objective),
        total_cost=math.fsum(problem.costs[items]),
        budget=problem.budget,
        seconds=0.0,
        strategy=options.strategy,
        used=options.strategy,
    )


def problem_within(question: Question, budget: float) -> AnyProblem:
    """Return the problem of a question within another budget.

    `coverage` and `balanced` measure all budgets of a frontier by what the question's own budget
    buys, so that points can be compared.
    """
    problem = question.problem()
    return problem if problem.budget == budget else replace(problem, budget=budget)


def problem_file(
    question: Question,
    budget: float,
    groups: Mapping[str, npt.NDArray[np.int64]],
    resources: Mapping[str, npt.NDArray[np.float64]],
) -> bytes:
    """Return the ``.npz`` that a certificate is about.

    Parameters
    ----------
    question, budget
        As in `problem_within`.
    groups, resources
        As `app.choosing.problem_writing.write_problem` takes them.
    """
    stream = io.BytesIO()
    problem = problem_within(question, budget)
    write_problem(stream, problem, groups=groups, resources=resources)
    return stream.getvalue()
