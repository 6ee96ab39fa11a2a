"""Certificates as `certify` makes them, in the form that checkers are asked in."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from checkers import CHECKERS
from claims import assert_true, scale_of
from small_certificates import Json
from small_truth import Arrays, Rules, objective_of

from solver.certificate import certify
from solver.certificate.question import inputs_of
from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem, PairProblem, SignatureProblem
from solver.model.result import Result, Status
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.sets.sum import SumProblem
from solver.solve import solve

_FORMS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "signatures": (SignatureProblem, ("weights", "vectors", "profits")),
    "pairs": (PairProblem, ("utilities", "profits")),
    "facility": (FacilityProblem, ("similarities", "demands", "served")),
    "coverage": (CoverageProblem, ("amounts", "weights", "held")),
    "design": (DesignProblem, ("factors", "sizes", "ridge", "prior")),
    "k_center": (KCenterProblem, ("distances", "reach")),
}


def arrays_of(problem: AnyProblem) -> Arrays:
    """Return the arrays of a problem's file, without budget and constraints."""
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


def problem_of(arrays: Arrays, budget: float, rules: Rules) -> AnyProblem:
    """Return the problem of a file's arrays, with a budget and rules as a certificate has them."""
    costs = np.asarray(arrays["costs"], dtype=np.float64)
    limits = Constraints(
        **{
            name: np.array(rules[name], dtype=np.int64)
            for name in ("include", "exclude", "labelled")
        },
        min_items=rules["min_items"],
        max_items=rules["max_items"],
        groups=tuple(
            GroupRule(**{**group, "items": np.array(group["items"], dtype=np.int64)})
            for group in rules["groups"]
        ),
        resources=tuple(
            Resource(**one, costs=np.asarray(arrays[f"resource_{one['name']}"], dtype=np.float64))
            for one in rules["resources"]
        ),
    )
    asked: dict[str, Any] = {"costs": costs, "budget": budget, "constraints": limits}
    if "ids" in arrays:
        asked["ids"] = tuple(str(one) for one in arrays["ids"])
    name = objective_of(arrays)
    if name != "sum":
        return _form(name, arrays, asked)
    terms = [
        _form(str(term), {k.removeprefix(f"term{place}_"): a for k, a in arrays.items()}, asked)
        for place, term in enumerate(arrays["terms"])
    ]
    return SumProblem(terms=tuple(terms), shares=arrays["shares"], **asked)


def _form(name: str, arrays: Arrays, asked: dict[str, Any]) -> AnyProblem:
    form, fields = _FORMS[name]
    own = {field: arrays[field] for field in fields if field in arrays}
    if name == "design":
        own |= {"ridge": float(own["ridge"]), "sizes": own["sizes"].astype(np.int64)}
    made: AnyProblem = form(**own, **asked)
    return made


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


def assert_status(made: Certified) -> None:
    """Fail unless a certificate proves what was answered.

    Where worths are hardly more than rounding of what they are differences of, vectors being nearly
    the same, a bound may stay above the objective by as much.
    """
    if made.cert["status"] != made.result.status.value:
        assert made.result.status is Status.OPTIMAL
        above = made.cert["upper_bound"] - made.cert["objective"]
        assert above <= 1e-11 * scale_of(made.arrays, list(range(len(made.arrays["costs"]))))
