"""Whether there is any selection, beside all selections of small problems."""

import builtins
import math

import differential_problems
import numpy as np
import pytest
from differential import built
from differential_model import Enumeration

from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.problem import PairProblem
from solver.rules import feasibility
from solver.rules.book import keeps
from solver.rules.feasibility import Verdict, cheapest, complete, is_possible, rule_model
from solver.rules.reduction import reduce


def items(*numbers: int) -> np.ndarray:
    """Return item numbers."""
    return np.array(numbers, dtype=np.int64)


def asked(costs: list[float], budget: float, **rules: object) -> PairProblem:
    """Return items that are worth nothing, under some rules."""
    n = len(costs)
    return PairProblem(
        utilities=np.zeros((n, n)), profits=np.zeros(n), costs=np.array(costs), budget=budget,
        constraints=Constraints(**rules),  # type: ignore[arg-type]  # values of many kinds
    )  # fmt: skip


def clashing(n: int, seed: int) -> PairProblem:
    """Return items of which half must be bought, cheap in one of two budgets and dear in the other.

    No mixture of the two finds a selection that keeps both easily.
    """
    rng = np.random.default_rng(seed)
    costs = rng.integers(1, 100, n).astype(float)
    other = np.maximum(0.0, 101.0 - costs) + rng.integers(0, 3, n)
    limits = [float(np.sort(c)[: n // 2].sum()) * 2.0 for c in (costs, other)]
    hours = Resource(name="hours", costs=other, limit=limits[1])
    return asked(costs.tolist(), limits[0], min_items=n // 2, resources=(hours,))


@pytest.mark.parametrize("place", range(100))
def test_yes_is_shown_and_no_is_true(place: int) -> None:
    """A yes comes with a selection that keeps every rule; a no is true of all selections."""
    case = differential_problems.make(8, place, most_items=8)
    allowed = Enumeration(case).allowed()
    problem = built(case)
    assert is_possible(problem) is (Verdict.YES if allowed.any() else Verdict.NO)
    reduced = reduce(problem)
    if not reduced.broken:
        found = complete(reduced.problem)
        assert keeps(reduced.problem, found.chosen) or found.verdict is not Verdict.YES


@pytest.mark.parametrize("seed", range(12))
def test_two_budgets_that_clash_are_decided_exactly(seed: int) -> None:
    """Where neither budget's cheapest selection keeps the other, the answer is that of all 2^8."""
    problem = clashing(8, seed)
    masks = (np.arange(2**8)[:, None] >> np.arange(8) & 1).astype(bool)
    some = any(keeps(problem, mask) for mask in masks)
    found = complete(problem)
    assert found.verdict is (Verdict.YES if some else Verdict.NO)
    assert keeps(problem, found.chosen) is some


def test_the_programme_decides_what_mixtures_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any mixture CP-SAT finds a selection; without CP-SAT nothing is known."""
    problem = clashing(8, 2)
    monkeypatch.setattr(feasibility, "_MIXTURES", 0)
    found = complete(problem)
    assert found.verdict is Verdict.YES
    assert keeps(problem, found.chosen)
    importing = builtins.__import__

    def without(name: str, *rest: object, **named: object) -> object:
        if name.startswith("ortools"):
            raise ImportError(name)
        return importing(name, *rest, **named)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(builtins, "__import__", without)
    found = complete(problem)
    assert found.verdict is Verdict.UNKNOWN
    assert not found.chosen.any()


def test_mixtures_spare_the_programme(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget that was broken counts for more in the next try: greed finds most."""
    calls = []
    monkeypatch.setattr(feasibility, "_programme", lambda *_: calls.append(1) or complete)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        costs, other = rng.integers(1, 20, (2, 12)).astype(float)
        both = np.sort(costs + other)[:6].sum()
        chosen = np.argsort(costs + other)[:6]
        limits = [float(c[chosen].sum() + 0.02 * both) for c in (costs, other)]
        hours = Resource(name="hours", costs=other, limit=limits[1])
        complete(asked(costs.tolist(), limits[0], min_items=6, resources=(hours,)))
    assert len(calls) <= 2


@pytest.mark.parametrize("scale", [1.0, 0.1, 3e-80, 7e80, 2.0**-1070])
@pytest.mark.parametrize("kind", [True, False])
def test_whole_numbers_are_rounded_to_one_side(kind: bool, scale: float) -> None:  # noqa: FBT001
    """In favour, everything that fits is allowed; against it, all that is allowed fits."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        costs = rng.integers(0, 2**20, 6) * scale
        limit = math.fsum(costs[:3]) * (1 + 1e-12)
        numbers, most = feasibility._scaled(costs, limit, kind=kind)
        assert sum(numbers[:3]) <= most or not kind
        assert most <= 2**40 + 2
        for number in range(2**6):
            some = [k for k in range(6) if number >> k & 1]
            fits = math.fsum(costs[some]) <= limit
            allowed = sum(numbers[k] for k in some) <= most
            assert not fits or allowed or not kind
            assert fits or not allowed or kind
    assert feasibility._scaled(np.array([0.0, 1.0]), 0.0, kind=False) == ([0, 1], 0)
    assert feasibility._scaled(np.array([0.0, 2.0]), 0.0, kind=True) == ([0, 2], 1)
    huge, most = feasibility._scaled(np.array([1e300]), 1e-300, kind=kind)
    assert huge[0] == 2**41 > most


@pytest.mark.parametrize("kind", [True, False])
def test_numbers_of_any_fraction_are_rounded_to_one_side(kind: bool) -> None:  # noqa: FBT001
    """Where a sum is the limit itself, or the next number above it, only the right side is safe."""
    rng = np.random.default_rng(6)
    for _ in range(200):
        costs = rng.uniform(0.1, 1.0, int(rng.integers(1, 12)))
        total = math.fsum(costs)
        limit = total if kind else math.nextafter(total, 0.0)
        numbers, most = feasibility._scaled(costs, limit, kind=kind)
        assert (sum(numbers) <= most) is kind


@pytest.mark.parametrize("kind", ["number", "group"])
def test_a_minimum_that_costs_too_much_is_a_no(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cheapest selection of one budget proves it: no programme is asked."""
    monkeypatch.setattr(feasibility, "_programme", None)
    group = GroupRule(name="g", items=items(0, 1, 2), minimum=2)
    rules = {"number": {"min_items": 2}, "group": {"groups": (group,)}}[kind]
    hours = Resource(name="hours", costs=np.array([5.0, 6.0, 7.0]), limit=10.0)
    clash = asked([1.0, 1.0, 1.0], 9.0, resources=(hours,), **rules)
    assert complete(clash).verdict is Verdict.NO


def test_the_model_states_every_rule() -> None:
    """A model of the rules has the selections that keep them, and no others."""
    from ortools.sat.python import cp_model  # noqa: PLC0415 - loading takes half a second

    group = GroupRule(name="g", items=items(0, 1, 2), minimum=1, maximum=2)
    hours = Resource(name="hours", costs=np.array([1.0, 2.0, 3.0, 4.0]), limit=6.0)
    problem = asked([4.0, 3.0, 2.0, 1.0], 7.0, min_items=1, max_items=3, groups=(group,),
                    resources=(hours,))  # fmt: skip
    for number in range(16):
        chosen = (number >> np.arange(4) & 1).astype(bool)
        model, x = rule_model(problem, kind=True)
        for variable, inside in zip(x, chosen, strict=True):
            model.add(variable == int(inside))
        status = cp_model.CpSolver().solve(model)
        assert (status in {cp_model.OPTIMAL, cp_model.FEASIBLE}) is keeps(problem, chosen)
    free = asked([0.0], 0.0, min_items=1)
    assert cp_model.CpSolver().solve(rule_model(free, kind=False)[0]) == cp_model.OPTIMAL


def test_the_cheapest_selection_reaches_every_minimum() -> None:
    """Within groups and beside them, the cheapest; where numbers clash, none."""
    group = GroupRule(name="g", items=items(0, 1, 2), minimum=2, maximum=2)
    problem = asked([3.0, 1.0, 2.0, 9.0, 8.0], 99.0, min_items=3, groups=(group,))
    assert np.flatnonzero(cheapest(problem, problem.costs)).tolist() == [1, 2, 4]  # type: ignore[arg-type]
    more = asked([3.0, 1.0, 2.0, 9.0, 8.0], 99.0, min_items=5, groups=(group,))
    assert cheapest(more, more.costs) is None
    few = asked([1.0] * 5, 99.0, max_items=1, groups=(group,))
    assert cheapest(few, few.costs) is None
    exactly = asked([1.0] * 5, 99.0, max_items=2, groups=(group,))
    assert cheapest(exactly, exactly.costs) is not None
    empty = asked([1.0] * 2, 99.0, groups=(GroupRule(name="g", items=items(0), minimum=2),))
    assert cheapest(empty, empty.costs) is None
    crossed = asked([1.0] * 2, 99.0, max_items=1, min_items=1)
    assert cheapest(crossed, np.array([2.0, 1.0])).tolist() == [False, True]  # type: ignore[union-attr]
