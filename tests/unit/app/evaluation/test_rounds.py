from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import entropy as scipy_entropy

from app.evaluation.campaign import entropy, margin, take_core_set, take_random, take_ranked

seeds = st.integers(0, 2**32 - 1)


def question(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float, list[int]]:
    """Draw scenes (points, costs, some free), a budget, and what is labelled."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    points = rng.integers(0, 4, (n, 2)).astype(float)
    costs = rng.integers(0, 6, n).astype(float)
    labelled = rng.permutation(n)[: rng.integers(0, n + 1)].tolist()
    return points, costs, float(rng.integers(0, 16)), labelled


@given(seeds, st.sampled_from(["ranked", "random", "core_set"]))
def test_every_method_fills_the_budget(seed: int, method: str) -> None:
    """New scenes only, each once, within the budget, and nothing that is left fits."""
    points, costs, budget, labelled = question(seed)
    if method == "ranked":
        taken = take_ranked(points[:, 0], costs, budget, labelled)
    elif method == "random":
        taken = take_random(costs, budget, seed, labelled)
    else:
        taken = take_core_set(points, costs, budget, labelled)
    assert taken.dtype == np.int64
    assert len({*taken.tolist(), *labelled}) == len(taken) + len(labelled)
    assert costs[taken].sum() <= budget
    left = np.setdiff1d(np.arange(len(costs)), [*taken, *labelled])
    assert (costs[taken].sum() + costs[left] > budget).all()


def test_the_highest_scores_are_taken_and_the_misfits_skipped() -> None:
    """From the highest score down, ties by number; what is too dear does not end the round."""
    scores = np.array([0.2, 0.9, 0.9, 0.5])
    costs = np.array([1.0, 9.0, 2.0, 2.0])
    assert take_ranked(scores, costs, 5.0).tolist() == [2, 3, 0]
    assert take_ranked(scores, costs, 5.0, [2]).tolist() == [3, 0]


def test_a_budget_that_is_met_but_for_rounding_is_met() -> None:
    """Ten scenes of 0.1 fit into 1."""
    assert len(take_ranked(np.zeros(10), np.full(10, 0.1), 1.0)) == 10


def test_random_depends_on_its_seed_alone() -> None:
    """The same seed takes the same scenes, another one others."""
    costs = np.ones(30)
    assert take_random(costs, 9, 1).tolist() == take_random(costs, 9, 1).tolist()
    assert take_random(costs, 9, 1).tolist() != take_random(costs, 9, 2).tolist()


def test_uncertainty_of_known_cells() -> None:
    """Entropy and margin are 0 where a model is sure and largest where it knows nothing."""
    sure, blank = np.array([[0.0, 1.0, 0.0]]), np.full((1, 3), 1 / 3)
    assert entropy(sure) == margin(sure) == 0
    assert entropy(blank) == pytest.approx(np.log(3))
    assert margin(blank) == pytest.approx(1)
    assert margin(np.array([[0.6, 0.1, 0.3], [0.2, 0.5, 0.3]])) == pytest.approx((0.7 + 0.8) / 2)
    assert margin(np.ones((2, 1))) == 0
    cells = np.random.default_rng(0).dirichlet(np.ones(5), 8)
    assert entropy(cells) == pytest.approx(float(scipy_entropy(cells, axis=1).mean()))
    assert entropy(cells.astype(np.float32)) == pytest.approx(entropy(cells), abs=1e-6)


@given(seeds)
def test_core_set_is_within_twice_the_best_radius(seed: int) -> None:
    """With equal costs, no k more scenes cover all within less than half its radius."""
    points, _, _, labelled = question(seed)
    n = len(points)
    k = min(2, n - len(labelled))
    taken = take_core_set(points, np.ones(n), float(k), labelled)
    gaps = np.linalg.norm(points[:, None] - points, axis=2)

    def radius(chosen: list[int]) -> float:
        return float(gaps[:, chosen].min(axis=1).max()) if chosen else np.inf

    best = min(radius([*labelled, *more]) for more in combinations(range(n), k))
    assert radius([*labelled, *taken]) <= 2 * best + 1e-12 or best == np.inf


def test_core_set_begins_in_the_middle_or_far_from_what_is_labelled() -> None:
    """The first of all is the most central; after that, the furthest that fits."""
    points = np.array([[0.0], [4.0], [5.0], [10.0]])
    assert take_core_set(points, np.ones(4), 2).tolist() == [2, 0]
    assert take_core_set(points, np.ones(4), 2, [3]).tolist() == [0, 2]
    assert take_core_set(points, np.array([9.0, 1, 1, 1]), 2, [3]).tolist() == [1, 2]
