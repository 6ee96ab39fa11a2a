import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from app.evaluation.maps import dense_maps
from features.backbones import Backbone, Compute, Identity, identify, load_backbone
from features.backbones.colour_grid import ColourGrid
from features.backbones.protocol import to_pixels
from features.errors import BatchTooLargeError, ImageError, VectorsError
from features.images.pixels import load_rgb

GRID = identify("colour_grid")


@pytest.fixture
def images(tmp_path: Path) -> dict[str, Path]:
    """Write ten small pictures: more than one batch."""
    rng = np.random.default_rng(0)
    files = {f"frame_{number}": tmp_path / f"frame_{number}.png" for number in range(10)}
    for file in files.values():
        blocks = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        PIL.Image.fromarray(blocks).resize((48, 36)).save(file)
    return files


class Counting:
    """Loads a colour grid, counts how often, and may meddle with its maps."""

    def __init__(self, meddle: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> None:
        self.loaded = 0
        self._meddle = meddle

    def __call__(self, _identity: Identity, _compute: Compute) -> Backbone:
        """Load it."""
        self.loaded += 1
        meddle = self._meddle

        class Grid(ColourGrid):
            def maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
                return meddle(super().maps(pixels))

        return Grid()


def test_maps_are_the_backbone_s(images: dict[str, Path], tmp_path: Path) -> None:
    """Each image's cells, row by row, in the order asked for, as float16 on disk."""
    maps = dense_maps(images, GRID, tmp_path / "cache")
    pixels = np.stack([to_pixels(load_rgb(str(file))) for file in images.values()])
    expected = ColourGrid().maps(pixels)
    assert (maps.rows, maps.columns) == (28, 28)
    assert maps.values.dtype == np.float16
    assert isinstance(maps.values, np.memmap)
    np.testing.assert_allclose(maps.values, expected.reshape(10, 784, 9), atol=1e-3)
    backwards = dense_maps(dict(reversed(images.items())), GRID, tmp_path / "cache")
    np.testing.assert_array_equal(backwards.values, maps.values[::-1])


def test_what_is_stored_is_not_computed_again(images: dict[str, Path], tmp_path: Path) -> None:
    """The second time no backbone is loaded; a changed image or a broken file is computed anew."""
    load = Counting(lambda maps: maps)
    seen: list[tuple[int, int]] = []
    cache = tmp_path / "cache"

    def run() -> NDArray[np.float16]:
        progress = lambda done, total: seen.append((done, total))  # noqa: E731
        return dense_maps(images, GRID, cache, load=load, progress=progress).values

    first = run()
    assert seen == [(0, 10), (8, 10), (10, 10), (10, 10)]
    np.testing.assert_array_equal(first, run())
    assert load.loaded == 1
    assert [file.suffix for file in cache.iterdir()] == [".npz"]
    (stored,) = cache.iterdir()
    part = stored.read_bytes()[:300]
    stored.unlink()  # the arrays above are maps of it
    stored.write_bytes(part)
    np.testing.assert_array_equal(first, run())
    assert load.loaded == 2
    PIL.Image.new("RGB", (9, 9), "red").save(images["frame_3"])
    os.utime(images["frame_3"], ns=(1, 1))
    assert (run()[3] != first[3]).any()
    assert load.loaded == 3


def test_an_unreadable_image_is_named(images: dict[str, Path], tmp_path: Path) -> None:
    """Labelled data must be whole: no maps are made, and nothing is left in the cache."""
    images["frame_9"].write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"frame_9\.png: not a PNG"):
        dense_maps(images, GRID, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    images["frame_9"].unlink()
    with pytest.raises(ImageError, match=r"frame_9\.png"):
        dense_maps(images, GRID, tmp_path / "cache")


@pytest.mark.parametrize("value", [np.nan, 1e6])
def test_values_that_float16_does_not_hold_are_refused(
    images: dict[str, Path], tmp_path: Path, value: float
) -> None:
    """Neither NaN nor overflow reaches the disk."""
    load = Counting(lambda maps: maps + np.float32(value))
    with pytest.raises(VectorsError, match="colour_grid gives maps with values that float16"):
        dense_maps(images, GRID, tmp_path / "cache", load=load)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_batch_that_does_not_fit_goes_one_by_one(images: dict[str, Path], tmp_path: Path) -> None:
    """Short memory changes nothing but the time; no memory for a single image raises."""

    def small(maps: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(maps) > 1:
            raise BatchTooLargeError
        return maps

    def none(_maps: NDArray[np.float32]) -> NDArray[np.float32]:
        raise BatchTooLargeError

    one = dense_maps(images, GRID, tmp_path / "one", load=Counting(small))
    np.testing.assert_array_equal(one.values, dense_maps(images, GRID, tmp_path / "two").values)
    with pytest.raises(BatchTooLargeError):
        dense_maps(images, GRID, tmp_path / "three", load=Counting(none))


@pytest.mark.shared_data
def test_real_frames(shared_data: Path, tmp_path: Path) -> None:
    """Driving frames have maps of the network in 28 x 28 cells of 472 features."""
    files = sorted((shared_data / "camvid" / "train").glob("*.jpg"))[:3]
    maps = dense_maps({file.stem: file for file in files}, identify("efficientnet_lite0"), tmp_path)
    assert maps.values.shape == (3, 784, 472)
    backbone = load_backbone("efficientnet_lite0")
    exact = backbone.maps(np.stack([to_pixels(load_rgb(str(file))) for file in files]))
    np.testing.assert_allclose(maps.values, exact.reshape(3, 784, 472), atol=2e-2, rtol=1e-3)
