"""Frontiers of small problems, beside the best of all selections of each budget."""

import math
from dataclasses import replace
from importlib import import_module
from itertools import pairwise

import differential_problems
import numpy as np
import pytest
from differential import built
from differential_model import Enumeration

from solver import bounds as bounds_module
from solver.frontier import frontier, knee
from solver.frontier import walk as walk_module
from solver.frontier.walk import Walk, monotone, price
from solver.model.constraints import Constraints
from solver.model.options import FrontierOptions, SolverOptions
from solver.model.problem import PairProblem
from solver.model.result import Status
from solver.model.stop import TimeLimit
from solver.sets.facility import FacilityProblem
from solver.solve import solve

EXACT = FrontierOptions(gap=0.0, time_limit_s=600.0, node_limit=20_000)
NEVER = TimeLimit(600.0)
# The module: its package has a function of the same name.
MODULE = import_module("solver.frontier.frontier")


def pairs(**changes: object) -> PairProblem:
    """Return eight items, of which pairs are worth something, some less than nothing."""
    rng = np.random.default_rng(3)
    upper = np.triu(rng.normal(1.0, 1.0, (8, 8)), k=1)
    problem = PairProblem(
        utilities=upper + upper.T, profits=rng.normal(size=8), costs=rng.uniform(1.0, 2.0, 8),
        budget=1.0, ids=tuple("abcdefgh"),
    )  # fmt: skip
    return replace(problem, **changes)  # type: ignore[arg-type]  # values of many kinds


def facility(**changes: object) -> FacilityProblem:
    """Return eight items that serve sixteen points: one tree node leaves a gap."""
    rng = np.random.default_rng(4)
    similarities = rng.random((8, 16)) ** 3
    problem = FacilityProblem(similarities=similarities, costs=rng.uniform(1.0, 2.0, 8), budget=1.0)
    return replace(problem, **changes)  # type: ignore[arg-type]  # values of many kinds


def bests(problem: PairProblem, budgets: list[float]) -> list[float]:
    """Return the best worth for each budget."""
    masks = (np.arange(2**8)[:, None] >> np.arange(8) & 1).astype(float)
    worth = 0.5 * np.einsum("si,ij,sj->s", masks, problem.utilities, masks)
    worth += masks @ problem.profits
    costs = masks @ problem.costs
    return [float(worth[costs <= budget * (1 + 1e-12)].max()) for budget in budgets]


BUDGETS = [0.0, 1.5, 3.0, 4.5, 6.0, 20.0]


@pytest.mark.parametrize("nested", [False, True])
def test_every_budget_has_its_best_selection(nested: bool) -> None:  # noqa: FBT001 both cases
    """Free points are optimal and proven; nested ones lie inside each other and say their price."""
    problem = pairs()
    found = frontier(problem, [*BUDGETS[::-1], 3.0], EXACT, nested=nested)
    assert [point.budget for point in found.points] == BUDGETS
    assert found.nested is nested
    for point, best in zip(found.points, bests(problem, BUDGETS), strict=True):
        assert point.free_objective == pytest.approx(best, rel=1e-12, abs=1e-12)
        assert point.total_cost == math.fsum(problem.costs[point.selected]) <= point.budget
        assert best - 1e-12 <= point.upper_bound <= best + 1e-9
        chosen = np.isin(np.arange(8), point.selected).astype(float)
        worth = 0.5 * chosen @ problem.utilities @ chosen + chosen @ problem.profits
        assert point.objective == pytest.approx(worth, rel=1e-12)
        if not nested:
            assert (point.gap, point.price_of_nesting) == (0.0, 0.0)
        elif best > 0:
            assert point.price_of_nesting == pytest.approx(1 - point.objective / best, abs=1e-9)
            assert point.largest_price_of_nesting >= point.price_of_nesting - 1e-12
    if nested:
        for smaller, larger in pairwise(found.points):
            assert set(smaller.selected) <= set(larger.selected)
        assert found.points[-1].objective >= 0.9 * found.points[-1].free_objective
    place = knee(BUDGETS, [point.objective for point in found.points])
    assert found.knee == place


@pytest.mark.parametrize("place", range(84))
def test_small_problems_of_every_kind(place: int) -> None:
    """Whatever the objective and the rules, each point is the best of its budget."""
    case = differential_problems.make(12, place, most_items=7)
    problem, seen = built(case), Enumeration(case)
    total = math.fsum(case.costs)
    budgets = sorted({case.budget, 0.3 * total, 0.7 * total})
    found = frontier(problem, budgets, EXACT)
    before = -math.inf
    for point in found.points:
        allowed = seen.allowed(point.budget)
        best = seen.best(allowed)
        assert point.objective >= before
        before = point.objective
        if best == -math.inf:
            assert (point.objective, point.upper_bound) == (-math.inf, -math.inf)
            assert not len(point.selected)
            continue
        number = seen.number(point.selected)
        assert allowed[number]
        close = 2 * seen.tolerance(number) + 1e-12 * float(seen.scale.max())
        assert point.objective == point.free_objective
        assert abs(point.objective - best) <= close
        assert abs(point.upper_bound - best) <= close
        assert point.total_cost == math.fsum(case.costs[point.selected])


@pytest.mark.parametrize("problem", [facility(), pairs(constraints=Constraints(max_items=5))])
def test_a_bound_that_is_not_met_is_that_of_the_solve(
    problem: FacilityProblem | PairProblem,
) -> None:
    """Budget by budget, bounds are what solving says, or what a larger budget's solve says."""
    options = SolverOptions(strategy="greedy", time_limit_s=600.0)
    budgets = [3.0, 4.5, 6.0]
    alone = [solve(replace(problem, budget=budget), options) for budget in budgets]
    assert any(result.status is Status.FEASIBLE for result in alone)
    bounds = monotone([result.upper_bound for result in alone])
    found = frontier(problem, budgets, options)
    for point, bound, result in zip(found.points, bounds, alone, strict=True):
        assert point.upper_bound == max(bound, point.objective)
        assert point.objective >= result.objective


def test_a_smaller_budgets_selection_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a larger budget's search finds less, the curve does not fall, and says what it buys."""
    problem = facility()

    def worse(asked: FacilityProblem, options: SolverOptions, **named: object) -> object:
        result = solve(asked, options, **named)  # type: ignore[arg-type]  # as it came
        if asked.budget == 3.0:
            return result
        return replace(result, selected=result.selected[:1], objective=0.5, total_cost=1.0)

    monkeypatch.setattr(MODULE, "solve", worse)
    first, second = frontier(problem, [3.0, 6.0], EXACT).points
    assert second.selected.tolist() == first.selected.tolist()
    assert (second.objective, second.total_cost) == (first.objective, first.total_cost)
    assert second.free_objective == first.objective
    assert second.upper_bound > first.upper_bound


def test_who_gives_up_gets_what_is_known() -> None:
    """The first budget is solved; later ones have its selection, and a bound that nobody made."""
    looks = iter([False] * 3)
    problem = facility()
    first, second = frontier(
        problem, [3.0, 6.0], EXACT, cancelled=lambda: next(looks, True)
    ).points  # fmt: skip
    assert len(first.selected)
    assert second.selected.tolist() == first.selected.tolist()
    assert second.budget == 6.0
    assert second.upper_bound == math.inf


def test_time_is_shared_out_over_the_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each budget may use an equal part of what is left; a node limit and a seed are passed on."""
    given: list[SolverOptions] = []

    def noted(asked: FacilityProblem, options: SolverOptions, **named: object) -> object:
        given.append(options)
        return solve(asked, options, **named)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(MODULE, "solve", noted)
    options = replace(EXACT, time_limit_s=8000.0, random_seed=3)
    frontier(facility(), [1.5, 3.0, 4.5, 6.0], options)
    assert [round(one.time_limit_s, -2) for one in given] == [2000.0, 2700.0, 4000.0, 8000.0]
    assert {(one.node_limit, one.random_seed) for one in given} == {(20_000, 3)}


@pytest.mark.parametrize("budgets", [[], [-1.0], [math.inf], [math.nan], [1.0, -0.1]])
def test_budgets_are_finite_numbers(budgets: list[float]) -> None:
    """At least one, none below 0."""
    with pytest.raises(ValueError, match="at least one budget"):
        frontier(pairs(), budgets, EXACT)


def test_nesting_is_for_pairs_under_a_budget_alone() -> None:
    """Other rules, other objectives and more items than a core holds are refused in a sentence."""
    rules = (Constraints(max_items=5), Constraints(include=np.array([1])))
    for problem, sentence in (
        (facility(), "not for objectives over sets"),
        *((pairs(constraints=one), "a budget alone, up to 1024") for one in rules),
    ):
        with pytest.raises(ValueError, match=sentence):
            frontier(problem, [1.0, 2.0], EXACT, nested=True)
    n = 1025
    many = PairProblem(utilities=np.zeros((n, n)), profits=np.ones(n), costs=np.ones(n), budget=1.0)
    with pytest.raises(ValueError, match="a budget alone, up to 1024"):
        frontier(many, [1.0], EXACT, nested=True)
    small = replace(
        many, utilities=np.zeros((1024, 1024)), profits=np.ones(1024), costs=np.ones(1024)
    )
    found = frontier(small, [1.0], replace(EXACT, time_limit_s=0.0), nested=True)
    assert found.points[0].objective == 1.0


def test_a_bound_of_a_larger_budget_holds_for_a_smaller_one() -> None:
    """So bounds by ascending budget never fall."""
    assert monotone([3.0, 2.0, math.inf, 5.0, 4.0]) == [2.0, 2.0, 4.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("objective", "free", "paid"),
    [(3.0, 4.0, 0.25), (4.0, 4.0, 0.0), (5.0, 4.0, 0.0), (-1.0, 4.0, 1.0),
     (1.0, 0.0, 0.0), (-2.0, -1.0, 0.0)],
)  # fmt: skip
def test_nesting_costs_a_part_of_the_free_objective(
    objective: float, free: float, paid: float
) -> None:
    """From nothing to all of it; nothing where there was nothing to lose."""
    assert price(objective, free) == paid


def test_a_walk_without_time_still_bounds_every_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Selections are within their budgets; few bounds are made, and each holds for smaller ones."""
    budgets = [float(b) for b in np.linspace(1.0, 12.0, 40)]
    made: list[float] = []
    honest = bounds_module.upper_bound

    def counted(problem: PairProblem, incumbent: float, stop: object) -> float:
        made.append(problem.budget)
        return honest(problem, incumbent, stop)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(walk_module, "upper_bound", counted)
    found = frontier(pairs(), budgets, replace(EXACT, time_limit_s=0.0))
    assert 2 <= len(made) <= 17
    assert made[0] == budgets[-1]
    for point, best in zip(found.points, bests(pairs(), budgets), strict=True):
        assert point.total_cost <= point.budget
        assert best - 1e-9 <= point.upper_bound < math.inf
        assert point.objective <= best + 1e-9
    assert found.points[-1].objective >= 0.8 * bests(pairs(), budgets)[-1]


def test_a_proof_improves_what_was_selected() -> None:
    """Whatever selections a walk starts its proofs from, they end with the best of each budget."""
    problem = pairs()
    walk = Walk(problem, BUDGETS, NEVER)
    nothing = np.zeros(8, dtype=bool)
    walk.chosen = [nothing.copy() for _ in BUDGETS]
    walk.prove(0.0)
    expected = bests(problem, BUDGETS)
    found = [walk._worth(chosen) for chosen in walk.chosen]
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert walk.bounds == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_gap_that_is_asked_for_ends_a_proof() -> None:
    """A bound within it is good enough, and holds."""
    problem = pairs()
    walk = Walk(problem, BUDGETS, NEVER)
    walk.select()
    walk.prove(10.0)
    assert all(b >= v - 1e-9 for b, v in zip(walk.bounds, bests(problem, BUDGETS), strict=True))


@pytest.mark.parametrize("seconds", [0.0, 600.0])
def test_chains_are_nested_and_within_their_budgets(seconds: float) -> None:
    """Grown and shrunk from any of several budgets, with time and without."""
    problem = pairs()
    walk = Walk(problem, BUDGETS, TimeLimit(seconds))
    walk.select()
    chain = walk.nested()
    assert len(chain) == len(BUDGETS)
    for chosen, budget in zip(chain, BUDGETS, strict=True):
        assert math.fsum(problem.costs[chosen]) <= budget * (1 + 1e-12)
    for smaller, larger in pairwise(chain):
        assert not (smaller & ~larger).any()
    worth = walk._worth(chain[-1])
    assert worth >= (0.7 if seconds == 0 else 0.9) * bests(problem, BUDGETS)[-1]
