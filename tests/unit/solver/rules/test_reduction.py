"""What is decided before any search, beside all selections of small problems."""

import math

import differential_problems
import numpy as np
import pytest
from differential import built
from differential_model import Enumeration

from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.objective import value
from solver.model.problem import PairProblem
from solver.rules.reduction import reduce


def items(*numbers: int) -> np.ndarray:
    """Return item numbers."""
    return np.array(numbers, dtype=np.int64)


def five(budget: float = 15.0, **rules: object) -> PairProblem:
    """Return items of cost 1, 2, 3, 4, 5, of which each pair is worth 1, under some rules."""
    return PairProblem(
        utilities=np.ones((5, 5)) - np.eye(5),
        profits=np.array([10.0, 20.0, 30.0, 40.0, 50.0]),
        costs=np.arange(1.0, 6.0),
        budget=budget,
        ids=("a", "b", "c", "d", "e"),
        constraints=Constraints(**rules),  # type: ignore[arg-type]  # values of many kinds
    )


@pytest.mark.parametrize("place", range(140))
def test_what_is_left_has_the_same_selections_and_worths(place: int) -> None:
    """Lifted, the selections of what is left are those of the question, each worth the same."""
    case = differential_problems.make(6, place, most_items=7)
    problem, seen = built(case), Enumeration(case)
    allowed = seen.allowed()
    reduced = reduce(problem)
    inner = reduced.problem
    found = set()
    for number in range(2**inner.n):
        chosen = (number >> np.arange(inner.n) & 1).astype(bool)
        if reduced.broken or not _keeps(inner, chosen):
            continue
        lifted = reduced.lift(chosen)
        outer = seen.number(lifted)
        found.add(outer)
        worth = reduced.base + value(inner, chosen)
        close = 1e-9 * abs(seen.worth[outer]) + 1e-12 * seen.scale.max()
        assert math.isclose(worth, seen.worth[outer], rel_tol=0, abs_tol=close)
        there = set(lifted.tolist()) | set(case.rules["labelled"])
        assert set(np.flatnonzero(reduced.present(chosen)).tolist()) == there
    assert found == set(np.flatnonzero(allowed).tolist())


def _keeps(problem: object, chosen: np.ndarray) -> bool:
    """Read the rules that are left, one by one."""
    rules = problem.constraints  # type: ignore[attr-defined]  # any problem
    assert not rules.fixes
    limits = [(problem.costs, problem.budget)]  # type: ignore[attr-defined]  # any problem
    limits += [(resource.costs, resource.limit) for resource in rules.resources]
    if any(math.fsum(costs[chosen]) > limit * (1 + 1e-12) for costs, limit in limits):
        return False
    ranges = [(np.arange(len(chosen)), rules.min_items, rules.max_items)]
    ranges += [(group.items, group.minimum, group.maximum) for group in rules.groups]
    return all(
        least <= chosen[some].sum() <= (math.inf if most is None else most)
        for some, least, most in ranges
    )


def test_what_is_decided_is_taken_out() -> None:
    """Bought, labelled, excluded, and what no budget can pay for beside them, are not left."""
    asked = {"include": items(3), "labelled": items(0), "exclude": items(1)}
    reduced = reduce(five(budget=7.5, **asked))
    assert reduced.items.tolist() == [2]  # 5 + 4 is more than the budget, 3 + 4 is not
    assert (reduced.bought.tolist(), reduced.labelled.tolist()) == ([3], [0])
    assert reduced.base == 51.0
    assert reduced.problem.profits.tolist() == [32.0]
    assert reduced.problem.ids == ("c",)
    assert reduced.problem.budget == pytest.approx(3.5, rel=1e-11)
    assert reduced.n == 5
    assert not reduced.broken


def test_what_is_labelled_is_not_bought_as_well() -> None:
    """An item that is included and labelled is there: nothing is paid for it."""
    reduced = reduce(five(budget=3.0, include=items(4), labelled=items(4)))
    assert reduced.bought.tolist() == []
    assert reduced.problem.budget == 3.0
    assert not reduced.broken


@pytest.mark.parametrize("left", [0.0, 1.0])
def test_what_a_full_number_refuses_is_not_left(left: float) -> None:
    """Once a group, or the selection, is full, what it refuses is gone; before, nothing is."""
    pair = GroupRule(name="pair", items=items(0, 1, 2), maximum=1 + int(left))
    reduced = reduce(five(include=items(0), groups=(pair,)))
    assert reduced.items.tolist() == ([1, 2, 3, 4] if left else [3, 4])
    reduced = reduce(five(include=items(0), max_items=1 + int(left)))
    assert reduced.items.tolist() == ([1, 2, 3, 4] if left else [])


def test_what_cannot_be_broken_is_no_limit() -> None:
    """Limits on numbers and budgets that everything together keeps are left out; others stay."""
    loose = Resource(name="loose", costs=np.ones(5), limit=5.0)
    tight = Resource(name="tight", costs=np.ones(5), limit=3.0)
    wide = GroupRule(name="wide", items=items(0, 1), maximum=2)
    least = GroupRule(name="least", items=items(2, 3), minimum=1)
    most = GroupRule(name="most", items=items(4), maximum=0)
    asked = five(groups=(wide, least, most), resources=(loose, tight), max_items=5, min_items=2)
    rules = reduce(asked).problem.constraints
    assert [resource.name for resource in rules.resources] == ["tight"]
    assert [(g.name, g.minimum, g.maximum) for g in rules.groups] == [("least", 1, 2)]
    assert (rules.min_items, rules.max_items) == (2, None)
    rules = reduce(five(include=items(0, 1), min_items=3, max_items=4)).problem.constraints
    assert (rules.min_items, rules.max_items) == (1, 2)
    untouched = five()
    assert reduce(untouched).problem is untouched


@pytest.mark.parametrize(
    "asked",
    [
        {"budget": 3.0, "include": items(3)},
        {"include": items(0), "exclude": items(0)},
        {"labelled": items(0), "exclude": items(0)},
        {"include": items(0, 1), "max_items": 1},
        {"exclude": items(0, 1), "min_items": 4},
        {"include": items(0, 1), "groups": (GroupRule(name="g", items=items(0, 1), maximum=1),)},
        {"exclude": items(0), "groups": (GroupRule(name="g", items=items(0, 1), minimum=2),)},
        {"include": items(4), "resources": (Resource(name="r", costs=np.ones(5), limit=0.5),)},
    ],
)
def test_what_is_fixed_may_break_a_rule_by_itself(asked: dict[str, object]) -> None:
    """Each kind of contradiction is seen before a search, and no limit that is left is below 0."""
    reduced = reduce(five(**asked))  # type: ignore[arg-type]  # values of many kinds
    assert reduced.broken
    rules = reduced.problem.constraints
    assert reduced.problem.budget >= 0
    assert all(resource.limit >= 0 for resource in rules.resources)
    assert not reduce(five(**(asked | {"budget": 15.0} if "budget" in asked else {}))).broken  # type: ignore[arg-type]


def test_rounding_of_what_is_paid_never_overspends() -> None:
    """What fits the budget that is left fits the whole budget with what is bought, and no less."""
    rng = np.random.default_rng(4)
    for _ in range(300):
        costs = rng.lognormal(0, 3, 5)
        problem = PairProblem(
            utilities=np.zeros((5, 5)), profits=np.ones(5), costs=costs,
            budget=math.fsum(costs[:4]), constraints=Constraints(include=items(0, 1, 2)),
        )  # fmt: skip
        reduced = reduce(problem)
        assert 3 in reduced.items
        left = reduced.problem.allowance
        assert left <= problem.allowance - math.fsum(costs[:3]) + 1e-15 * problem.budget
        assert left >= problem.allowance - math.fsum(costs[:3]) - 1e-14 * problem.budget
