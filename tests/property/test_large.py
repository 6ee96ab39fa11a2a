"""The large search on problems small enough for exhaustive search, through the same code."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import signature_problems

from solver.model.objective import gains, pair_matrix, value
from solver.model.problem import Problem, SignatureProblem
from solver.model.result import StopReason
from solver.model.stop import GapReached, Stop
from solver.signatures.dual import Ranges, direction
from solver.signatures.large import LargeProgress, large
from solver.signatures.passes import BlockPasses
from solver.signatures.pool import LargePool

Oracle = Callable[[Problem], float]


def _after(calls: int) -> Stop:
    """Return a criterion that says stop at its `calls`-th question."""
    asked = iter(range(10**9))
    return lambda *_: StopReason.CANCELLED if next(asked) >= calls else None


def _pool(problem: SignatureProblem) -> LargePool:
    passes = BlockPasses(problem.vectors, block=3)
    return LargePool(problem.weights, problem.profits, problem.costs, problem.allowance, passes)


@settings(max_examples=150, deadline=None)
@given(
    problem=signature_problems(),
    core=st.integers(1, 14),
    calls=st.integers(0, 40),
    block=st.integers(1, 5),
)
def test_whenever_it_is_stopped_the_bound_covers_the_optimum(
    problem: SignatureProblem, core: int, calls: int, block: int, best_value: Oracle
) -> None:
    """Every report, and the end, is affordable, worth what it says, and not below the optimum."""
    best = best_value(problem)
    seen: list[LargeProgress] = []
    attempt = large(
        problem,
        _after(calls),
        seen.append,
        passes=BlockPasses(problem.vectors, block=block),
        core=core,
    )
    slack = 1e-12 * problem.weights.sum() ** 2
    for progress in seen:
        assert math.fsum(problem.costs[progress.chosen]) <= problem.allowance
        assert abs(progress.objective - value(problem, progress.chosen)) <= slack
        assert progress.upper_bound >= best - slack
        assert progress.upper_bound >= progress.objective
    assert math.fsum(problem.costs[attempt.chosen]) <= problem.allowance
    assert attempt.upper_bound >= best - slack
    assert value(problem, attempt.chosen) <= best + slack


@settings(max_examples=100, deadline=None)
@given(problem=signature_problems(max_items=10), seed=st.integers(0, 2**32 - 1))
def test_profits_of_any_sign_are_bounded_too(problem: SignatureProblem, seed: int) -> None:
    """With profits, as penalties of further rules bring them, the bound covers every selection."""
    rng = np.random.default_rng(seed)
    scale = rng.choice([1e-3, 1.0, 30.0])
    problem = replace(problem, profits=scale * rng.normal(size=problem.n))
    masks = ((np.arange(2**problem.n)[:, None] >> np.arange(problem.n)) & 1).astype(float)
    affordable = masks @ problem.costs <= problem.allowance
    pairs = 0.5 * np.einsum("si,ij,sj->s", masks, pair_matrix(problem), masks, optimize=True)
    best = float((pairs + masks @ problem.profits)[affordable].max())
    attempt = large(problem, GapReached(0.0), passes=BlockPasses(problem.vectors, block=3))
    slack = 1e-12 * (problem.weights.sum() ** 2 + np.abs(problem.profits).sum())
    assert math.fsum(problem.costs[attempt.chosen]) <= problem.allowance
    assert attempt.upper_bound >= best - slack
    assert value(problem, attempt.chosen) <= best + slack


@settings(max_examples=50, deadline=None)
@given(problem=signature_problems())
def test_an_uninterrupted_search_is_hard_to_beat(
    problem: SignatureProblem, best_value: Oracle
) -> None:
    """With all items in the core the search finds the optimum of these small problems."""
    attempt = large(problem, GapReached(0.0))
    best = best_value(problem)
    assert value(problem, attempt.chosen) >= best * (1 - 1e-9) - 1e-12


@settings(max_examples=100, deadline=None)
@given(problem=signature_problems(), share=st.floats(0.0, 1.0), slope=st.floats(0.1, 2.0))
def test_any_point_bounds(
    problem: SignatureProblem, share: float, slope: float, best_value: Oracle
) -> None:
    """Any point's direction bounds the optimum."""
    pool, best = _pool(problem), best_value(problem)
    point = pool.start()
    pool.step(point, slope * point.slope)
    ranges = Ranges(
        pool.data, direction(point.image, point.slope, pool.passes.project(point.image))
    )
    ranges.refine(share * best, most=30, give_up=lambda: False)
    slack = 1e-12 * problem.weights.sum() ** 2
    assert ranges.bound >= best - slack


@given(problem=signature_problems(), seed=st.integers(0, 2**32 - 1))
def test_the_pool_evaluates_like_the_problem(problem: SignatureProblem, seed: int) -> None:
    """Values and gains of a pool are those of the problem it is made of."""
    pool = _pool(problem)
    chosen = (np.random.default_rng(seed).random(problem.n) < 0.5) & pool.affordable
    slack = 1e-12 * (1.0 + problem.weights.sum() ** 2)
    assert abs(pool.value(chosen) - value(problem, chosen)) <= slack
    affordable = pool.affordable
    assert pool.gains(chosen)[affordable] == pytest.approx(
        gains(problem, chosen)[affordable], abs=slack
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), threads=st.integers(1, 3), block=st.integers(1, 200))
def test_threads_blocks_and_files_change_nothing(
    seed: int, threads: int, block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Threads, blocks and memory-mapping change neither selection nor bound by a single bit."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(150, 8))
    vectors = (0.8 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    path: Path = tmp_path_factory.mktemp("mapped") / "vectors.npy"
    np.save(path, vectors)
    costs = rng.integers(1, 50, 150).astype(float)
    problem = SignatureProblem(
        weights=rng.uniform(0.1, 1.0, 150), vectors=vectors, costs=costs, budget=costs.sum() // 6
    )
    mapped = np.load(path, mmap_mode="r")
    one = large(problem, GapReached(1e-3), passes=BlockPasses(vectors, threads=1), core=60)
    two = large(
        problem,
        GapReached(1e-3),
        passes=BlockPasses(mapped, threads=threads, block=block),
        core=60,
    )
    assert np.array_equal(one.chosen, two.chosen)
    assert one.upper_bound == two.upper_bound
