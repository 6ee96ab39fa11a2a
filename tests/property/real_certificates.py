"""Certificates as `certify` makes them, in the form that checkers are asked in."""

import json
from dataclasses import dataclass

import numpy as np
from checkers import CHECKERS
from claims import assert_true
from small_certificates import Json
from small_truth import Arrays

from solver.certificate import certify
from solver.certificate.question import inputs_of
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem
from solver.model.result import Result
from solver.solve import solve


def arrays_of(problem: AnyProblem) -> Arrays:
    """Return the arrays of a problem's file; budget and constraints are what the certificate says."""
    inputs = inputs_of(problem)
    found: Arrays = {
        "objective": np.array(inputs.objective),
        "costs": np.asarray(inputs.costs),
        **{name: np.asarray(array) for name, array in inputs.arrays.items()},
        **{f"resource_{name}": np.asarray(array) for name, array in inputs.resources.items()},
    }
    if inputs.terms:
        found["terms"] = np.array(inputs.terms)
    if inputs.ids:
        found["ids"] = np.array(inputs.ids)
    return found


@dataclass(frozen=True)
class Certified:
    """A problem, its answer, and the certificate as it comes out of a file."""

    arrays: Arrays
    result: Result
    cert: Json
    content: bytes


def certified(problem: AnyProblem, strategy: str = "auto") -> Certified:
    """Solve a problem, and certify the answer."""
    result = solve(problem, SolverOptions(strategy=strategy, time_limit_s=60, random_seed=0))
    return of_answer(problem, result)


def of_answer(problem: AnyProblem, result: Result) -> Certified:
    """Certify an answer."""
    content = json.dumps(certify(problem, result), allow_nan=False).encode()
    return Certified(arrays_of(problem), result, json.loads(content), content)


def assert_accepted(made: Certified) -> None:
    """Fail unless every checker accepts, and exhaustive search agrees with what it says."""
    for check in CHECKERS.values():
        check(made.arrays, made.content)
    assert_true(made.arrays, made.content)
