"""Selections that are taken from one budget to the next."""

import numpy as np
import pytest

from solver.frontier import frontier
from solver.frontier.search import Search
from solver.model.options import SolverOptions
from solver.model.problem import PairProblem

FREE_BESIDE_TENTHS = np.array([0.0, 0.1, 0.2, 0.7])
"""A free item, and costs whose sum is not gone when each has been subtracted from it."""


def company(n: int) -> np.ndarray:
    """Return pairs that are worth 1 each."""
    return np.ones((n, n)) - np.eye(n)


@pytest.mark.timeout(20)
def test_trimming_ends_where_rounding_leaves_something_of_the_costs() -> None:
    """Down to a budget of 0, free items stay and everything else goes."""
    search = Search(company(4), np.zeros(4), FREE_BESIDE_TENTHS)
    everything = np.ones(4, dtype=bool)
    assert search.trim(everything, 0.0).tolist() == [True, False, False, False]
    assert everything.all()


@pytest.mark.timeout(20)
def test_trimming_ends_where_costs_are_below_all_others() -> None:
    """Worth per cost may overflow; what costs next to nothing is dropped all the same."""
    costs = np.array([0.0, 1e-310, 2e-310])
    search = Search(company(3), np.full(3, 1e300), costs)
    assert search.trim(np.ones(3, dtype=bool), 2e-310).sum() == 2
    assert search.trim(np.ones(3, dtype=bool), 0.0).tolist() == [True, False, False]


def test_what_is_within_the_budget_is_not_trimmed() -> None:
    """The selection itself comes back."""
    search = Search(company(4), np.zeros(4), FREE_BESIDE_TENTHS)
    chosen = np.array([True, True, False, False])
    assert search.trim(chosen, 0.1) is chosen


@pytest.mark.timeout(60)
@pytest.mark.parametrize("nested", [False, True])
def test_a_frontier_that_begins_at_nothing_ends(nested: bool) -> None:  # noqa: FBT001 both cases
    """A budget of 0 buys what is free, in whatever order the others are trimmed."""
    problem = PairProblem(
        utilities=company(4), profits=np.zeros(4), costs=FREE_BESIDE_TENTHS, budget=1.0
    )
    found = frontier(problem, [0.0, 1.0], SolverOptions(time_limit_s=30.0), nested=nested)
    assert [point.selected.tolist() for point in found.points] == [[0], [0, 1, 2, 3]]
    assert [point.gap for point in found.points] == [0.0, 0.0]
