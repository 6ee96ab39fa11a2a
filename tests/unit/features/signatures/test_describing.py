"""From images and vectors to parts: how many images they make up, and what they are called."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from features.backbones import Token
from features.extraction.extractor import PATCH_CENTRES
from features.pipeline import FeatureSettings, Prepared, prepare
from features.precomputed import prepare_precomputed
from features.signatures.describing import LEVELS, PartsBuilder, PrincipalSpace, Vocabulary
from features.signatures.model import Signatures
from features.signatures.parts import Parts
from features.signing import SceneVectors, sign
from features.sources.scenes import Image, PoolScene, ScenePool
from features.vectors import read_vectors

MakeScene = Callable[[str, int], PoolScene]
MakePool = Callable[[list[PoolScene]], ScenePool]
Rows = NDArray[np.float32]

IMAGES = (3, 5, 1, 20, 4, 4)


def masses(parts: Parts) -> list[float]:
    """Return the mass of each scene."""
    cuts = parts.offsets[1:-1]
    return [float(part.sum(dtype=float)) for part in np.split(parts.masses, cuts)]


def parts_of(signatures: Signatures) -> Parts:
    """Return the parts, which are there."""
    assert signatures.parts is not None
    return signatures.parts


def check(parts: Parts, images: tuple[int, ...]) -> None:
    """Check what holds for the parts of any pool."""
    assert parts.n == len(images)
    np.testing.assert_allclose(masses(parts), images, rtol=1e-6)
    ends = np.cumsum(parts.sizes)
    assert ((parts.words >= ends - parts.sizes) & (parts.words < ends)).all()
    amounts = parts.amounts()
    for first, last in zip(ends - parts.sizes, ends, strict=True):
        np.testing.assert_allclose(amounts[:, first:last].sum(axis=1), images, rtol=1e-6)


@pytest.fixture
def pool(make_scene: MakeScene, make_pool: MakePool) -> ScenePool:
    """Six scenes of images; the last repeats one image four times."""
    scenes = [make_scene(f"scene {i}", size) for i, size in enumerate(IMAGES)]
    one = scenes[0].images[0]
    return make_pool([*scenes[:-1], replace(scenes[-1], images=(one,) * 4)])


@pytest.mark.parametrize("token", ["cls", "patch_keys", "patches"])
def test_masses_of_a_scene_are_its_images(tmp_path: Path, pool: ScenePool, token: Token) -> None:
    """One image, several, or one repeated: every token's parts make up the images there are."""
    settings = FeatureSettings(backbone="colour_grid", clusters=3, token=token)
    prepared: Prepared = prepare(pool, settings, tmp_path)
    parts = parts_of(prepared.signatures)
    check(parts, IMAGES)
    most = {"cls": [3] * 6, "patch_keys": [3 * size for size in IMAGES]}
    most["patches"] = [PATCH_CENTRES * size for size in IMAGES]
    assert (np.diff(parts.offsets) <= most[token]).all()
    assert (prepared.signatures.counts <= 3).all()
    again = prepare(pool, settings, tmp_path)
    assert again.stages[1].reused == 6
    np.testing.assert_array_equal(parts_of(again.signatures).words, parts.words)


def test_images_that_cannot_be_read_have_no_mass(
    tmp_path: Path, make_scene: MakeScene, make_pool: MakePool
) -> None:
    """A scene's mass is the number of images that are looked at, not of those that are listed."""
    scene = make_scene("a", 3)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    whole = replace(scene, images=(*scene.images, Image(str(broken))))
    settings = FeatureSettings(backbone="colour_grid", clusters=2, token="patches")  # noqa: S106  no secret
    prepared = prepare(make_pool([whole]), settings, tmp_path / "cache")
    check(parts_of(prepared.signatures), (3,))


def test_masses_of_precomputed_scenes_are_their_images(tmp_path: Path) -> None:
    """Vectors from a file stand for the images that the scene lists; without, each for one."""
    sizes = {"a": 4, "b": 0, "c": 9}
    scenes = [
        PoolScene(name, {"points": 1.0}, tuple(Image(f"{i}.png") for i in range(size)))
        for name, size in sizes.items()
    ]
    pool = ScenePool("manifest", tuple(scenes), "points", "a manifest")
    rows = np.random.default_rng(0).standard_normal((17, 4))
    np.savez(tmp_path / "v.npz", ids=np.repeat(list(sizes), [8, 2, 7]), vectors=rows)
    vectors = read_vectors(tmp_path / "v.npz", list(sizes))
    first = prepare_precomputed(pool, vectors, 3, tmp_path / "cache")
    check(parts_of(first.signatures), (4, 2, 9))
    fewer = replace(pool, scenes=(replace(scenes[0], images=()), *scenes[1:]))
    other = prepare_precomputed(fewer, vectors, 3, tmp_path / "cache")
    assert other.key != first.key
    check(parts_of(other.signatures), (8, 2, 9))


def signed(tmp_path: Path, scenes: dict[str, SceneVectors], clusters: int = 3) -> Signatures:
    """Sign some scenes."""
    signatures, *_ = sign(tmp_path, "key", tuple(scenes), scenes.__getitem__, clusters)
    return signatures


def test_vectors_that_stand_for_nothing_have_no_mass(tmp_path: Path) -> None:
    """Counts of 0 among an image's centres neither move a centre nor weigh as a part."""
    rows = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
    counts = np.array([3.0, 0.0, 1.0, 4.0, 0.0, 8.0])
    scenes = {"a": SceneVectors(rows, counts, 2), "b": SceneVectors(rows[:2], counts[:2], 1)}
    signatures = signed(tmp_path, scenes)
    parts = parts_of(signatures)
    check(parts, (2, 1))
    np.testing.assert_allclose(parts.masses[:6], counts / 8)
    np.testing.assert_array_equal(parts.masses[6:], [1, 0])
    heavy = rows[counts > 0]
    alone = {"a": SceneVectors(heavy, counts[counts > 0], 2)}
    expected = signed(tmp_path / "other", alone).vectors[0]
    np.testing.assert_allclose(signatures.vectors[0], expected, atol=1e-12)


def test_equal_scenes_have_one_word(tmp_path: Path) -> None:
    """Where all vectors are the same there is no space to tell parts in, and one word for all."""
    row = np.random.default_rng(0).standard_normal((1, 5)).astype(np.float32)
    scenes = {str(i): SceneVectors(np.repeat(row, i + 1, axis=0), images=i + 1) for i in range(4)}
    parts = parts_of(signed(tmp_path, scenes))
    check(parts, (1, 2, 3, 4))
    assert parts.sizes.tolist() == [1]
    assert parts.amounts().tolist() == [[1], [2], [3], [4]]


def test_a_space_of_equal_rows_has_no_components() -> None:
    """A pool without differences has a space of no dimensions: everything is its origin."""
    rows = np.full((7, 3), 1 / np.sqrt(3))
    space = PrincipalSpace.fit([(rows, np.ones(7))])
    assert space.components.shape == (3, 0)
    assert space.project(rows).shape == (7, 0)


@pytest.mark.parametrize(
    ("parts", "sizes"),
    [
        (1, (1,)),
        (3, (1,)),
        (8, (2,)),
        (127, (31,)),
        (128, (32,)),
        (255, (32,)),
        (256, (32, 64)),
        (2048, LEVELS),
    ],
)
def test_a_level_has_four_parts_a_word(parts: int, sizes: tuple[int, ...]) -> None:
    """Levels without parts enough are left out; a pool too small for any has one small level."""
    rows = np.random.default_rng(parts).standard_normal((parts, 3)).astype(np.float32)
    vocabulary = Vocabulary.learn(rows, np.ones(parts, np.float32))
    assert vocabulary.sizes == sizes
    words = vocabulary.words(rows)
    assert words.shape == (parts, len(sizes))
    assert words.dtype == np.int32


def test_parts_without_mass_make_no_words() -> None:
    """Words are learned from what is there; what is not is named all the same."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((300, 3)).astype(np.float32)
    there = rng.random(300) < 0.5
    some = Vocabulary.learn(rows, there.astype(np.float32))
    alone = Vocabulary.learn(rows[there], np.ones(int(there.sum()), np.float32))
    for level, expected in zip(some.levels, alone.levels, strict=True):
        np.testing.assert_array_equal(level, expected)
    assert len(some.words(rows)) == 300


def test_the_same_pool_has_the_same_words() -> None:
    """Twice the same scenes give the same parts, bit by bit."""
    rng = np.random.default_rng(0)
    rows, weights = rng.standard_normal((600, 8)), rng.random(600)

    def build() -> Parts:
        builder = PartsBuilder(PrincipalSpace.fit([(rows, weights)]))
        for place in range(0, 600, 100):
            builder.add(rows[place : place + 100], weights[place : place + 100])
        return builder.build()

    first, second = build(), build()
    np.testing.assert_array_equal(first.words, second.words)
    np.testing.assert_array_equal(first.masses, second.masses)
    assert first.offsets.tolist() == list(range(0, 601, 100))
    assert first.sizes.tolist() == [32, 64, 128]
