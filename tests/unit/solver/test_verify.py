from dataclasses import replace

import numpy as np
import pytest

from solver.model.errors import VerificationError
from solver.model.problem import SignatureProblem
from solver.model.result import Result, Status
from solver.solve import solve
from solver.verify import verify

PROBLEM = SignatureProblem(
    weights=np.array([1.0, 0.8, 0.6, 0.9]),
    vectors=np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, 0.6]]),
    costs=np.array([2.0, 3.0, 1.0, 4.0]),
    budget=6.0,
)


@pytest.fixture
def answer() -> Result:
    """Return a true answer to tamper with."""
    return solve(PROBLEM)


def test_a_true_answer_passes(answer: Result) -> None:
    """What the solver returns holds."""
    verify(PROBLEM, answer)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"objective": 99.0, "upper_bound": 99.0}, "is worth .*, not 99.0"),
        ({"upper_bound": 0.0}, "is below"),
        ({"upper_bound": 99.0, "status": Status.OPTIMAL}, "called optimal"),
        ({"selected": np.array([0, 1, 2, 3])}, "costs 10.0, not"),
        ({"selected": np.array([0, 1, 2, 3]), "total_cost": 10.0}, "more than the budget"),
        ({"selected": np.array([1, 0])}, "not a sorted list"),
        ({"selected": np.array([0, 0])}, "not a sorted list"),
        ({"selected": np.array([0, 7])}, "not a sorted list"),
        ({"selected": np.array([-1, 0])}, "not a sorted list"),
        ({"budget": 7.0}, "The budget is 6.0, not 7.0"),
    ],
)
def test_a_changed_answer_is_rejected(
    answer: Result, change: dict[str, object], sentence: str
) -> None:
    """Every statement of an answer, changed, is found out and named."""
    with pytest.raises(VerificationError, match=sentence):
        verify(PROBLEM, replace(answer, **change))  # type: ignore[arg-type]  # values of many kinds
