"""Strategies that draw problems small enough for exhaustive search."""

import numpy as np
from hypothesis import strategies as st

from solver.problem import PairProblem, Problem, SignatureProblem


@st.composite
def signature_problems(draw: st.DrawFn, max_items: int = 14) -> SignatureProblem:
    """Draw scenes with centres on the sphere, repeated scenes and free scenes among them."""
    n = draw(st.integers(1, max_items))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    centres = rng.normal(size=(n, draw(st.integers(1, 4)), draw(st.integers(1, 5))))
    centres /= np.linalg.norm(centres, axis=2, keepdims=True)
    if n > 1 and draw(st.booleans()):
        centres[-1] = centres[0]
    whole = draw(st.booleans())
    costs = rng.integers(0, 50, n).astype(float) if whole else rng.lognormal(0.0, 1.0, n)
    # Ordinary weights, or weights over many orders of magnitude.
    weights = (
        rng.uniform(0.0, 2.0, n) if draw(st.booleans()) else 2.0 * 10.0 ** -rng.uniform(0, 7, n)
    )
    return SignatureProblem(
        weights=weights * (rng.random(n) > 0.1),
        vectors=centres.mean(axis=1),
        costs=costs,
        budget=float(costs.sum() * draw(st.floats(0.0, 1.1))),
    )


@st.composite
def pair_problems(draw: st.DrawFn, max_items: int = 14) -> PairProblem:
    """Draw matrices with positive, zero and negative utilities and profits."""
    n = draw(st.integers(1, max_items))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lowest = draw(st.sampled_from([0, -40]))
    upper = np.triu(rng.integers(lowest, 101, (n, n)) * (rng.random((n, n)) < 0.7), k=1)
    costs = rng.integers(0, 50, n).astype(float)
    utilities = (upper + upper.T).astype(float)
    if n > 1 and draw(st.booleans()):
        # Two items that are worth a lot together, and that hardly a budget can buy.
        utilities[0, 1] = utilities[1, 0] = 1e9
        costs[:2] += 40.0
    return PairProblem(
        utilities=utilities,
        profits=rng.integers(lowest, 101, n).astype(float),
        costs=costs,
        budget=float(np.floor(costs.sum() * draw(st.floats(0.0, 1.1)))),
    )


def problems(max_items: int = 14) -> st.SearchStrategy[Problem]:
    """Draw a problem of either form."""
    return st.one_of(signature_problems(max_items), pair_problems(max_items))
