"""Objectives that evaluate themselves, against their definitions and exhaustive search."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sets import (
    by_definition,
    constrained_sets,
    coverage_problems,
    design_problems,
    set_problems,
)

from solver.model.objective import gains, value
from solver.model.options import SolverOptions
from solver.model.problem import Floats, Mask, SetProblem, take
from solver.model.result import Status
from solver.ranking import rank
from solver.rules.reduction import reduce
from solver.sets.base import ConcaveProblem
from solver.solve import solve
from solver.verify import slack

Enumerate = Callable[[SetProblem], tuple[Mask, Floats]]


def tolerance(problem: SetProblem, worth: float) -> float:
    """Return by how much two values may differ and still be called equal."""
    return 4 * slack(problem, np.zeros(0, dtype=np.int64), worth)


@settings(max_examples=200, deadline=None)
@given(problem=set_problems(), seed=st.integers(0, 2**32 - 1))
def test_values_and_gains_are_those_of_the_definition(problem: SetProblem, seed: int) -> None:
    """Value, additions and losses are differences of the definition, whatever is chosen."""
    rng = np.random.default_rng(seed)
    chosen = rng.random(problem.n) < rng.random()
    worth = by_definition(problem, np.flatnonzero(chosen))
    slack_here = tolerance(problem, by_definition(problem, np.arange(problem.n)))
    assert math.isclose(value(problem, chosen), worth, abs_tol=slack_here)
    found = gains(problem, chosen)
    for item in range(problem.n):
        other = chosen.copy()
        other[item] = not chosen[item]
        change = abs(by_definition(problem, np.flatnonzero(other)) - worth)
        assert math.isclose(found[item], change, abs_tol=slack_here)


@settings(max_examples=150, deadline=None)
@given(problem=constrained_sets())
def test_reduction_keeps_every_selection_and_its_value(
    problem: SetProblem, feasible_selections: Enumerate
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
        assert math.isclose(worth, expected[selection], abs_tol=tolerance(problem, worth))


@settings(max_examples=300, deadline=None)
@given(problem=constrained_sets())
@pytest.mark.parametrize("strategy", ["auto", "greedy", "local_search"])
def test_answers_under_every_constraint_equal_exhaustive_search(
    problem: SetProblem, strategy: str, feasible_selections: Enumerate
) -> None:
    """The proof is right, the bound holds, and infeasible is said exactly where it is so."""
    _, values = feasible_selections(problem)
    result = solve(problem, SolverOptions(strategy=strategy, time_limit_s=60))
    if not len(values):
        assert result.status is Status.INFEASIBLE
        return
    best = float(values.max())
    close = tolerance(problem, best)
    assert result.upper_bound >= best - close
    assert result.objective <= best + close
    if strategy == "auto" or result.status is Status.OPTIMAL:
        assert result.status is Status.OPTIMAL
        assert result.objective >= best - close


@settings(max_examples=300, deadline=None)
@given(problem=st.one_of(coverage_problems(), design_problems()), seed=st.integers(0, 2**32 - 1))
def test_planes_lie_above_every_selection(
    problem: ConcaveProblem, seed: int, feasible_selections: Enumerate
) -> None:
    """Wherever a plane touches, no affordable selection is worth more than it says."""
    masks, values = feasible_selections(problem)
    rng = np.random.default_rng(seed)
    x = rng.random(problem.n) * (rng.random(problem.n) < rng.random())
    constant, slope = problem.plane(x)
    above = constant + masks @ slope - values
    scale = float(np.abs(values).max()) + abs(constant) + float(slope.sum())
    assert above.min() >= -problem.margin - 1e-12 * scale


@settings(max_examples=100, deadline=None)
@given(problem=set_problems(12))
@pytest.mark.parametrize("nodes", [0, 1, 3])
def test_a_bound_holds_wherever_the_search_ends(
    problem: SetProblem, nodes: int, feasible_selections: Enumerate
) -> None:
    """Cut off after any number of nodes, the bound is not below the best selection."""
    _, values = feasible_selections(problem)
    result = solve(problem, SolverOptions(node_limit=nodes, time_limit_s=60))
    best = float(values.max())
    assert result.upper_bound >= best - tolerance(problem, best)


@settings(max_examples=100, deadline=None)
@given(problem=set_problems(), seed=st.integers(0, 2**32 - 1))
def test_taken_items_are_worth_what_they_were(problem: SetProblem, seed: int) -> None:
    """A problem on some items, in another order, values them as the whole does."""
    rng = np.random.default_rng(seed)
    items = rng.permutation(problem.n)[: int(rng.integers(0, problem.n + 1))]
    some = take(problem, items)
    inside = rng.random(len(items)) < 0.5
    chosen = np.zeros(problem.n, dtype=bool)
    chosen[items[inside]] = True
    worth = value(problem, chosen)
    assert math.isclose(value(some, inside), worth, abs_tol=tolerance(problem, worth))


@settings(max_examples=60, deadline=None)
@given(problem=constrained_sets())
def test_a_ranking_is_an_order_of_the_selection(problem: SetProblem) -> None:
    """Every chosen item is ranked once, and the same call ranks alike."""
    result = solve(problem, SolverOptions(strategy="greedy", time_limit_s=60))
    order = rank(problem, result.selected)
    assert sorted(order.tolist()) == result.selected.tolist()
    assert order.tolist() == rank(problem, result.selected).tolist()
