"""The rule book and its views: they agree on every selection of a small problem."""

import itertools

import numpy as np
import pytest

from solver.certificate.refutation import rows_of
from solver.model.constraints import Constraints, GroupRule, Resource, allowance
from solver.model.problem import PairProblem
from solver.rules.arrays import keeps as arrays_keep
from solver.rules.arrays import rule_arrays, tally
from solver.rules.book import SelectionRules, budgets, counts, keeps, knapsacks
from solver.rules.rows import side_rows

N = 6
RULES = {
    "none": Constraints(),
    "numbers": Constraints(min_items=1, max_items=3),
    "groups": Constraints(
        groups=(
            GroupRule(name="a", items=np.array([0, 1, 2]), minimum=1, maximum=2),
            GroupRule(name="b", items=np.array([3, 4]), maximum=1),
        )
    ),
    "resources": Constraints(
        resources=(Resource(name="hours", costs=np.array([1.0, 0, 2, 3, 0.1, 0.2]), limit=3.3),)
    ),
}


def problem(rules: Constraints) -> PairProblem:
    """Return six items that cost 0.1 to 0.6, of which 1.2 can be bought."""
    return PairProblem(
        utilities=np.zeros((N, N)),
        profits=np.ones(N),
        costs=np.arange(1, N + 1) / 10,
        budget=1.2,
        constraints=rules,
    )


def selections() -> list[np.ndarray]:
    """Return all 64 selections."""
    return [np.array(bits, dtype=bool) for bits in itertools.product([False, True], repeat=N)]


@pytest.mark.parametrize("name", RULES)
def test_every_view_admits_the_same_selections(name: str) -> None:
    """Arrays, rows of models and rows of certificates say the same as the book."""
    asked = problem(RULES[name])
    arrays, named, side = rule_arrays(asked), rows_of(asked), side_rows(asked)
    for chosen in selections():
        x = chosen.astype(float)
        sums = named.matrix @ x
        by_names = bool(((named.least <= sums) & (sums <= named.most + 1e-12)).all())
        by_rows = all(row.least <= row.coefficients @ x <= row.most + 1e-12 for row in side)
        expected = keeps(asked, chosen)
        assert bool(arrays_keep(tally(chosen, arrays), arrays)) == expected
        assert by_names == expected
        assert (by_rows and budgets(asked)[0].holds(chosen)) == expected


@pytest.mark.parametrize("name", RULES)
def test_allowed_moves_lead_from_selection_to_selection(name: str) -> None:
    """From what keeps the rules, an allowed move keeps them, and a refused one would not."""
    asked = problem(RULES[name])
    moves = SelectionRules(asked)
    for chosen in filter(lambda mask: keeps(asked, mask), selections()):
        for item in range(N):
            after = chosen.copy()
            after[item] = not chosen[item]
            allowed = moves.may_drop(chosen) if chosen[item] else moves.may_add(chosen)
            assert bool(allowed[item]) == keeps(asked, after)


def test_the_allowance_is_that_of_the_budget_and_of_resources() -> None:
    """One definition: 0.1 + 0.2 is within 0.3."""
    asked = problem(RULES["resources"])
    assert [rule.allowance for rule in budgets(asked)] == [allowance(1.2), allowance(3.3)]
    assert 0.1 + 0.2 > 0.3
    assert allowance(0.3) >= 0.1 + 0.2


def test_the_number_of_items_is_a_knapsack_where_it_is_limited() -> None:
    """A limit on the number is one more sum, of ones."""
    assert [rule.name for rule in knapsacks(problem(RULES["none"]))] == ["budget"]
    *_, number = knapsacks(problem(RULES["numbers"]))
    assert (number.allowance, number.costs.tolist()) == (3.0, [1.0] * N)
    assert [rule.name for rule in counts(problem(RULES["groups"]))] == [
        "items",
        "group a",
        "group b",
    ]
