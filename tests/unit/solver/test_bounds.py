"""Bounds beside the best of all selections: never below it, and where it can be known, exact."""

import math
from dataclasses import replace

import differential_problems
import numpy as np
import pytest
from differential import built
from differential_model import Case, Enumeration

from solver import bounds
from solver.bounds import upper_bound
from solver.model.problem import PairProblem, SignatureProblem
from solver.model.result import StopReason
from solver.model.stop import GapReached, TimeLimit

NEVER = GapReached(0.0)


def cases() -> list[tuple[Case, Enumeration]]:
    """Return sums over pairs under a budget alone."""
    found = []
    for place in [*range(0, 700, 7), *range(1, 700, 7)]:
        case = differential_problems.make(9, place, most_items=8)
        if not any(case.rules.values()):
            found.append((case, Enumeration(case)))
    return found


def test_no_selection_is_worth_more() -> None:
    """Whatever costs, budget and worths are, a bound is at least the best of all selections."""
    some = cases()
    assert len(some) > 40
    for case, seen in some:
        best = seen.best(seen.allowed())
        scale = float(seen.scale[-1])
        bound = upper_bound(built(case), 0.0, NEVER)  # type: ignore[arg-type]  # pairs
        assert bound >= max(0.0, best) - 1e-14 * scale
        assert upper_bound(built(case), best, NEVER) >= best  # type: ignore[arg-type]
        assert upper_bound(built(case), bound + 7.0, NEVER) >= bound + 7.0  # type: ignore[arg-type]


def pairs(budget: float) -> PairProblem:
    """Return three items of costs 1, 2, 3, of which every pair is worth its costs' product."""
    costs = np.array([1.0, 2.0, 3.0])
    return PairProblem(
        utilities=np.outer(costs, costs) * (1 - np.eye(3)), profits=-costs / 2, costs=costs,
        budget=budget,
    )  # fmt: skip


def test_pairs_are_bounded_by_their_upper_plane() -> None:
    """Gallo, Hammer and Simeone by hand: half of the best company that the rest of the budget buys.

    With 4 to spend: company of item 0 is all of item 2, of item 1 item 0 and a third of item 2, of
    item 2 item 0.
    """
    company = np.array([3.0, 2.0 + 2.0, 3.0])
    worth = -np.array([0.5, 1.0, 1.5]) + 0.5 * company  # 1, 1, 0
    assert upper_bound(pairs(4.0), 0.0, NEVER) == pytest.approx(worth[0] + worth[1], rel=1e-11)
    assert upper_bound(pairs(6.0), 0.0, NEVER) == pytest.approx(8.0, rel=1e-11)
    assert upper_bound(pairs(0.0), -1.0, NEVER) == 0.0


def test_what_is_never_affordable_does_not_blur_the_bound() -> None:
    """Items above the budget are left out; one that costs exactly the budget is not."""
    assert upper_bound(pairs(2.0), 0.0, NEVER) == pytest.approx(0.0, abs=1e-11)
    dear = replace(pairs(3.0), profits=np.array([0.0, 0.0, 9.0]))
    assert upper_bound(dear, 0.0, NEVER) >= 9.0
    weights = np.array([1.0, 1.0, 50.0])
    scenes = SignatureProblem(
        weights=weights, vectors=np.eye(3), costs=np.array([1.0, 1.0, 9.0]), budget=2.0
    )
    assert upper_bound(scenes, 0.0, NEVER) == pytest.approx(1.0, rel=0.01)


def test_without_time_the_rest_gets_half_of_all_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that was cut off still holds, and is no lower than one that was not."""
    monkeypatch.setattr(bounds, "_LOOK", 1)
    looks = []

    def after(count: int) -> float:
        looks.clear()

        def stop(objective: float, bound: float) -> StopReason | None:
            assert bound == math.inf
            looks.append(objective)
            return StopReason.TIME_LIMIT if len(looks) > count else None

        return upper_bound(pairs(4.0), 0.0, stop)

    whole, none, some = after(9), after(0), after(1)
    assert len(looks) == 2
    assert whole == pytest.approx(2.0, rel=1e-11)
    # With half of all company the second and third item are worth 3; the first keeps its 1.
    assert none == pytest.approx(3.0 + 2.0, rel=1e-11)
    assert some == pytest.approx(1.0 + 3.0, rel=1e-11)
    assert upper_bound(pairs(4.0), 0.0, TimeLimit(0.0)) == none


def test_rounding_is_added() -> None:
    """A bound that a sum of tenths would miss by the last digit is lifted, not lowered."""
    n = 40
    problem = PairProblem(
        utilities=np.zeros((n, n)), profits=np.full(n, -0.1), costs=np.ones(n), budget=float(n)
    )
    assert upper_bound(problem, -1.0, NEVER) == 0.0
    gains = replace(problem, profits=np.full(n, 0.1))
    bound = upper_bound(gains, 0.0, NEVER)
    assert 4.0 < bound <= 4.0 * (1 + 2e-12)
