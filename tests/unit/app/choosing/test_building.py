"""What objectives make of scenes, and what they refuse."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.choosing import building
from app.choosing.building import directions, kernel_features, redundancy, resolve
from app.choosing.objectives import OBJECTIVES
from app.choosing.question import Question
from app.choosing.seeding import make_seed
from app.errors import InvalidRequestError
from features.numeric import unit_rows
from features.signatures.describing import PartsBuilder, PrincipalSpace
from features.signatures.model import Signatures, build_signatures
from features.signatures.parts import Parts
from solver.model.options import SolverOptions
from solver.model.result import Status

NAMES = sorted(OBJECTIVES)
LOOK_AT_PARTS = ("coverage", "balanced")


def question(n: int = 10, seed: int = 0, *, equal: bool = False) -> Question:
    """Return a question about scenes of 1 to 6 images, described as the pipeline does."""
    rng = np.random.default_rng(seed)
    centres = [unit_rows(rng.standard_normal((k, 6)) + 1.0) for k in rng.integers(1, 7, n)]
    if equal:
        centres = [np.repeat(centres[0][:1], len(rows), axis=0) for rows in centres]
    ids = tuple(f"scene {k:02}" for k in range(n))
    signatures = build_signatures(zip(ids, centres, strict=True))
    scenes = [(rows, np.ones(len(rows))) for rows in centres]
    builder = PartsBuilder(PrincipalSpace.fit(scenes))
    for rows, masses in scenes:
        builder.add(rows, masses)
    costs = np.array([float(len(rows)) + rng.random() for rows in centres])
    return Question(
        signatures=replace(signatures, parts=builder.build()),
        costs=costs,
        budget=float(costs.min() + costs.sum() / 4),
        options=SolverOptions(time_limit_s=60.0),
    )


def without_parts(asked: Question) -> Question:
    """Return the same question about scenes of which only directions are known."""
    return replace(asked, signatures=replace(asked.signatures, parts=None))


def of_vectors(asked: Question, vectors: NDArray[np.float64]) -> Question:
    """Return the same question about scenes of other mean vectors."""
    return replace(asked, signatures=replace(asked.signatures, vectors=vectors))


def shuffled(asked: Question, order: NDArray[np.intp]) -> Question:
    """Return the same question with its scenes in another order."""
    parts = asked.signatures.parts
    assert parts is not None
    rows = [np.arange(parts.offsets[k], parts.offsets[k + 1]) for k in order]
    offsets = np.cumsum([0, *map(len, rows)])
    places = np.concatenate(rows)
    known = asked.signatures
    reordered = Signatures(
        tuple(known.scene_ids[k] for k in order),
        known.weights[order],
        known.vectors[order],
        known.counts[order],
        Parts(offsets, parts.masses[places], parts.words[places], parts.sizes),
    )
    return replace(asked, signatures=reordered, costs=asked.costs[order])


@pytest.mark.parametrize("name", LOOK_AT_PARTS)
def test_without_parts_there_is_no_coverage(name: str) -> None:
    """An objective that looks at parts says that there are none."""
    asked = without_parts(replace(question(), objective=name))
    with pytest.raises(InvalidRequestError, match="Nothing is known of these scenes' parts"):
        make_seed(asked)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(LOOK_AT_PARTS)))
def test_other_objectives_need_no_parts(name: str) -> None:
    """What looks at directions alone gives the same seed without parts."""
    asked = replace(question(), objective=name)
    first, second = make_seed(asked), make_seed(without_parts(asked))
    assert first.scenes == second.scenes


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_does_not_depend_on_the_order_of_scenes(name: str) -> None:
    """The same scenes in another order: the same seed, in the same ranks."""
    for seed in range(3):
        asked = replace(question(seed=seed), objective=name)
        first = make_seed(asked)
        order = np.random.default_rng(seed).permutation(len(asked.costs))
        second = make_seed(shuffled(asked, order))
        assert first.result.status is second.result.status is Status.OPTIMAL
        names = [scene.scene_id for scene in first.scenes]
        assert [scene.scene_id for scene in second.scenes] == names


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 2])
def test_one_scene_or_two_are_a_pool(name: str, n: int) -> None:
    """The smallest pools have a seed, and the proof that there is no better."""
    asked = question(n)
    everything = replace(asked, objective=name, budget=float(asked.costs.sum()))
    result = make_seed(everything).result
    assert result.status is Status.OPTIMAL
    assert result.upper_bound >= result.objective


@pytest.mark.parametrize("name", NAMES)
def test_equal_scenes_are_a_pool(name: str) -> None:
    """Where all scenes are the same, any seed will do, and one is given, with a bound."""
    # Pairs that are worth nothing are worth rounding, of which no search proves which is the best.
    options = SolverOptions(time_limit_s=60.0, node_limit=2_000_000)
    asked = replace(question(equal=True), objective=name, options=options)
    answer = make_seed(asked)
    assert answer.scenes
    assert math.isclose(answer.result.objective, answer.result.upper_bound, abs_tol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("budget", [0.0, 1e-300, 1.0])
def test_free_scenes_are_chosen_on_any_budget(name: str, budget: float) -> None:
    """Scenes that cost nothing can be chosen where the budget is nothing, or nearly."""
    asked = question()
    costs = np.where(np.arange(10) < 6, 0.0, asked.costs + 1.0)
    answer = make_seed(replace(asked, objective=name, costs=costs, budget=budget))
    assert answer.result.status is Status.OPTIMAL
    assert answer.scenes
    assert answer.result.total_cost == 0.0
    free = make_seed(replace(asked, objective=name, costs=np.zeros(10), budget=budget))
    assert free.result.status is Status.OPTIMAL


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"budget": -5.0}, "[Bb]udget"),
        ({"budget": float("nan")}, "[Bb]udget"),
        ({"budget": float("inf")}, "[Bb]udget"),
        ({"costs": np.full(10, np.nan)}, "costs"),
        ({"costs": np.full(10, -1.0)}, "costs"),
    ],
)
def test_wrong_numbers_are_named_whatever_the_objective(
    name: str, change: dict[str, Any], sentence: str
) -> None:
    """A budget or a cost that is none is what the sentence is about."""
    with pytest.raises(InvalidRequestError, match=sentence):
        make_seed(replace(question(), objective=name, **change))


@pytest.mark.parametrize(
    "name", ["facility_location", "k_center", "coverage", "spread", "balanced"]
)
def test_pools_beyond_memory_are_refused_before_they_fill_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """More numbers than can be worked with: one sentence with both, and no matrix."""
    monkeypatch.setattr(building, "MOST_ENTRIES", 9)
    with pytest.raises(InvalidRequestError, match="numbers for 10 scenes; up to 9") as caught:
        make_seed(replace(question(), objective=name))
    assert caught.value.pointer == "#/objective"


def test_directions_are_away_from_the_mean() -> None:
    """Each is of length 1; a scene that is the mean of all has none, and so have equal scenes."""
    east, north = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    here = 0.3 * east + 0.2 * north
    vectors = np.array([here + 0.5 * east, here - 0.5 * east, here, here + 1e-3 * north])
    vectors[3, 1] -= 1e-3
    found = directions(vectors)
    np.testing.assert_allclose(found, [east, -east, 0 * east, 0 * east], atol=1e-12)
    rng = np.random.default_rng(0)
    plain = rng.standard_normal((20, 3)) + 5.0
    apart = plain - plain.mean(axis=0)
    expected = apart / np.linalg.norm(apart, axis=1, keepdims=True)
    np.testing.assert_allclose(directions(plain), expected, atol=1e-12)
    assert not directions(np.full((7, 3), 0.1)).any()
    assert not directions(plain[:1]).any()


def test_redundancy_is_how_near_the_nearest_are() -> None:
    """Twins make 1, directions at right angles less; one scene alone, or equal ones, make 0."""
    rng = np.random.default_rng(0)
    some = rng.standard_normal((30, 8))
    assert redundancy(np.concatenate([some, some])) == pytest.approx(1.0)
    units = directions(some)
    cosines = [max(float(units[i] @ units[j]) for j in range(30) if j != i) for i in range(30)]
    assert redundancy(some) == pytest.approx(float(np.median(cosines)))
    assert redundancy(some[:1]) == 0.0
    assert redundancy(np.full((4, 2), 0.5)) == 0.0


def test_auto_is_coverage_where_scenes_have_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twins: coverage, or k-center where there are no parts; none: k-center; many: centred."""
    asked = question()
    twins = of_vectors(asked, np.repeat(asked.signatures.vectors[:5], 2, axis=0))
    alone = of_vectors(asked, np.eye(10))
    assert resolve(twins.signatures)[0] == "coverage"
    assert resolve(without_parts(twins).signatures)[0] == "k_center"
    assert resolve(alone.signatures)[0] == "k_center"
    monkeypatch.setattr(building, "_DENSE", 9)
    assert resolve(twins.signatures)[0] == "centred"


def test_kernel_features_are_the_kernel() -> None:
    """Inner products are exp(-|u - v|^2 / h), h the median, up to what is cut off."""
    units = directions(np.random.default_rng(0).standard_normal((60, 5)))
    squared = ((units[:, np.newaxis] - units) ** 2).sum(axis=2)
    h = np.median(squared[np.triu_indices(60, 1)])
    features = kernel_features(units)
    np.testing.assert_allclose(features @ features.T, np.exp(-squared / h), atol=1e-8)


def test_kernel_features_of_many_scenes_are_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more scenes than are landmarks, what is kept of the kernel is within a twentieth of it."""
    monkeypatch.setattr(building, "_LANDMARKS", 50)
    monkeypatch.setattr(building, "COMPONENTS", 40)
    monkeypatch.setattr(building, "_ROWS", 32)
    units = directions(np.random.default_rng(0).standard_normal((100, 3)))
    squared = ((units[:, np.newaxis] - units) ** 2).sum(axis=2)
    h = np.median(squared[np.triu_indices(100, 1)])
    features = kernel_features(units)
    assert features.shape == (100, 40)
    # h is that of the landmarks, so the scale is not quite the same.
    np.testing.assert_allclose(features @ features.T, np.exp(-squared / h), atol=0.05)


def test_kernel_features_of_repeated_scenes_are_no_noise() -> None:
    """Where most scenes are the same, what rounding leaves of their distance is no scale."""
    rows = np.random.default_rng(0).standard_normal((3, 64))
    units = directions(rows[[0] * 18 + [1] + [2]])
    features = kernel_features(units)
    kernel = features @ features.T
    np.testing.assert_allclose(kernel[:18, :18], 1.0, atol=1e-9)
    assert (kernel[0, 18:] < 0.9).all()
