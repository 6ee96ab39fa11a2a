import numpy as np
import PIL.Image
import pytest

from features.backbones import Token, load_backbone
from features.backbones.colour_grid import ColourGrid
from features.backbones.protocol import to_pixels
from features.errors import BackboneError


def test_each_cell_is_a_mean_colour() -> None:
    """The whole image gives its 8 x 8 mean colours, from -1 to 1, and a constant."""
    pixels = np.zeros((1, 224, 224, 3), np.uint8)
    pixels[0, :28, 28:56] = (255, 0, 255)
    (vector,) = ColourGrid().encode(pixels, "cls")[0]
    cells = vector[:-1].reshape(8, 8, 3)
    assert cells[0, 1].tolist() == [1, -1, 1]
    assert np.delete(cells.reshape(64, 3), 1, axis=0).tolist() == [[-1, -1, -1]] * 63
    assert vector[-1] == 1


def test_each_window_is_a_small_image() -> None:
    """The parts of an image are 4 x 4 windows, each with a grid of its own, row by row."""
    pixels = np.zeros((2, 224, 224, 3), np.uint8)
    pixels[1, 56:112, :56] = 255
    vectors = ColourGrid().encode(pixels, "patch_keys")
    assert vectors.shape == (2, 16, 193)
    assert (vectors[1, 4] == 1).all()
    np.testing.assert_array_equal(np.delete(vectors[1], 4, axis=0), vectors[0, :15])


@pytest.mark.parametrize("token", ["cls", "patch_keys", "patches"])
@pytest.mark.parametrize("colour", [0, 127, 128, 255])
def test_no_image_gives_a_zero_vector(token: Token, colour: int) -> None:
    """An image of one colour, grey included, has a direction."""
    pixels = np.full((1, 224, 224, 3), colour, np.uint8)
    vectors = ColourGrid().encode(pixels, token)
    assert vectors.dtype == np.float32
    assert (np.linalg.norm(vectors, axis=-1) >= 1 - 1e-6).all()


def test_it_has_no_weights() -> None:
    """Weights for a backbone that has none are a mistake, and said to be one."""
    assert load_backbone("colour_grid").weights_id == ColourGrid.weights_id
    with pytest.raises(BackboneError, match="colour_grid has no weights"):
        load_backbone("colour_grid", weights_sha256="0" * 64)


def test_images_are_squeezed_not_cropped() -> None:
    """A wide image is resized whole: its left and right halves fill half of the square each."""
    image = PIL.Image.new("RGB", (400, 100), "black")
    image.paste("white", (200, 0, 400, 100))
    pixels = to_pixels(image)
    assert pixels.shape == (224, 224, 3)
    assert pixels.dtype == np.uint8
    assert (pixels[:, :110] == 0).all()
    assert (pixels[:, 114:] == 255).all()


def test_a_map_is_colours_and_their_surroundings() -> None:
    """A cell knows its colour, and mean and spread of the 3 x 3 cells around, edges repeated."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    maps = ColourGrid().maps(pixels)
    assert maps.shape == (2, 28, 28, 9)
    assert maps.dtype == np.float32
    colours = pixels.reshape(2, 28, 8, 28, 8, 3).mean(axis=(2, 4)) / 127.5 - 1
    for row, column in [(0, 0), (13, 5), (27, 14)]:
        rows = np.clip([row - 1, row, row + 1], 0, 27)
        columns = np.clip([column - 1, column, column + 1], 0, 27)
        around = colours[:, rows][:, :, columns].reshape(2, 9, 3)
        expected = [colours[:, row, column], around.mean(axis=1), around.std(axis=1)]
        np.testing.assert_allclose(
            maps[:, row, column], np.concatenate(expected, axis=1), atol=1e-6
        )
    singles = [ColourGrid().maps(pixels[i : i + 1]) for i in range(2)]
    np.testing.assert_array_equal(maps, np.concatenate(singles))
