"""Strategies that draw problems small enough for exhaustive search."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.problem import PairProblem, Problem, SignatureProblem


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


@st.composite
def constrained_problems(draw: st.DrawFn, max_items: int = 12) -> Problem:
    """Draw a problem with rules of every kind, many of them in conflict."""
    plain = draw(problems(max_items))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return replace(plain, constraints=constraints_for(draw, rng, plain.n))


def constraints_for(draw: st.DrawFn, rng: np.random.Generator, n: int) -> Constraints:
    """Draw each kind of rule, or none of that kind."""
    kinds = [draw(st.booleans()) for _ in range(6)]
    few = [rng.choice(n, size=int(rng.integers(0, min(n, 3) + 1)), replace=False) for _ in "123"]
    least = int(rng.integers(0, n // 2 + 1)) if kinds[3] else 0
    most = int(rng.integers(least, n + 1)) if draw(st.booleans()) else None
    return Constraints(
        include=few[0] if kinds[0] else np.zeros(0, int),
        exclude=few[1] if kinds[1] else np.zeros(0, int),
        labelled=few[2] if kinds[2] else np.zeros(0, int),
        min_items=least,
        max_items=most,
        groups=_groups(rng, n) if kinds[4] else (),
        resources=_resources(rng, n) if kinds[5] else (),
    )


def _groups(rng: np.random.Generator, n: int) -> tuple[GroupRule, ...]:
    order, cuts = rng.permutation(n), np.sort(rng.integers(0, n + 1, 2))
    groups = []
    for name, items in zip("ab", np.split(order, cuts)[:2], strict=True):
        least = int(rng.integers(0, len(items) // 2 + 2))
        most = int(rng.integers(least, len(items) + 2)) if rng.random() < 0.5 else None
        groups.append(GroupRule(name=name, items=items, minimum=least, maximum=most))
    return tuple(groups)


def _resources(rng: np.random.Generator, n: int) -> tuple[Resource, ...]:
    found = []
    for name in "xy"[: int(rng.integers(1, 3))]:
        costs = rng.integers(0, 20, n).astype(float)
        if rng.random() < 0.5:
            costs *= 0.1
        found.append(
            Resource(name=name, costs=costs, limit=float(costs.sum() * rng.uniform(0.2, 1.1)))
        )
    return tuple(found)
