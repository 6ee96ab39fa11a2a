"""Certificates: honest ones pass, tampered ones do not, and what passes is true."""

import copy
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from problems import constrained_problems, problems

from solver.certificate import certify
from solver.certificate.certify import constraints_document, digest
from solver.check import Inputs, check
from solver.model.errors import VerificationError
from solver.model.options import SolverOptions
from solver.model.problem import PairProblem, Problem, SignatureProblem
from solver.model.result import Result, Status, StopReason
from solver.solve import solve

Oracle = Callable[[Problem], float]
Document = dict[str, Any]


def inputs_of(problem: Problem) -> Inputs:
    """Return a problem as the verifier takes it."""
    signatures = isinstance(problem, SignatureProblem)
    return Inputs(
        costs=problem.costs,
        budget=problem.budget,
        profits=problem.profits,
        weights=problem.weights if signatures else None,
        vectors=problem.vectors if signatures else None,
        utilities=problem.utilities if isinstance(problem, PairProblem) else None,
        ids=problem.ids,
        constraints=constraints_document(problem),
        resource_costs=[resource.costs for resource in problem.constraints.resources],
    )


def certificate_of(problem: Problem, strategy: str = "auto") -> Document:
    """Return the certificate of a problem's answer, as it comes out of a file."""
    made = certify(problem, solve(problem, SolverOptions(strategy=strategy, time_limit_s=60)))
    document: Document = json.loads(json.dumps(made, allow_nan=False))
    return document


@settings(max_examples=60, deadline=None)
@given(problem=problems(12))
@pytest.mark.parametrize("strategy", ["auto", "greedy"])
def test_an_honest_certificate_passes_and_is_right(
    problem: Problem, strategy: str, best_value: Oracle
) -> None:
    """What the solver certifies is accepted, and agrees with exhaustive search."""
    document = certificate_of(problem, strategy)
    proven = check(inputs_of(problem), document)
    best = best_value(problem)
    assert proven.objective is not None
    assert proven.upper_bound is not None
    slack = proven.tolerance + 1e-9 * abs(best) + 1e-12
    assert proven.objective <= best + slack
    assert proven.upper_bound >= best - slack
    if strategy == "auto":
        assert proven.status == Status.OPTIMAL


def _claims(document: Document, data: st.DataObject) -> None:
    change = data.draw(st.sampled_from([1e-6, 0.1, 1.0]))
    name = data.draw(st.sampled_from(["objective", "upper_bound", "total_cost", "budget"]))
    sign = data.draw(st.sampled_from([-1, 1]))
    document[name] += sign * change * max(1.0, abs(document[name]))


def _selection(document: Document, data: st.DataObject) -> None:
    n = document["inputs"]["items"]
    selected = set(document["selected"]) ^ {data.draw(st.integers(0, n - 1))}
    document["selected"] = sorted(selected)


def _tree(document: Document, data: st.DataObject) -> None:
    tree = document["proof"]["tree"]
    assume(tree)
    place = data.draw(st.integers(0, len(tree) - 1))
    match data.draw(st.sampled_from(["remove", "repeat", "swap", "empty"])):
        case "remove":
            del tree[place]
        case "repeat":
            tree.append(tree[place])
        case "swap":
            tree.reverse()
        case _:
            tree[place] = {"empty": 1}


def _covers(document: Document, data: st.DataObject) -> None:
    covers = document["proof"]["covers"]
    assume(covers)
    cover = data.draw(st.sampled_from(covers))
    assume(cover.get("intervals"))
    interval = data.draw(st.sampled_from(cover["intervals"]))
    match data.draw(st.sampled_from(["gap", "gone", "negative", "reach", "slope", "low"])):
        case "gap":
            interval["high"] *= 0.5
        case "gone":
            cover["intervals"].remove(interval)
        case "negative":
            interval["multipliers"]["budget"] = -interval["multipliers"]["budget"] - 1e-3
        case "reach":
            cover["reach"] *= -0.5
        case "slope":
            interval["slope"] *= 0.9
        case _:
            interval["low"] += 0.1


def _points(document: Document, data: st.DataObject) -> None:
    points = document["proof"].get("points")
    assume(points)
    point = data.draw(st.sampled_from(points))
    assume(point["values"])
    point["values"][0] *= -1.0


def _kinds(document: Document, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(document)))
    document[name] = data.draw(st.sampled_from([None, [], {}, "x", -1, 1e400, True, [None]]))


TAMPERINGS = [_claims, _selection, _tree, _covers, _points, _kinds]


@settings(max_examples=120, deadline=None)
@given(problem=problems(10), data=st.data())
def test_tampering_proves_nothing_false(
    problem: Problem, data: st.DataObject, best_value: Oracle
) -> None:
    """Whatever is changed, a certificate that still passes says only what is true."""
    document = certificate_of(problem, data.draw(st.sampled_from(["auto", "greedy"])))
    chosen = data.draw(st.lists(st.sampled_from(TAMPERINGS), min_size=1, max_size=2))
    # Last what leaves nothing for others to change.
    for tamper in sorted(chosen, key=TAMPERINGS.index):
        tamper(document, data)
    try:
        proven = check(inputs_of(problem), document)
    except VerificationError:
        return
    best = best_value(problem)
    assert proven.objective is not None
    assert proven.upper_bound is not None
    slack = proven.tolerance + 1e-9 * abs(best) + 1e-12
    assert proven.objective <= best + slack
    assert proven.upper_bound >= best - slack
    if proven.status == Status.OPTIMAL:
        assert proven.objective >= best - 2 * slack


@settings(max_examples=60, deadline=None)
@given(problem=problems(8), data=st.data())
def test_other_inputs_are_noticed(problem: Problem, data: st.DataObject) -> None:
    """A certificate does not hold for a problem that differs in one number."""
    document = certificate_of(problem)
    honest = inputs_of(problem)
    name = data.draw(
        st.sampled_from(
            [key for key in ("costs", "profits", "weights", "vectors", "utilities")
             if getattr(honest, key) is not None and getattr(honest, key).size]
        )
    )  # fmt: skip
    changed = copy.copy(honest)
    array = np.array(getattr(honest, name))
    array.flat[data.draw(st.integers(0, array.size - 1))] += 1e-9
    assume(not np.array_equal(array, getattr(honest, name)))
    object.__setattr__(changed, name, array)
    with pytest.raises(VerificationError, match="hashes differ"):
        check(changed, document)


def exact(problem: Problem, chosen: NDArray[np.bool_] | None, objective: float) -> Result:
    """Return the answer of exhaustive search: the certificate is not about how it was found."""
    selected = np.flatnonzero(np.zeros(problem.n, dtype=bool) if chosen is None else chosen)
    return Result(
        status=Status.INFEASIBLE if chosen is None else Status.OPTIMAL,
        stop_reason=StopReason.PROVEN,
        selected=selected,
        objective=objective,
        upper_bound=objective,
        total_cost=math.fsum(problem.costs[selected]),
        budget=problem.budget,
        seconds=0.0,
        strategy="exhaustive",
        used="exhaustive",
    )


@settings(max_examples=80, deadline=None)
@given(problem=constrained_problems(9))
def test_every_kind_of_constraint_is_certified(
    problem: Problem,
    feasible_selections: Callable[[Problem], tuple[NDArray[np.bool_], NDArray[np.float64]]],
) -> None:
    """Whatever kinds of constraints there are, the optimum, or that there is none, is proven."""
    masks, values = feasible_selections(problem)
    if not len(masks):
        document = certify(problem, exact(problem, None, -math.inf))
        assert check(inputs_of(problem), document).status == Status.INFEASIBLE
        return
    chosen = masks[int(values.argmax())].astype(bool)
    chosen[problem.constraints.labelled] = False
    document = certify(problem, exact(problem, chosen, float(values.max())))
    proven = check(inputs_of(problem), json.loads(json.dumps(document, allow_nan=False)))
    assert proven.status == Status.OPTIMAL
    assert proven.objective == pytest.approx(values.max(), rel=1e-9, abs=1e-9)


@given(problem=problems(8))
def test_both_sides_hash_alike(problem: Problem) -> None:
    """The solver and the verifier, each by its own code, hash a problem to the same number."""
    assert digest(problem) == inputs_of(problem).digest()
