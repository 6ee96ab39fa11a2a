import numpy as np
import pytest

from features.backbones import load_backbone
from features.backbones.colour_grid import ColourGrid
from features.backbones.compute import CLS, PATCH_KEYS, PATCHES
from features.backbones.identity import identify
from features.backbones.protocol import from_maps
from features.extraction.extractor import PATCH_CENTRES, Extractor, Recipe


@pytest.mark.parametrize("depths", [(5,), (2, 3), (1, 1, 3)])
def test_each_depth_has_length_one(depths: tuple[int, ...]) -> None:
    """Whatever its scale, a depth has length 1 and its direction; cells lie row by row."""
    rng = np.random.default_rng(0)
    maps = rng.standard_normal((2, 3, 4, 5)).astype(np.float32)
    maps *= np.repeat(10.0 ** np.arange(0, 4 * len(depths), 4), depths).astype(np.float32)
    found = from_maps(maps, depths)
    assert found.shape == (2, 12, 5)
    assert found.dtype == np.float32
    first = 0
    for channels in depths:
        part = maps[1, 2, 1, first : first + channels].astype(float)
        cell = found[1, 2 * 4 + 1, first : first + channels]
        np.testing.assert_allclose(cell, part / np.sqrt((part**2).sum()), atol=1e-6)
        lengths = np.linalg.norm(found[:, :, first : first + channels], axis=-1)
        np.testing.assert_allclose(lengths, 1.0, atol=1e-6)
        first += channels


def test_where_a_depth_says_nothing_it_stays_zero() -> None:
    """Zeros stay zeros, without a warning, and leave the other depths as they are."""
    maps = np.zeros((1, 1, 2, 4), np.float32)
    maps[0, 0, 1] = [0, 0, 3, 4]
    found = from_maps(maps, (2, 2))
    np.testing.assert_allclose(found, [[[0, 0, 0, 0], [0, 0, 0.6, 0.8]]], atol=1e-7)


def test_maps_are_left_as_they_are() -> None:
    """What is passed in is not changed."""
    maps = np.full((1, 2, 2, 3), 2.0, np.float32)
    from_maps(maps, (3,))
    assert (maps == 2.0).all()


def test_colour_grid_s_patches_are_its_cells() -> None:
    """A cell's map and the constant, together of length 1; a batch equals its singles."""
    pixels = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    grid = ColourGrid()
    patches = grid.encode(pixels, "patches")
    assert patches.shape == (3, 784, 10)
    cells = np.concatenate([grid.maps(pixels).reshape(3, 784, 9), np.ones((3, 784, 1))], axis=-1)
    expected = cells / np.linalg.norm(cells, axis=-1, keepdims=True)
    np.testing.assert_allclose(patches, expected, atol=1e-6)
    singles = [grid.encode(pixels[i : i + 1], "patches") for i in range(3)]
    np.testing.assert_array_equal(patches, np.concatenate(singles))


def test_evenly_grey_cells_have_a_direction() -> None:
    """Black and white in turn, which is the middle of all colours, is no zero vector."""
    board = np.indices((224, 224)).sum(axis=0) % 2 * 255
    pixels = np.repeat(board[np.newaxis, :, :, np.newaxis], 3, axis=-1).astype(np.uint8)
    lengths = np.linalg.norm(load_backbone("colour_grid").encode(pixels, "patches"), axis=-1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-6)


def test_an_image_keeps_centres_of_its_patches() -> None:
    """`patches` keep 48 centres whatever the clusters, and the counts are of all cells."""
    recipes = [Recipe(identify("colour_grid"), PATCHES, clusters) for clusters in (3, 13)]
    assert [recipe.kept for recipe in recipes] == [PATCH_CENTRES] * 2
    assert recipes[0].id == recipes[1].id
    pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    extractor = Extractor(recipes[0], ColourGrid, batch_size=1)
    ((key, kept),) = extractor.encode([(b"a", pixels)], lambda _: None)
    assert key == b"a"
    assert kept.vectors.shape == (PATCH_CENTRES, 10)
    assert kept.counts.sum() == 784


def test_every_token_has_an_identity_of_its_own() -> None:
    """Nothing that is stored for one token is ever read for another."""
    identity = identify("colour_grid")
    assert len({Recipe(identity, token, 48).id for token in (CLS, PATCH_KEYS, PATCHES)}) == 3
    assert Recipe(identity, PATCH_KEYS, 3).id != Recipe(identity, PATCH_KEYS, 4).id
    assert Recipe(identity, CLS, 3).id == Recipe(identity, CLS, 4).id
