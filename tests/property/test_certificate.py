"""Certificates that are made: both checkers accept them, and they prove what was answered."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from checkers import CHECKERS
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from problems import constraints_for, pair_problems, signature_problems
from real_certificates import assert_accepted, assert_status, certified, of_answer
from second_checker import Refused
from sets import (
    coverage_problems,
    design_problems,
    facility_problems,
    k_center_problems,
    sum_problems,
)

from solver.model.problem import AnyProblem, SetProblem
from solver.model.result import Result, Status, StopReason
from solver.rules.book import keeps
from solver.sets.k_center import KCenterProblem

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Selections = Callable[[AnyProblem], tuple[NDArray[np.bool_], NDArray[np.float64]]]

DRAWN: dict[str, st.SearchStrategy[AnyProblem]] = {
    "signatures": signature_problems(8),
    "pairs": pair_problems(8),
    "facility": facility_problems(7),
    "coverage": coverage_problems(7),
    "design": design_problems(7),
    "k_center": k_center_problems(8),
    "sum": sum_problems(6),
}


def _drawn(data: st.DataObject, objective: str, *, ruled: bool) -> AnyProblem:
    """Draw a problem, with rules of every kind or with none, and with names of its items."""
    problem = data.draw(DRAWN[objective])
    if isinstance(problem, KCenterProblem):
        assume(problem.distances.shape[1] > 0)  # without points there is nothing to prove
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    if data.draw(st.booleans()):
        problem = replace(problem, ids=tuple(f"x{k}" for k in rng.permutation(problem.n)))
    if ruled:
        problem = replace(problem, constraints=constraints_for(data.draw, rng, problem.n))
    return problem


@settings(max_examples=40, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("rules", ["no rules", "rules"])
@pytest.mark.parametrize("objective", DRAWN)
def test_what_is_solved_is_certified(objective: str, rules: str, data: st.DataObject) -> None:
    """Both checkers accept it, its status is the answer's, and its bound is above everything."""
    made = certified(_drawn(data, objective, ruled=rules == "rules"))
    assert_status(made)
    assert_accepted(made)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("objective", DRAWN)
def test_what_is_only_good_is_certified_as_far_as_it_goes(
    objective: str, data: st.DataObject
) -> None:
    """An answer without a proof gets a certificate that says no more than is true."""
    made = certified(_drawn(data, objective, ruled=data.draw(st.booleans())), "greedy")
    assert (made.cert["status"] == "infeasible") == (made.result.status is Status.INFEASIBLE)
    assert_accepted(made)


def _exact(problem: AnyProblem, chosen: NDArray[np.bool_] | None, objective: float) -> Result:
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


@settings(max_examples=30, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("objective", DRAWN)
def test_the_answer_of_exhaustive_search_is_certified(
    objective: str, data: st.DataObject, feasible_selections: Selections
) -> None:
    """Whatever rules there are: the optimum, or that there is no selection, is proven."""
    problem = _drawn(data, objective, ruled=True)
    masks, values = feasible_selections(problem)
    if not len(masks):
        assert of_answer(problem, _exact(problem, None, -math.inf)).cert["status"] == "infeasible"
        return
    chosen = masks[int(values.argmax())].astype(bool)
    chosen[problem.constraints.labelled] = False
    assume(isinstance(problem, SetProblem) or keeps(problem, chosen))
    made = of_answer(problem, _exact(problem, chosen, float(values.max())))
    assert_status(made)
    assert made.cert["objective"] == pytest.approx(values.max(), rel=1e-9, abs=1e-9)
    assert_accepted(made)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("objective", DRAWN)
def test_other_inputs_are_noticed(objective: str, data: st.DataObject) -> None:
    """A certificate does not hold for a problem that differs in one number."""
    made = certified(_drawn(data, objective, ruled=False))
    names = [k for k, a in made.arrays.items() if a.dtype.kind in "fiu" and a.size]
    name = data.draw(st.sampled_from(names))
    changed = np.array(made.arrays[name], dtype=np.float64)
    changed.flat[data.draw(st.integers(0, changed.size - 1))] *= 1.0 + 1e-9
    assume(not np.array_equal(changed, made.arrays[name]))
    for check in CHECKERS.values():
        with pytest.raises(Refused):
            check({**made.arrays, name: changed}, made.content)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("objective", DRAWN)
def test_a_certificate_made_twice_is_the_same(objective: str, data: st.DataObject) -> None:
    """Nothing in it depends on when it was made."""
    problem = _drawn(data, objective, ruled=True)
    assert certified(problem).content == certified(problem).content
