"""Constraints against exhaustive search."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from problems import constrained_problems

from solver.model.objective import value
from solver.model.options import SolverOptions
from solver.model.problem import Floats, Mask, Problem
from solver.model.result import Status
from solver.model.stop import GapReached
from solver.rules.book import keeps
from solver.rules.explanation import explain, rule_names, without
from solver.rules.feasibility import Verdict, complete, is_possible
from solver.rules.reduction import reduce
from solver.search.greedy import greedy
from solver.search.local_search import local_search
from solver.solve import solve

Enumerate = Callable[[Problem], tuple[Mask, Floats]]


def scale(problem: Problem) -> float:
    """Return the size of the numbers whose differences objectives are."""
    everything = np.ones(problem.n, dtype=bool)
    return 1.0 + abs(value(problem, everything)) + float(np.abs(problem.profits).sum())


@settings(max_examples=150, deadline=None)
@given(problem=constrained_problems())
def test_reduction_keeps_every_selection_and_its_value(
    problem: Problem, feasible_selections: Enumerate
) -> None:
    """The reduced problem has exactly the original's selections, each worth the same."""
    masks, values = feasible_selections(problem)
    expected = {tuple(np.flatnonzero(m)): v for m, v in zip(masks, values, strict=True)}
    reduced = reduce(problem)
    if reduced.broken:
        assert not expected
        return
    inner, inner_values = feasible_selections(reduced.problem)
    found = {
        tuple(reduced.lift(m)): reduced.base + v for m, v in zip(inner, inner_values, strict=True)
    }
    assert found.keys() == expected.keys()
    for selection, worth in found.items():
        assert math.isclose(worth, expected[selection], abs_tol=1e-9 * scale(problem))


@settings(max_examples=150, deadline=None)
@given(problem=constrained_problems())
def test_feasibility_equals_exhaustive_search(
    problem: Problem, feasible_selections: Enumerate
) -> None:
    """Yes comes with a selection that keeps every rule, no is said only where there is none."""
    masks, _ = feasible_selections(problem)
    assert is_possible(problem) is (Verdict.YES if len(masks) else Verdict.NO)
    reduced = reduce(problem)
    if len(masks):
        found = complete(reduced.problem)
        assert keeps(reduced.problem, found.chosen)
        assert reduced.lift(found.chosen).tolist() in [np.flatnonzero(m).tolist() for m in masks]


@settings(max_examples=60, deadline=None)
@given(problem=constrained_problems().filter(lambda p: is_possible(p) is Verdict.NO))
def test_explanations_are_minimal_conflicts(
    problem: Problem, feasible_selections: Enumerate
) -> None:
    """The rules of an explanation conflict alone, and without any one of them they do not."""
    explanation = explain(problem)
    assert explanation.minimal
    only = problem
    for rule in rule_names(problem):
        if rule not in explanation.rules:
            only = without(only, rule)
    assert not len(feasible_selections(only)[0])
    for rule in explanation.rules:
        assert len(feasible_selections(without(only, rule))[0])


@settings(max_examples=100, deadline=None)
@given(problem=constrained_problems())
def test_heuristics_keep_every_rule(problem: Problem, feasible_selections: Enumerate) -> None:
    """Wherever there is a selection, both heuristics return one, worth at most the optimum."""
    masks, values = feasible_selections(problem)
    reduced = reduce(problem)
    if not len(masks):
        return
    first = greedy(reduced.problem)
    attempts = [first, local_search(reduced.problem, first.chosen, GapReached(0.0))]
    worths = []
    for attempt in attempts:
        assert keeps(reduced.problem, attempt.chosen)
        assert reduced.lift(attempt.chosen).tolist() in [np.flatnonzero(m).tolist() for m in masks]
        worths.append(value(problem, reduced.present(attempt.chosen)))
    slack = 1e-9 * scale(problem)
    assert worths[0] - slack <= worths[1] <= values.max() + slack


@settings(max_examples=200, deadline=None)
@given(problem=constrained_problems())
@pytest.mark.parametrize("strategy", ["auto", "greedy", "local_search"])
def test_answers_under_every_constraint_equal_exhaustive_search(
    problem: Problem, strategy: str, feasible_selections: Enumerate
) -> None:
    """The proof is right, the bound holds, and infeasible is said exactly where it is so."""
    _, values = feasible_selections(problem)
    result = solve(problem, SolverOptions(strategy=strategy, time_limit_s=60))
    if not len(values):
        assert result.status is Status.INFEASIBLE
        return
    best, slack = float(values.max()), 1e-9 * scale(problem)
    assert result.upper_bound >= best - slack
    assert result.objective <= best + slack
    if strategy == "auto" or result.status is Status.OPTIMAL:
        assert result.status is Status.OPTIMAL
        assert result.objective >= best - slack


@settings(max_examples=15, deadline=None)
@given(problem=constrained_problems(8))
@pytest.mark.parametrize("strategy", ["cp_sat", "scip", "highs", "pulp"])
def test_classical_models_keep_every_constraint(
    problem: Problem, strategy: str, feasible_selections: Enumerate
) -> None:
    """The classical models state the same rules: a selection that keeps them, never beyond best."""
    _, values = feasible_selections(problem)
    result = solve(problem, SolverOptions(strategy=strategy, time_limit_s=60))
    assert (result.status is Status.INFEASIBLE) == (not len(values))
    if len(values):
        slack = 1e-4 * scale(problem)
        assert result.objective <= float(values.max()) + slack
        assert result.upper_bound >= float(values.max()) - slack
        assert not any("breaks a rule" in note for note in result.notes)
