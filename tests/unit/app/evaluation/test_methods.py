"""Objectives and baselines behind one call."""

from dataclasses import replace

import numpy as np
import pytest

from app.choosing.objectives import OBJECTIVES
from app.choosing.question import Question
from app.choosing.seeding import make_seed
from app.errors import InvalidRequestError
from app.evaluation.methods import (
    BASELINE_METHODS,
    HintSize,
    Method,
    find_methods,
    parse_hinted,
    parse_objective,
    random_choice,
    require_baseline,
)
from features.settings import AUTO
from features.signatures.model import Signatures
from solver.model.options import SolverOptions

# Objectives whose strategies compile nothing and need no parts.
QUICK = ("seedal/greedy", "centred/greedy", "k_center/greedy")


def question(seed: int = 0, n: int = 14) -> Question:
    """Return what is asked about scenes drawn at random."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 5))
    vectors *= rng.uniform(0.6, 1.0, (n, 1)) / np.linalg.norm(vectors, axis=1, keepdims=True)
    ids, costs = tuple(f"s{k:02d}" for k in rng.permutation(n)), rng.uniform(1.0, 5.0, n)
    return Question(
        signatures=Signatures(ids, rng.uniform(0.1, 0.9, n), vectors, np.full(n, 3)),
        costs=costs,
        budget=12.0,
        options=SolverOptions(time_limit_s=5.0),
    )


def no_hint(size: HintSize) -> Method:
    """Fail: no method here has a hint."""
    raise AssertionError(size)


def test_a_hint_has_a_size() -> None:
    """A number of images, a share of the budget, or all there are; anything else is refused."""
    assert parse_hinted("recommended+hint:9") == HintSize(9)
    assert parse_hinted("recommended+hint:25%") == HintSize(None, 0.25)
    assert parse_hinted("recommended+hint:all") == HintSize(None)
    for spec in ("0", "nine", "100%", "", "-1"):
        with pytest.raises(InvalidRequestError, match="a hint is of N images, of P% of the budget"):
            parse_hinted(f"recommended+hint:{spec}")


def spent(asked: Question, scenes: tuple[str, ...]) -> float:
    """Return what scenes cost."""
    price = dict(zip(asked.scene_ids, asked.costs.tolist(), strict=True))
    return sum(price[scene] for scene in scenes)


@pytest.mark.parametrize("seed", range(3))
def test_every_method_keeps_the_budget_and_repeats_itself(seed: int) -> None:
    """Distinct scenes of the pool, at most the budget, and the same ones for the same call."""
    asked = question(seed)
    for name, method in find_methods(QUICK, BASELINE_METHODS, 4, no_hint).items():
        choice = method(asked)
        assert choice.scenes, name
        assert len(set(choice.scenes)) == len(choice.scenes), name
        assert set(choice.scenes) <= set(asked.scene_ids), name
        assert spent(asked, choice.scenes) <= asked.budget * (1 + 1e-9), name
        assert method(asked).scenes == choice.scenes, name


def test_random_seeds_fill_the_budget_and_differ() -> None:
    """Another number gives another seed, the same number the same; nothing that is left fits."""
    asked = question()
    seeds = [random_choice(asked, number).scenes for number in range(8)]
    assert [random_choice(asked, number).scenes for number in range(8)] == seeds
    assert len({frozenset(seed) for seed in seeds}) > 4
    for seed in seeds:
        rest = [scene for scene in asked.scene_ids if scene not in seed]
        assert spent(asked, seed) <= asked.budget
        assert all(spent(asked, (*seed, scene)) > asked.budget for scene in rest)


def test_an_objective_is_what_the_product_answers() -> None:
    """The choice, its bound and its notes are those of the service that `seedal select` calls."""
    asked = question()
    choice = find_methods(["centred/greedy"], [], 4, no_hint)["centred/greedy"](asked)
    answer = make_seed(
        replace(asked, objective="centred", options=SolverOptions(strategy="greedy"))
    )
    assert choice.scenes == tuple(scene.scene_id for scene in answer.scenes)
    assert (choice.gap, choice.notes) == (answer.result.gap, answer.result.notes)


def test_tables_have_each_method_once() -> None:
    """Objectives come first; a baseline of an objective's name is told apart from it."""
    methods = find_methods(
        ["k_center", "seedal/greedy"], ["k_center", "kmeans_centroid"], 4, no_hint
    )
    assert list(methods) == ["k_center", "seedal/greedy", "k_center (baseline)", "kmeans_centroid"]
    assert list(find_methods([], ["k_center"], 4, no_hint)) == ["k_center"]


def test_each_method_says_which_vectors_it_wants() -> None:
    """An objective its own, a baseline the paper's."""
    methods = find_methods(OBJECTIVES, BASELINE_METHODS, 4, no_hint)
    assert {name: methods[name].token for name in OBJECTIVES} == {
        name: objective.token for name, objective in OBJECTIVES.items()
    }
    assert methods["kmeans_centroid"].token == AUTO


def test_names_are_read_or_refused() -> None:
    """OBJECTIVE or OBJECTIVE/STRATEGY; what does not exist is named beside what does."""
    assert parse_objective("seedal") == ("seedal", "auto")
    assert parse_objective("seedal/scip") == ("seedal", "scip")
    for spec, sentence in (
        ("prettiest", "no objective 'prettiest'; there are recommended"),
        ("", "no objective ''"),
        ("seedal/", "seedal/: there is no strategy ''; there are auto"),
        ("seedal/magic", "no strategy 'magic'"),
    ):
        with pytest.raises(InvalidRequestError, match=sentence):
            parse_objective(spec)
    for name in ("random", "luck"):
        with pytest.raises(InvalidRequestError, match=f"no baseline '{name}'; there are kmeans"):
            require_baseline(name)
