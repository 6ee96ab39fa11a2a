"""What counts as rounding is set by what may be chosen."""

import numpy as np
import pytest

from solver.model.constraints import Constraints, GroupRule
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem, PairProblem, SignatureProblem
from solver.rules.reduction import reduce
from solver.search.core import pair_core
from solver.solve import solve


def asked(kind: str, profits: list[float], **rules: object) -> AnyProblem:
    """Return items of some profits, and next to nothing else, that a budget pays for."""
    n = len(profits)
    shared = {
        "profits": np.array(profits),
        "costs": np.ones(n),
        "budget": float(n),
        "constraints": Constraints(**rules),  # type: ignore[arg-type]  # values of many kinds
    }
    if kind == "pairs":
        return PairProblem(utilities=np.zeros((n, n)), **shared)  # type: ignore[arg-type]
    vectors = np.eye(n) * 0.5
    return SignatureProblem(weights=np.full(n, 1e-100), vectors=vectors, **shared)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["pairs", "signatures"])
def test_a_loss_that_nobody_takes_hides_no_gain(kind: str) -> None:
    """Gains of 1e-7 are told from nothing although an item would lose 1e9."""
    problem = asked(kind, [57.0, 3e-7, -2e-7, -1e9, 1e-8])
    result = solve(problem, SolverOptions(time_limit_s=10.0))
    assert result.selected.tolist() == [0, 1, 4]
    assert result.gap == 0.0


@pytest.mark.parametrize("kind", ["pairs", "signatures"])
@pytest.mark.parametrize("needed", ["number", "group"])
def test_a_loss_that_a_minimum_asks_for_is_taken(kind: str, needed: str) -> None:
    """Then its size is that of the objective."""
    group = GroupRule(name="g", items=np.array([3]), minimum=1)
    rules = {"number": {"min_items": 4}, "group": {"groups": (group,)}}[needed]
    problem = asked(kind, [57.0, 3.0, 0.5, -1e9], **rules)
    assert solve(problem, SolverOptions(time_limit_s=10.0)).selected.tolist() == [0, 1, 2, 3]


def test_the_margin_of_a_tree_is_of_what_may_be_chosen() -> None:
    """A thousand times less than a unit of the loss that is in no best selection."""
    free, bound = (
        pair_core(reduce(asked("pairs", [1.0, 0.5, -1e9], min_items=least)).problem).margin()  # type: ignore[arg-type]
        for least in (0, 1)
    )
    assert free.absolute < 1e-9 < bound.absolute
