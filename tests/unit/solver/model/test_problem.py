import numpy as np
import pytest

from solver.model.errors import InvalidProblemError
from solver.model.problem import PairProblem, SignatureProblem

UNIT = np.eye(3)


def signatures(**changes: object) -> SignatureProblem:
    """Three orthogonal scenes, with the changes applied."""
    fields: dict[str, object] = {
        "weights": [1.0, 1.0, 1.0],
        "vectors": UNIT,
        "costs": [1.0, 2.0, 3.0],
        "budget": 3.0,
    }
    return SignatureProblem(**(fields | changes))  # type: ignore[arg-type]  # wrong types on purpose


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"costs": [1.0, -2.0, 3.0]}, "costs must be at least 0; entry 1 is -2."),
        ({"costs": [1.0, np.nan, 3.0]}, r"costs must be finite; entry \(1,\) is nan."),
        ({"costs": [[1.0]]}, r"costs must have 1 dimension\(s\), not 2."),
        ({"costs": ["a", "b", "c"]}, "costs must be numbers of one shape"),
        ({"budget": -1.0}, "The budget must be a finite number of at least 0, not -1."),
        ({"budget": np.nan}, "The budget must be a finite number of at least 0, not nan."),
        ({"weights": [1.0, 1.0]}, "weights has 2 entries where there are 3 costs."),
        ({"weights": [1.0, 1.0, -0.1]}, "weights must be at least 0; entry 2 is -0.1."),
        ({"vectors": UNIT[:2]}, "vectors has 2 entries where there are 3 costs."),
        ({"vectors": np.full((3, 3), np.inf)}, r"vectors must be finite; entry"),
        ({"vectors": 2 * UNIT}, "vectors must have norm at most 1 .* entry 0 has norm 2."),
        ({"ids": ["a", "b", "a"]}, "ids must be unique; 'a' occurs twice."),
        ({"costs": [1e308, 1e308, 0.0]}, "costs add up to inf; sums up to 1e\\+100"),
        ({"costs": [0.0, 1.0, 1e-310]}, "costs must be 0 or at least 1e-100; entry 2 is 1e-310."),
        ({"weights": [1e200, 0.0, 0.0]}, "weights add up to 1e\\+200"),
        ({"ids": ["a"]}, "ids has 1 entries where there are 3 costs."),
    ],
)
def test_bad_signature_problems_name_the_rule(changes: dict[str, object], sentence: str) -> None:
    """Every broken rule of a signature problem is named with its first offender."""
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(InvalidProblemError, match=sentence),
    ):
        signatures(**changes)


@pytest.mark.parametrize(
    ("utilities", "profits", "sentence"),
    [
        ([[0, 1], [2, 0]], [0, 0], "utilities must be symmetric."),
        ([[1, 0], [0, 0]], [0, 0], "The diagonal of utilities must be 0"),
        ([[0, 1, 2], [1, 0, 3]], [0, 0], r"utilities must have shape \(2, 2\)"),
        ([[0, 1], [1, 0]], [0], "profits has 1 entries where there are 2 costs."),
    ],
)
def test_bad_pair_problems_name_the_rule(
    utilities: list[list[float]], profits: list[float], sentence: str
) -> None:
    """Every broken rule of a pair problem is named."""
    with pytest.raises(InvalidProblemError, match=sentence):
        PairProblem(
            utilities=np.array(utilities), profits=np.array(profits), costs=np.ones(2), budget=1.0
        )


def test_a_norm_that_rounding_lifted_above_one_is_scaled_back() -> None:
    """A float32 unit vector that came out a little too long yields no negative utility."""
    problem = signatures(vectors=UNIT * (1 + 2e-5))
    assert np.linalg.norm(problem.vectors, axis=1).max() <= 1.0


def test_arrays_cannot_be_changed_afterwards() -> None:
    """A checked problem stays as it was checked, whatever happens to the caller's arrays."""
    costs = np.array([1.0, 2.0, 3.0])
    problem = signatures(costs=costs)
    costs[0] = -1.0
    assert problem.costs[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        problem.costs[0] = -1.0
