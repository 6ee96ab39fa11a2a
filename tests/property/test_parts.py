"""Spaces, words and masses of any pool, against plain loops."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.signatures.describing import PrincipalSpace, Vocabulary
from features.signatures.parts import Parts
from features.signing import SceneVectors, sign

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def scenes_of_vectors(draw: st.DrawFn) -> dict[str, SceneVectors]:
    """Draw scenes with and without weights, of one vector or many, some of them repeated."""
    rng = np.random.default_rng(draw(SEEDS))
    d = draw(st.integers(1, 5))
    weighted = draw(st.booleans())
    scenes = {}
    for number, m in enumerate(draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))):
        rows = rng.standard_normal((m, d)).astype(np.float32)
        if draw(st.booleans()):
            rows[-1] = rows[0]
        counts = rng.integers(0, 4, m) if weighted else None
        if counts is not None:
            counts[0] += 1
        images = draw(st.integers(1, m))
        scenes[f"scene {number}"] = SceneVectors(
            rows, None if counts is None else counts.astype(float), images
        )
    return scenes


@settings(max_examples=60, deadline=None)
@given(scenes=scenes_of_vectors(), clusters=st.integers(1, 5))
def test_masses_add_up_to_images(scenes: dict[str, SceneVectors], clusters: int) -> None:
    """Whatever a scene's vectors stand for, its parts make up its images, at every level."""
    with tempfile.TemporaryDirectory() as folder:
        signatures, *_ = sign(Path(folder), "key", tuple(scenes), scenes.__getitem__, clusters)
    parts = signatures.parts
    assert parts is not None
    assert parts.n == len(scenes)
    first = 0
    for size in parts.sizes:
        of_level = parts.amounts()[:, first : first + size].sum(axis=1)
        np.testing.assert_allclose(of_level, [s.images for s in scenes.values()], rtol=1e-5)
        first += size


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, counts=st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_amounts_are_those_of_a_plain_loop(seed: int, counts: list[int]) -> None:
    """Part by part and level by level, masses are added where their words are."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 5, int(rng.integers(1, 4)))
    m = sum(counts)
    words = np.cumsum(sizes) - sizes + rng.integers(0, sizes, (m, len(sizes)))
    masses = rng.random(m).astype(np.float32)
    parts = Parts(np.cumsum([0, *counts]), masses, words.astype(np.int32), sizes)
    expected = np.zeros((len(counts), int(sizes.sum())))
    owners = [scene for scene, count in enumerate(counts) for _ in range(count)]
    for part, scene in enumerate(owners):
        for word in words[part]:
            expected[scene, word] += float(masses[part])
    np.testing.assert_array_equal(parts.amounts(), expected)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, m=st.integers(1, 300), q=st.integers(1, 4), whole=st.booleans())
def test_a_word_is_the_nearest_centre(seed: int, m: int, q: int, *, whole: bool) -> None:
    """No centre of a level is nearer than the word's, and levels share no number."""
    rng = np.random.default_rng(seed)
    rows = (rng.integers(0, 3, (m, q)) if whole else rng.standard_normal((m, q))).astype(np.float32)
    masses = rng.integers(1, 4, m).astype(np.float32)
    vocabulary = Vocabulary.learn(rows, masses)
    words = vocabulary.words(rows)
    first = 0
    for place, centres in enumerate(vocabulary.levels):
        distances = ((rows[:, np.newaxis].astype(float) - centres) ** 2).sum(axis=2)
        own = words[:, place] - first
        assert ((own >= 0) & (own < len(centres))).all()
        nearest = distances.min(axis=1)
        scale = 1.0 + (rows.astype(float) ** 2).sum(axis=1)
        assert (distances[np.arange(m), own] <= nearest + 1e-5 * scale).all()
        first += len(centres)
    again = Vocabulary.learn(rows, masses)
    np.testing.assert_array_equal(again.words(rows), words)


def products(space: PrincipalSpace, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return inner products in a space: they do not know the signs of axes."""
    found = space.project(rows).astype(float)
    return np.asarray(found @ found.T)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, scenes=st.integers(1, 8), d=st.integers(1, 6))
def test_the_order_of_scenes_does_not_matter(seed: int, scenes: int, d: int) -> None:
    """Scenes shuffled, or cut into more of them, give the same space but for rounding."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((4 * scenes, d))
    masses = rng.random(4 * scenes) + 0.1
    pairs = list(zip(np.split(rows, scenes), np.split(masses, scenes), strict=True))
    space = PrincipalSpace.fit(pairs)
    shuffled = PrincipalSpace.fit([pairs[place] for place in rng.permutation(scenes)])
    whole = PrincipalSpace.fit([(rows, masses)])
    expected = products(space, rows)
    for other in (shuffled, whole):
        np.testing.assert_allclose(products(other, rows), expected, atol=1e-4, rtol=1e-4)
