"""Frontiers against exhaustive search."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import problems

from solver.frontier import frontier, knee
from solver.model.options import SolverOptions
from solver.model.problem import Problem

Oracle = Callable[[Problem], float]

fractions = st.lists(st.floats(0.0, 1.2), min_size=1, max_size=4)


@settings(max_examples=50, deadline=None)
@given(
    problem=problems(10),
    shares=fractions,
    nesting=st.booleans(),
    gap=st.sampled_from([0.0, 0.01, 0.2]),
)
def test_every_point_is_bounded_and_the_curve_does_not_fall(
    problem: Problem, shares: list[float], *, nesting: bool, gap: float, best_value: Oracle
) -> None:
    """Each bound covers the optimum of its budget, and more budget is never worth less."""
    total = float(problem.costs.sum())
    found = frontier(
        problem, [share * total for share in shares], SolverOptions(gap=gap), nested=nesting
    )
    for point in found.points:
        best = best_value(replace(problem, budget=point.budget))
        slack = 1e-9 * abs(best) + 1e-9
        assert point.objective <= best + slack
        assert point.upper_bound >= best - slack
        assert point.total_cost <= point.budget * (1 + 1e-12)
        assert 0.0 <= point.price_of_nesting <= point.largest_price_of_nesting + 1e-12
    free = [point.free_objective for point in found.points]
    assert all(later >= earlier for earlier, later in pairwise(free))
    assert 0 <= found.knee < len(found.points)


@settings(max_examples=50, deadline=None)
@given(problem=problems(10), shares=fractions)
def test_nested_means_nested(problem: Problem, shares: list[float]) -> None:
    """With nesting, every selection contains those of all smaller budgets."""
    total = float(problem.costs.sum())
    points = frontier(problem, [share * total for share in shares], nested=True).points
    for smaller, larger in pairwise(points):
        assert set(smaller.selected) <= set(larger.selected)


@given(
    steps=st.lists(st.tuples(st.floats(0.01, 10.0), st.floats(0.0, 10.0)), min_size=1, max_size=8)
)
def test_the_knee_is_the_point_highest_above_the_chord(steps: list[tuple[float, float]]) -> None:
    """No point is higher above the straight line between the ends than the knee is."""
    budgets = np.cumsum([step[0] for step in steps])
    objectives = np.cumsum([step[1] for step in steps])
    place = knee(budgets.tolist(), objectives.tolist())
    width, rise = budgets[-1] - budgets[0], objectives[-1] - objectives[0]
    if width > 0 and rise > 0:
        height = (objectives - objectives[0]) / rise - (budgets - budgets[0]) / width
        assert height[place] >= height.max() - 1e-12
    else:
        assert place in {0, len(steps) - 1}
