"""Branch and bound: what does not depend on the machine."""

import numpy as np
import pytest

from solver.model.problem import PairProblem, SignatureProblem
from solver.model.stop import GapReached
from solver.pairs.lagrangian import lagrangian, split_again
from solver.pairs.tree import pair_tree
from solver.search.core import CORE_ITEMS, pair_core, signature_core
from solver.search.greedy import greedy
from solver.search.oscillation import oscillate
from solver.signatures.tree import signature_tree
from solver.signatures.tree_kernel import explore
from solver.warm_up import warm_up


def _scenes(n: int) -> SignatureProblem:
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(n, 12))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return SignatureProblem(
        weights=rng.uniform(0.2, 1.0, n),
        vectors=vectors * 0.9,
        costs=rng.integers(10, 99, n).astype(float),
        budget=10.0 * n,
    )


def _pairs(n: int) -> PairProblem:
    rng = np.random.default_rng(3)
    upper = np.triu(rng.integers(0, 100, (n, n)) * (rng.random((n, n)) < 0.5), 1)
    return PairProblem(
        utilities=(upper + upper.T).astype(float),
        profits=rng.integers(0, 100, n).astype(float),
        costs=rng.integers(1, 50, n).astype(float),
        budget=8.0 * n,
    )


@pytest.mark.parametrize("nodes", [60, 600])
def test_one_thread_and_two_grow_the_same_tree(nodes: int) -> None:
    """Selection, bound and number of nodes do not depend on the number of threads."""
    scenes, pairs = _scenes(90), _pairs(70)
    stop = GapReached(0.0)
    for one, two in (
        [
            signature_tree(
                signature_core(scenes), greedy(scenes).chosen, stop, threads=t, nodes=nodes
            )
            for t in (1, 2)
        ],
        [
            pair_tree(pair_core(pairs), greedy(pairs).chosen, stop, threads=t, nodes=nodes)
            for t in (1, 2)
        ],
    ):
        assert one.chosen.tolist() == two.chosen.tolist()
        assert (one.upper_bound, one.nodes) == (two.upper_bound, two.nodes)


def test_a_core_of_signatures_is_small() -> None:
    """No matrix is made of more signatures than a core may have."""
    with pytest.raises(ValueError, match="at most 1024 items"):
        signature_core(_scenes(CORE_ITEMS + 1))


def test_warming_up_compiles_the_trees() -> None:
    """After an install's warm-up no search has to wait for the compiler."""
    warm_up()
    for compiled in (explore, lagrangian, split_again, oscillate):
        assert compiled.signatures  # type: ignore[attr-defined]  # numba's dispatcher has it
