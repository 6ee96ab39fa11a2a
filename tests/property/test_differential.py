"""The solver beside a model of its own: a small part of what ``make differential`` compares."""

import math
from dataclasses import replace
from pathlib import Path

import differential
import differential_problems
import numpy as np
import pytest
from differential import built, compared
from differential_model import Case, Enumeration

from solver.model.errors import SolverError
from solver.model.objective import value
from solver.model.problem import AnyProblem
from solver.model.result import Result, Status
from solver.solve import solve

OBJECTIVES = differential_problems.OBJECTIVES
EACH = 30
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_answer_is_the_best_of_all_selections(objective: str) -> None:
    """Of thirty problems of each objective, under every kind of rule and in every form."""
    first = OBJECTIVES.index(objective)
    for place in range(first, EACH * len(OBJECTIVES), len(OBJECTIVES)):
        case, counts, wrong = compared(20, place)
        assert case.objective == objective
        assert counts["solves"] >= 2
        assert not wrong, f"problem 20/{place}"


def _worse(problem: AnyProblem, result: Result) -> Result:
    """Return an answer with one item less, and its own objective."""
    if not len(result.selected):
        return result
    fewer = result.selected[:-1]
    inside = np.isin(np.arange(problem.n), fewer)
    inside[problem.constraints.labelled] = True
    worth = value(problem, inside)
    cost = math.fsum(problem.costs[fewer])
    return replace(result, selected=fewer, objective=worth, upper_bound=worth, total_cost=cost)


LIES = {
    "another optimum": _worse,
    "a low bound": lambda _, r: replace(r, upper_bound=r.upper_bound - 0.02 * abs(r.upper_bound)),
    "another objective": lambda _, r: replace(r, objective=r.objective - 1e-6 * abs(r.objective)),
    "another cost": lambda _, r: replace(r, total_cost=r.total_cost * (1 + 1e-9)),
    "infeasible": lambda _, r: replace(r, status=Status.INFEASIBLE),
    "too much": lambda p, r: replace(r, selected=np.arange(p.n)),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_wrong_answer_is_noticed(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way in which a solver could be wrong is found in some problem, and nothing is raised."""

    def lying(problem: AnyProblem, *rest: object, **named: object) -> Result:
        result = solve(problem, *rest, **named)  # type: ignore[arg-type]  # as it came
        return result if result.status is Status.INFEASIBLE else LIES[lie](problem, result)

    monkeypatch.setattr(differential, "solve", lying)
    found = [wrong for place in range(14) for wrong in compared(21, place)[2]]
    assert len(found) > 10
    assert "error" not in {check for check, _ in found}


def test_a_solver_that_fails_is_a_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is raised is noted, and the next problem is compared all the same."""

    def failing(*_: object, **__: object) -> Result:
        message = "no"
        raise SolverError(message)

    monkeypatch.setattr(differential, "solve", failing)
    assert [check for check, _ in compared(21, 0)[2]] == ["error"]


def _mask(case: Case, number: int) -> np.ndarray:
    return (number >> np.arange(case.n) & 1).astype(bool)


@pytest.mark.parametrize("place", range(21))
def test_all_selections_are_evaluated_one_by_one_alike(place: int) -> None:
    """The model's worth of a selection, made of 2^n at once, is the solver's own of that one."""
    case = differential_problems.make(22, place, most_items=6)
    problem, seen = built(case), Enumeration(case)
    for number in range(2**case.n):
        inside = _mask(case, number)
        inside[case.rules["labelled"]] = True
        close = 1e-9 * abs(seen.worth[number]) + 1e-12 * float(seen.scale.max())
        assert value(problem, inside) == pytest.approx(seen.worth[number], rel=0, abs=close)


def test_a_problem_that_fails_can_be_read_again(tmp_path: Path) -> None:
    """What is written holds every array, the budget and the rules."""
    case = differential_problems.make(1, 6)
    path = tmp_path / "case.npz"
    differential.write_problem(case, path)
    with np.load(path) as read:
        assert str(read["objective"]) == case.objective
        assert read["budget"] == case.budget
        for name, array in case.arrays.items():
            assert np.array_equal(read[name], array)
