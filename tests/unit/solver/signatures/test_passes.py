from pathlib import Path

import numpy as np
import pytest

from solver.signatures.passes import BlockPasses


def _vectors(dtype: type[np.floating] = np.float32) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(103, 19)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_passes_are_the_products_of_float64(dtype: type[np.floating]) -> None:
    """Every pass equals the product in float64, within the rounding that the bound allows for."""
    vectors = _vectors(dtype)
    wide = vectors.astype(np.float64)
    passes = BlockPasses(vectors, block=10)
    u = np.linspace(-1.0, 1.0, 19)
    allowed = 21 * 2.0**-53 * np.linalg.norm(wide, axis=1) * np.linalg.norm(u)
    assert (np.abs(passes.project(u) - wide @ u) <= 2 * allowed).all()
    assert passes.squares() == pytest.approx((wide**2).sum(axis=1), rel=1e-14)
    items, amounts = np.array([5, 2, 99]), np.array([1.0, -2.0, 0.25])
    assert passes.combine(items, amounts) == pytest.approx(amounts @ wide[items], rel=1e-13)
    assert np.array_equal(passes.rows(items), vectors[items])


@pytest.mark.parametrize(("threads", "block"), [(1, 1), (2, 1), (2, 7), (3, 50), (2, 1000)])
def test_blocks_and_threads_change_no_bit(threads: int, block: int) -> None:
    """The same numbers come out bit by bit for any block size and any number of threads."""
    vectors = _vectors()
    u = np.linspace(-3.0, 1.0, 19)
    plain = BlockPasses(vectors, threads=1)
    other = BlockPasses(vectors, threads=threads, block=block)
    assert np.array_equal(plain.project(u), other.project(u))
    assert np.array_equal(plain.squares(), other.squares())


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    """Memory-mapped vectors give the same numbers as vectors in memory, bit by bit."""
    vectors = _vectors()
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    u = np.linspace(0.0, 2.0, 19)
    inside, outside = BlockPasses(vectors), BlockPasses(mapped, block=11)
    items, amounts = np.array([100, 3]), np.array([2.0, 0.5])
    assert np.array_equal(inside.project(u), outside.project(u))
    assert np.array_equal(inside.squares(), outside.squares())
    assert np.array_equal(inside.combine(items, amounts), outside.combine(items, amounts))
    assert np.array_equal(inside.rows(items), outside.rows(items))


def test_nothing_is_combined_to_nothing() -> None:
    """A combination of no rows is the zero vector."""
    passes = BlockPasses(_vectors())
    none = passes.combine(np.zeros(0, dtype=np.intp), np.zeros(0))
    assert np.array_equal(none, np.zeros(19))
