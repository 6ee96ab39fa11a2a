"""Every objective on small pools: its formula, written out again, and exhaustive search."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.choosing.objectives import OBJECTIVES
from app.choosing.question import Question
from app.choosing.seeding import make_seed
from features.signatures.model import Signatures
from features.signatures.parts import Parts
from solver.model.objective import value
from solver.model.options import SolverOptions
from solver.model.result import Status

Floats = NDArray[np.float64]
Chosen = tuple[int, ...]

NAMES = sorted(OBJECTIVES)


def units(asked: Question) -> list[Floats]:
    """Return what tells each scene from the pool, scene by scene."""
    mean = sum(asked.signatures.vectors) / len(asked.signatures.vectors)
    apart = [vector - mean for vector in asked.signatures.vectors]
    lengths = [math.sqrt(float(u @ u)) for u in apart]
    return [
        u / length if length > 1e-9 else np.zeros_like(u)
        for u, length in zip(apart, lengths, strict=True)
    ]


def squares(asked: Question) -> Floats:
    """Return squared distances of directions, pair by pair."""
    u = units(asked)
    return np.array([[float(((a - b) ** 2).sum()) for b in u] for a in u])


def seedal(asked: Question, chosen: Chosen) -> float:
    """Pairs, each by both weights and the cosine of the means."""
    w, m = asked.signatures.weights, asked.signatures.vectors
    return sum(w[i] * w[j] * (1 - float(m[i] @ m[j])) for i, j in combinations(chosen, 2))


def pairwise(asked: Question, chosen: Chosen) -> float:
    """Pairs by the cosine of the means alone."""
    m = asked.signatures.vectors
    return sum(1 - float(m[i] @ m[j]) for i, j in combinations(chosen, 2))


def centred(asked: Question, chosen: Chosen) -> float:
    """Pairs by the cosine of what tells them from the pool."""
    u = units(asked)
    return sum(1 - float(u[i] @ u[j]) for i, j in combinations(chosen, 2))


def facility_location(asked: Question, chosen: Chosen) -> float:
    """Each scene of the pool by the most similar chosen one."""
    u = units(asked)
    return sum(max([0.0, *((1 + float(u[i] @ other)) / 2 for i in chosen)]) for other in u)


def k_center(asked: Question, chosen: Chosen) -> float:
    """With nothing chosen, as bad as the worst choice."""
    d = np.sqrt(squares(asked))
    return -max(min([d.max(), *(d[i, j] for i in chosen)]) for j in range(len(d)))


def buys(asked: Question) -> float:
    """Return the part of the pool that the budget buys at the average price."""
    total = float(asked.costs.sum())
    return min(1.0, asked.budget / total) if total > 0 else 1.0


def coverage(asked: Question, chosen: Chosen) -> float:
    """Each word by how much of it is there, a mean over levels."""
    parts = asked.signatures.parts
    assert parts is not None
    pool, seed = np.zeros(int(parts.sizes.sum())), np.zeros(int(parts.sizes.sum()))
    for scene in range(parts.n):
        for part in range(parts.offsets[scene], parts.offsets[scene + 1]):
            for word in parts.words[part]:
                pool[word] += float(parts.masses[part])
                seed[word] += float(parts.masses[part]) * (scene in chosen)
    images = float(parts.masses.sum(dtype=float))
    b = max(1.0, buys(asked) * images)
    worth = 0.0
    for there, seen in zip(pool / images, seed, strict=True):
        worth += there * seen / (seen + 0.3 * b * there) if there else 0.0
    return worth / len(parts.sizes)


def spread(asked: Question, chosen: Chosen) -> float:
    """Take the determinant by eigenvalues, of the kernel itself."""
    squared = squares(asked)
    pairs = [squared[i, j] for i, j in combinations(range(len(squared)), 2)]
    h = float(np.median(pairs)) if pairs else 0.0
    kernel = np.exp(-squared / (h if h > 1e-10 else 1.0))[np.ix_(chosen, chosen)]
    return float(np.log(np.linalg.eigvalsh(np.eye(len(chosen)) + kernel / 0.1)).sum())


def balanced(asked: Question, chosen: Chosen) -> float:
    """Coverage and spread, spread as a part of the most there can be."""
    most = math.log(11) * max(10.0, buys(asked) * len(asked.costs))
    return coverage(asked, chosen) + 0.3 * spread(asked, chosen) / most


def recommended(asked: Question, chosen: Chosen) -> float:
    """Coverage of pools in which most scenes have a near twin, k-center of others."""
    u = units(asked)
    nearest = [
        max((float(u[i] @ u[j]) for j in range(len(u)) if j != i), default=0.0)
        for i in range(len(u))
    ]
    has_twins = float(np.median(nearest)) >= 0.58
    return coverage(asked, chosen) if has_twins else k_center(asked, chosen)


FORMULAS: dict[str, Callable[[Question, Chosen], float]] = {
    formula.__name__: formula
    for formula in (
        seedal,
        pairwise,
        centred,
        facility_location,
        k_center,
        coverage,
        spread,
        balanced,
        recommended,
    )
}


def parts_of(rng: np.random.Generator, n: int) -> Parts:
    """Return parts at one to three levels; some words are nowhere, some parts weigh nothing."""
    counts = rng.integers(1, 5, n)
    sizes = rng.integers(1, 6, int(rng.integers(1, 4)))
    m = int(counts.sum())
    words = np.cumsum(sizes) - sizes + rng.integers(0, sizes, (m, len(sizes)))
    masses = rng.random(m) * (rng.random(m) < 0.8)
    owners = np.repeat(np.arange(n), counts)
    masses[np.unique(owners, return_index=True)[1]] += 0.1
    masses *= (rng.integers(1, 5, n) / np.bincount(owners, masses, n))[owners]
    return Parts(np.cumsum([0, *counts]), masses.astype(np.float32), words.astype(np.int32), sizes)


@st.composite
def questions(draw: st.DrawFn, max_scenes: int = 8) -> Question:
    """Draw pools with equal scenes, a scene that is the mean, and scenes that cost nothing."""
    n, d = draw(st.integers(1, max_scenes)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    vectors = rng.standard_normal((n, d))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) * rng.uniform(1.0, 2.0, (n, 1))
    match draw(st.sampled_from(["plain", "repeated", "equal", "mean"])):
        case "repeated":
            vectors[n // 2 :] = vectors[: n - n // 2]
        case "equal":
            vectors[:] = vectors[0]
        case "mean":
            vectors[-1] = vectors[:-1].mean(axis=0) if n > 1 else vectors[0]
    costs = rng.integers(0, 9, n).astype(float)
    budget = max(float(costs.min()), draw(st.floats(0.0, 1.1)) * float(costs.sum()))
    ids, weights = tuple(f"scene {k}" for k in range(n)), rng.uniform(0.0, 2.0, n)
    return Question(
        signatures=Signatures(ids, weights, vectors, np.full(n, 3), parts_of(rng, n)),
        costs=costs,
        budget=budget,
        options=SolverOptions(time_limit_s=60.0),
    )


def test_every_objective_has_its_formula_here() -> None:
    """An objective that is added is tested, or this fails."""
    assert sorted(FORMULAS) == NAMES


@settings(max_examples=60, deadline=None)
@given(asked=questions(), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("name", NAMES)
def test_an_objective_is_its_formula(name: str, asked: Question, seed: int) -> None:
    """The solver's problem is worth what the formula says, whatever is chosen."""
    problem = replace(asked, objective=name).problem()
    inside = np.random.default_rng(seed).random(problem.n) < 0.5
    chosen = tuple(np.flatnonzero(inside).tolist())
    expected = FORMULAS[name](asked, chosen)
    # A root makes 1e-8 of what rounding leaves of two equal directions.
    assert math.isclose(value(problem, inside), expected, rel_tol=1e-7, abs_tol=1e-7)


@settings(max_examples=40, deadline=None)
@given(asked=questions())
@pytest.mark.parametrize("name", NAMES)
def test_a_seed_is_the_best_by_its_formula(name: str, asked: Question) -> None:
    """No affordable selection is worth more than the seed, and that is proven."""
    answer = make_seed(replace(asked, objective=name))
    n = len(asked.costs)
    affordable = [
        chosen
        for size in range(n + 1)
        for chosen in combinations(range(n), size)
        if math.fsum(asked.costs[list(chosen)]) <= asked.budget
    ]
    best = max(FORMULAS[name](asked, chosen) for chosen in affordable)
    result = answer.result
    assert result.status is Status.OPTIMAL
    assert math.isclose(result.objective, best, rel_tol=1e-6, abs_tol=1e-6)
    own = FORMULAS[name](asked, tuple(result.selected.tolist()))
    assert math.isclose(result.objective, own, rel_tol=1e-6, abs_tol=1e-6)
    assert result.upper_bound >= best - 1e-6 * (1 + abs(best))
    assert result.total_cost <= asked.budget
    assert len(answer.scenes) == len(result.selected)


@settings(max_examples=25, deadline=None)
@given(asked=questions(), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("name", NAMES)
def test_a_pool_in_another_order_is_worth_as_much(name: str, asked: Question, seed: int) -> None:
    """The best objective does not depend on the order of scenes, equal scenes among them or not."""
    first = make_seed(replace(asked, objective=name)).result.objective
    order = np.random.default_rng(seed).permutation(len(asked.costs))
    second = make_seed(replace(reordered(asked, order), objective=name)).result.objective
    assert math.isclose(first, second, rel_tol=1e-6, abs_tol=1e-6)


def reordered(asked: Question, order: NDArray[np.intp]) -> Question:
    """Return the same question with its scenes in another order."""
    parts = asked.signatures.parts
    assert parts is not None
    rows = [np.arange(parts.offsets[k], parts.offsets[k + 1]) for k in order]
    places = np.concatenate(rows)
    known = asked.signatures
    reordered = Signatures(
        tuple(known.scene_ids[k] for k in order),
        known.weights[order],
        known.vectors[order],
        known.counts[order],
        Parts(
            np.cumsum([0, *map(len, rows)]), parts.masses[places], parts.words[places], parts.sizes
        ),
    )
    return replace(asked, signatures=reordered, costs=asked.costs[order])
