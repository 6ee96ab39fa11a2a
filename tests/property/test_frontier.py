"""Frontiers against exhaustive search."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from problems import constrained_problems, problems
from sets import constrained_sets, set_problems

from app.choosing.building import build_problem
from app.choosing.objectives import OBJECTIVES
from features.signatures.model import Signatures
from features.signatures.parts import Parts
from solver.frontier import FrontierResult, frontier, knee
from solver.frontier.knee import LEAST_BEND
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem, Floats, Mask, Problem, SetProblem
from solver.verify import slack

Enumerate = Callable[[AnyProblem], tuple[Mask, Floats]]

fractions = st.lists(st.floats(0.0, 1.2), min_size=1, max_size=4)
PATIENT = SolverOptions(time_limit_s=60.0)


def budgets_of(problem: AnyProblem, shares: Sequence[float]) -> list[float]:
    """Return these parts of what all items cost."""
    total = float(problem.costs.sum())
    return [share * total for share in shares]


def holds(found: FrontierResult, problem: AnyProblem, feasible_selections: Enumerate) -> None:
    """Check every point, and the curve, against all selections there are."""
    for point in found.points:
        _, values = feasible_selections(replace(problem, budget=point.budget))
        best = float(values.max(initial=-math.inf))
        if not len(values):
            assert point.objective == -math.inf
            continue
        close = 4 * slack(problem, point.selected, best) + 1e-9
        assert point.objective <= best + close
        assert point.upper_bound >= best - close
        assert point.total_cost <= point.budget * (1 + 1e-12)
        assert 0.0 <= point.price_of_nesting <= point.largest_price_of_nesting + 1e-12
    free = [point.free_objective for point in found.points]
    assert all(later >= earlier for earlier, later in pairwise(free))
    assert found.knee == knee(
        [point.budget for point in found.points], [point.objective for point in found.points]
    )


@settings(max_examples=50, deadline=None)
@given(
    problem=problems(10),
    shares=fractions,
    nested=st.booleans(),
    gap=st.sampled_from([0.0, 0.01, 0.2]),
    seconds=st.sampled_from([0.0, 60.0]),
)
def test_every_point_is_bounded_and_the_curve_does_not_fall(
    problem: Problem,
    shares: list[float],
    nested: bool,  # noqa: FBT001 both cases
    gap: float,
    seconds: float,
    feasible_selections: Enumerate,
) -> None:
    """Each bound covers the optimum of its budget, and more budget is never worth less."""
    options = SolverOptions(gap=gap, time_limit_s=seconds)
    found = frontier(problem, budgets_of(problem, shares), options, nested=nested)
    holds(found, problem, feasible_selections)


@settings(max_examples=60, deadline=None)
@given(
    problem=st.one_of(set_problems(8), constrained_sets(8), constrained_problems(8)),
    shares=fractions,
    strategy=st.sampled_from(["auto", "greedy"]),
)
def test_what_is_solved_budget_by_budget_is_bounded_as_well(
    problem: AnyProblem, shares: list[float], strategy: str, feasible_selections: Enumerate
) -> None:
    """Objectives over sets, sums of them, and every constraint: the same promises."""
    options = replace(PATIENT, strategy=strategy)
    found = frontier(problem, budgets_of(problem, shares), options)
    holds(found, problem, feasible_selections)
    if strategy == "auto":
        for point in found.points:
            close = 8 * slack(problem, point.selected, point.objective) + 1e-9
            assert point.objective == -math.inf or point.upper_bound <= point.objective + close


@st.composite
def pools(draw: st.DrawFn) -> tuple[Signatures, NDArray[np.float64]]:
    """Draw a few scenes of which some may be equal, and what they cost."""
    n, d = draw(st.integers(2, 7)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    vectors = rng.standard_normal((n, d))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) * rng.uniform(1.0, 2.0, (n, 1))
    if draw(st.booleans()):
        vectors[n // 2 :] = vectors[: n - n // 2]
    counts = rng.integers(1, 4, n)
    m = int(counts.sum())
    parts = Parts(
        np.cumsum([0, *counts]),
        rng.uniform(0.1, 1.0, m).astype(np.float32),
        rng.integers(0, 5, (m, 1)).astype(np.int32),
        np.array([5]),
    )
    ids = tuple(f"scene {k}" for k in range(n))
    pool = Signatures(ids, rng.uniform(0.0, 2.0, n), vectors, counts, parts=parts)
    return pool, rng.integers(0, 9, n).astype(float)


@settings(max_examples=12, deadline=None)
@given(drawn=pools(), shares=st.lists(st.floats(0.05, 1.1), min_size=2, max_size=4))
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_has_a_frontier(
    objective: str,
    drawn: tuple[Signatures, NDArray[np.float64]],
    shares: list[float],
    feasible_selections: Enumerate,
) -> None:
    """Whatever is maximised, each point is the best of its budget, and proven to be."""
    pool, costs = drawn
    budgets = [share * float(costs.sum()) for share in shares]
    asked = {"costs": costs, "budget": max(budgets), "ids": pool.scene_ids}
    problem = build_problem(objective, pool, asked)
    found = frontier(problem, budgets, PATIENT)
    holds(found, problem, feasible_selections)
    for point in found.points:
        assert math.isclose(point.objective, point.upper_bound, rel_tol=1e-7, abs_tol=1e-7)


@settings(max_examples=50, deadline=None)
@given(problem=problems(10), shares=fractions, seconds=st.sampled_from([0.0, 60.0]))
def test_nested_means_nested(problem: Problem, shares: list[float], seconds: float) -> None:
    """With nesting, every selection contains those of all smaller budgets."""
    options = SolverOptions(time_limit_s=seconds)
    points = frontier(problem, budgets_of(problem, shares), options, nested=True).points
    for smaller, larger in pairwise(points):
        assert set(smaller.selected) <= set(larger.selected)


@settings(max_examples=40, deadline=None)
@given(
    problem=st.one_of(problems(8), set_problems(8)),
    shares=fractions,
    polls=st.integers(0, 30),
)
def test_a_frontier_that_is_cancelled_still_holds(
    problem: AnyProblem, shares: list[float], polls: int, feasible_selections: Enumerate
) -> None:
    """Whenever the caller gives up, what comes back is within its budgets and its bounds."""
    asked = iter(range(polls))
    nested = not isinstance(problem, SetProblem)
    found = frontier(
        problem,
        budgets_of(problem, shares),
        PATIENT,
        nested=nested,
        cancelled=lambda: next(asked, None) is None,
    )
    holds(found, problem, feasible_selections)


@given(
    steps=st.lists(st.tuples(st.floats(0.01, 10.0), st.floats(0.0, 10.0)), min_size=1, max_size=8),
    impossible=st.integers(0, 3),
)
def test_the_knee_is_the_point_highest_above_the_chord(
    steps: list[tuple[float, float]], impossible: int
) -> None:
    """No point is higher above the straight line between the ends than the knee is.

    A curve that hardly bends has none, and budgets that pay for nothing take no part.
    """
    budgets = np.cumsum([step[0] for step in steps])
    objectives = np.cumsum([step[1] for step in steps])
    before = np.linspace(-2.0, -1.0, impossible)
    found = knee(
        [*before.tolist(), *budgets.tolist()], [-math.inf] * impossible + objectives.tolist()
    )
    width, rise = budgets[-1] - budgets[0], objectives[-1] - objectives[0]
    if width <= 0 or rise <= 0:
        assert found is None
        return
    height = (objectives - objectives[0]) / rise - (budgets - budgets[0]) / width
    if found is None:
        assert height.max() <= LEAST_BEND + 1e-12
    else:
        assert height[found - impossible] >= height.max() - 1e-12
        assert height.max() > LEAST_BEND - 1e-12


def test_a_curve_without_points_has_no_knee() -> None:
    """Points that are missing are a mistake of the caller; budgets that pay for nothing are not."""
    with pytest.raises(ValueError, match="at least one"):
        knee([], [])
    with pytest.raises(ValueError, match="as many"):
        knee([1.0], [1.0, 2.0])
    assert knee([1.0, 2.0], [-math.inf, -math.inf]) is None
