"""What the rules decide of a node is never decided by rounding."""

from fractions import Fraction

import numpy as np
import pytest

from solver.check.problem import Inputs
from solver.check.rules import NumberRanges, Row, StatedRules, empty, refuse, stated_constraints

N = 20_000
ANY = NumberRanges(np.zeros(1), np.full(1, float(N)))


def _rules(costs: np.ndarray, most: float) -> StatedRules:
    """Rules of items whose costs may add up to exactly so much."""
    n = len(costs)
    arrays = {"weights": np.ones(n), "vectors": np.ones((n, 1))}
    inputs = Inputs(objective="signatures", costs=costs, arrays=arrays)
    none = {"include": [], "exclude": [], "labelled": [], "min_items": 0, "max_items": None,
            "groups": [], "resources": []}  # fmt: skip
    rules = StatedRules(inputs, most, stated_constraints(none, n))
    rules.rows[0] = Row("budget", costs, -np.inf, most)
    return rules


def _all_cost(costs: np.ndarray) -> float:
    """Return the smallest number that is not below the exact sum of equal costs."""
    exact = len(costs) * Fraction(float(costs[0]))
    found = float(exact)
    return found if Fraction(found) >= exact else float(np.nextafter(found, np.inf))


@pytest.mark.parametrize("cost", [0.1, 0.3, 0.7, 1.1])
def test_what_costs_exactly_the_budget_is_not_called_empty(cost: float) -> None:
    """A sum in floating point may come out above what the items cost."""
    costs = np.full(N, cost)
    taken = np.ones((1, N), dtype=bool)
    assert not empty(_rules(costs, _all_cost(costs)), taken, taken, ANY)[0]


@pytest.mark.parametrize("cost", [0.1, 0.3, 0.7, 1.1])
def test_an_item_that_fits_exactly_is_not_refused(cost: float) -> None:
    """It may be bought with all others, so it stays undecided."""
    costs = np.full(N, cost)
    taken = np.ones((1, N), dtype=bool)
    taken[0, -1] = False
    assert refuse(_rules(costs, _all_cost(costs)), taken, ~taken, ANY)[0, -1]


def test_an_item_that_is_too_dear_by_more_than_rounding_is_refused() -> None:
    """And what takes too much already is empty."""
    rules = _rules(np.array([1.0, 2.0, 3.0]), 2.9)
    taken = np.array([[True, False, False]])
    assert refuse(rules, taken, ~taken, ANY)[0].tolist() == [False, False, False]
    assert not empty(rules, taken, taken, ANY)[0]
    assert empty(rules, taken | [True, True, False], taken, ANY)[0]
