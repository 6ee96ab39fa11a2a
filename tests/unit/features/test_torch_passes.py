import numpy as np
import pytest

from features.torch_passes import TorchPasses
from solver.model.problem import SignatureProblem
from solver.model.stop import GapReached
from solver.signatures.large import large
from solver.signatures.passes import BlockPasses


def _vectors(dtype: type[np.floating]) -> np.ndarray:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(101, 24))
    return (0.7 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block", [7, 1000])
def test_passes_agree_with_the_solvers_own(dtype: type[np.floating], block: int) -> None:
    """On the CPU device every pass returns what the compiled passes return, up to rounding."""
    vectors = _vectors(dtype)
    vectors.flags.writeable = False
    ours, theirs = BlockPasses(vectors), TorchPasses(vectors, device="cpu", block=block)
    items = np.array([3, 100, 0, 17])
    amounts = np.array([0.5, 2.0, 1.0, 3.0])
    direction = np.linspace(-1.0, 2.0, 24)
    assert theirs.combine(items, amounts) == pytest.approx(ours.combine(items, amounts), rel=1e-13)
    assert theirs.project(direction) == pytest.approx(ours.project(direction), abs=1e-13)
    assert theirs.squares() == pytest.approx(ours.squares(), rel=1e-13)
    assert np.array_equal(theirs.rows(items), ours.rows(items))


def test_the_search_takes_them() -> None:
    """A search over torch passes chooses what the search over the solver's own passes chooses."""
    vectors = _vectors(np.float32)
    rng = np.random.default_rng(4)
    costs = np.round(rng.lognormal(3.0, 0.5, 101))
    problem = SignatureProblem(
        weights=rng.uniform(0.5, 1.0, 101),
        vectors=vectors,
        costs=costs,
        budget=float(costs.sum() // 5),
    )
    ours = large(problem, GapReached(0.0))
    theirs = large(problem, GapReached(0.0), passes=TorchPasses(vectors, device="cpu"))
    assert np.array_equal(ours.chosen, theirs.chosen)
    assert theirs.upper_bound == pytest.approx(ours.upper_bound, rel=1e-9)
