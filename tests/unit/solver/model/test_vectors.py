from pathlib import Path

import numpy as np
import pytest

from solver.model.errors import InvalidProblemError
from solver.model.objective import gains, pair_row, value
from solver.model.problem import SignatureProblem
from solver.model.vectors import LARGE, row_products, row_squares

WIDTH = 64
COUNT = LARGE // WIDTH


def _large() -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(COUNT, WIDTH)).astype(np.float32)
    vectors *= np.float32(0.7) / np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _problem(vectors: np.ndarray) -> SignatureProblem:
    n = len(vectors)
    return SignatureProblem(weights=np.ones(n), vectors=vectors, costs=np.ones(n), budget=9.0)


def test_large_read_only_vectors_are_not_copied(tmp_path: Path) -> None:
    """A large float32 array mapped from a file is used where it lies."""
    np.save(tmp_path / "vectors.npy", _large())
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    kept = _problem(mapped).vectors
    assert kept.dtype == np.float32
    assert np.shares_memory(kept, mapped)


def test_large_writeable_vectors_are_copied_once() -> None:
    """Vectors that the caller can still change are copied, as float32, and cannot be changed."""
    vectors = _large()
    kept = _problem(vectors).vectors
    assert kept.dtype == np.float32
    assert not np.shares_memory(kept, vectors)
    assert not kept.flags.writeable


def test_small_vectors_are_widened() -> None:
    """Few float32 vectors become float64, the same numbers."""
    vectors = _large()[:100]
    kept = _problem(vectors).vectors
    assert kept.dtype == np.float64
    assert np.array_equal(kept, vectors)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_large_array_is_checked_to_the_last_number(wrong: float) -> None:
    """A number that is not finite is named by its place, in a large array too."""
    vectors = _large()
    vectors[COUNT - 1, 5] = wrong
    with pytest.raises(InvalidProblemError, match=rf"entry \({COUNT - 1}, 5\) is {wrong}"):
        _problem(vectors)


def test_a_large_array_has_no_long_vector() -> None:
    """A vector longer than 1 is named; one that float32 rounded up is scaled back."""
    vectors = _large()
    vectors[7] *= np.float32(1.00002 / np.linalg.norm(vectors[7]))
    vectors.flags.writeable = False
    kept = _problem(vectors).vectors
    assert float(row_squares(kept[7:8])[0]) == pytest.approx(1.0, abs=3e-7)
    assert np.array_equal(kept[8:], vectors[8:])
    longer = vectors.copy()
    longer[9] *= 2.0
    with pytest.raises(InvalidProblemError, match=r"entry 9 has norm 1\.4"):
        _problem(longer)


def test_large_problems_are_evaluated_in_float64() -> None:
    """Value, gains and pair utilities of float32 vectors are those of the same float64 numbers."""
    problem = _problem(_large())
    wide = problem.vectors.astype(np.float64)
    chosen = np.zeros(problem.n, dtype=bool)
    chosen[[3, 99, COUNT - 1]] = True
    inside = wide[chosen]
    pairs = 1.0 - inside @ inside.T
    assert value(problem, chosen) == pytest.approx(np.triu(pairs, k=1).sum(), rel=1e-14)
    expected = (1.0 - wide @ inside.T).sum(axis=1)
    assert gains(problem, chosen)[~chosen] == pytest.approx(expected[~chosen], rel=1e-13)
    row = 1.0 - wide @ wide[3]
    assert pair_row(problem, 3)[4:] == pytest.approx(row[4:], rel=1e-13)
    assert row_products(problem.vectors, wide[3]) == pytest.approx(wide @ wide[3], abs=1e-14)
