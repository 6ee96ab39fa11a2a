"""Greedy ends: whatever the scale of gains and costs, what it adds may be added."""

import numpy as np
import pytest

from solver.model.objective import per_cost
from solver.model.options import SolverOptions
from solver.model.problem import PairProblem
from solver.search.greedy import additions, extend
from solver.solve import solve


@pytest.mark.parametrize("free", [0, 2])
def test_a_free_item_that_does_next_to_no_harm_is_added_once(free: int) -> None:
    """Its score per cost is minus infinity, as that of items that may not be added is not."""
    utilities = np.full((3, 3), 1e66)
    np.fill_diagonal(utilities, 0.0)
    utilities[free] = utilities[:, free] = 0.0
    profits, costs = np.zeros(3), np.ones(3)
    profits[free], costs[free] = -1e49, 0.0
    problem = PairProblem(utilities=utilities, profits=profits, costs=costs, budget=2.0)
    order = list(additions(problem, np.zeros(3, dtype=bool), per_cost))
    assert sorted(order) == [0, 1, 2]
    assert extend(problem, np.zeros(3, dtype=bool)).all()
    assert solve(problem, SolverOptions(time_limit_s=5.0)).objective == pytest.approx(1e66)
