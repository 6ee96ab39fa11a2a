import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import features.extraction.shards
from features.backbones import Backbone, Identity, Token, identify
from features.backbones.colour_grid import ColourGrid
from features.backbones.compute import CLS, PATCH_KEYS
from features.backbones.protocol import to_pixels
from features.errors import BatchTooLargeError, VectorsError
from features.extraction.blocks import BlockStore
from features.extraction.extractor import Extractor, Recipe
from features.extraction.shards import SHARD_IMAGES, VectorExtraction, cut_shards
from features.images.decoding import Decoder
from features.images.pixels import load_rgb
from features.signatures.clustering import cluster
from features.sources.scenes import Image, PoolScene

MakeScene = Callable[[str, int], PoolScene]


def ignore(_images: int) -> None:
    """Report to nobody."""


def extractor(
    token: Token = CLS,
    clusters: int = 3,
    batch_size: int = 4,
    load: Callable[[], Backbone] = ColourGrid,
) -> Extractor:
    """Return an extractor without a network."""
    return Extractor(Recipe(identify("colour_grid"), token, clusters), load, batch_size)


def encode(scene: PoolScene, token: Token) -> NDArray[np.float32]:
    """Encode a scene's images one by one, without any of the machinery: (images, t, d)."""
    pixels = [to_pixels(load_rgb(image.uri))[None] for image in scene.images]
    return np.concatenate([ColourGrid().encode(one, token) for one in pixels])


def with_broken(scene: PoolScene, path: Path, content: bytes) -> PoolScene:
    """Put a file that is no image in front of a scene's images."""
    path.write_bytes(content)
    return PoolScene(scene.scene_id, scene.costs, (Image(str(path)), *scene.images))


Extract = Callable[..., VectorExtraction]


@pytest.fixture
def extract(tmp_path: Path) -> Iterator[Extract]:
    """Run an extraction of some scenes to its end, on a store that is opened anew."""
    decoder = Decoder(2)
    with ThreadPoolExecutor(2) as threads:

        def run(
            scenes: Sequence[PoolScene],
            extractor: Extractor | None = None,
            report: Callable[[int], None] = ignore,
        ) -> VectorExtraction:
            chosen = extractor or globals()["extractor"]()
            store = BlockStore(tmp_path / "vectors")
            extraction = VectorExtraction(cut_shards(scenes), chosen, store, decoder, threads)
            extraction.complete(report)
            return extraction

        yield run
    decoder.close()


def rows(extraction: VectorExtraction, scene: PoolScene) -> NDArray[np.float32]:
    """Return the vectors of a scene's images, stacked."""
    return np.concatenate([image.vectors for image in extraction.vectors(scene)])


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_batches_run_across_scenes_and_change_nothing(
    tmp_path: Path, make_scene: MakeScene, extract: Extract, batch_size: int
) -> None:
    """Whatever the batch size, a scene gets the vectors that its images give one by one."""
    scenes = [make_scene("a", 3), make_scene("b", 1), make_scene("c", 6)]
    extraction = extract(scenes, extractor(batch_size=batch_size))
    for scene in scenes:
        np.testing.assert_array_equal(rows(extraction, scene), encode(scene, CLS)[:, 0])
        assert extraction.is_new(scene)
        assert not extraction.failures(scene)
        assert extraction.left_out(scene) is None
    assert len(list((tmp_path / "vectors").iterdir())) == 1


def test_an_image_keeps_the_centres_of_its_patches(make_scene: MakeScene, extract: Extract) -> None:
    """Patch keys are reduced to centres, each with the number of patches that are nearest to it."""
    scene = make_scene("a", 3)
    extraction = extract([scene], extractor(PATCH_KEYS, clusters=5))
    for stored, patches in zip(extraction.vectors(scene), encode(scene, PATCH_KEYS), strict=True):
        np.testing.assert_array_equal(stored.vectors, cluster(patches, 5))
        distances = np.linalg.norm(patches[:, None] - stored.vectors, axis=2)
        nearest = distances.argmin(axis=1)
        np.testing.assert_array_equal(stored.counts, np.bincount(nearest, minlength=5))
        assert stored.counts.sum() == len(patches)


def test_the_second_time_nothing_is_encoded(
    make_scene: MakeScene, extract: Extract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored images are neither decoded nor encoded again, and keep their keys."""
    scenes = [make_scene("a", 2), make_scene("b", 1)]
    first = extract(scenes)
    monkeypatch.setattr(Decoder, "decode", None)
    again = extract(scenes, extractor(load=partial(pytest.fail, "the network was loaded")))
    for scene in scenes:
        assert again.keys(scene) == first.keys(scene)
        assert not again.is_new(scene)


def test_a_changed_image_is_encoded_again_and_only_it(
    make_scene: MakeScene, extract: Extract
) -> None:
    """A file with new content gets a new key; the scene's other images are reused."""
    a, b = make_scene("a", 3), make_scene("b", 1)
    first = extract([a, b])
    other = Path(make_scene("other", 1).images[0].uri)
    Path(a.images[1].uri).write_bytes(other.read_bytes() + b"\0")
    encoded: list[int] = []

    class Counting(ColourGrid):
        def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
            encoded.append(len(pixels))
            return super().encode(pixels, token)

    again = extract([a, b], extractor(load=Counting))
    assert encoded == [1]
    changed = [new != old for new, old in zip(again.keys(a), first.keys(a), strict=True)]
    assert changed == [False, True, False]
    assert again.keys(b) == first.keys(b)
    assert (again.is_new(a), again.is_new(b)) == (True, False)


def test_an_image_of_several_scenes_is_encoded_once(
    tmp_path: Path, make_scene: MakeScene, extract: Extract
) -> None:
    """Scenes that share images, by name or through a link, share their vectors, and failures."""
    a = make_scene("a", 2)
    link = tmp_path / "link.png"
    link.symlink_to(a.images[0].uri)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    alias = tmp_path / "alias.png"
    alias.symlink_to(broken)
    a = PoolScene("a", {}, (*a.images, Image(str(broken))))
    b = PoolScene("b", {}, (a.images[1], Image(str(link)), Image(str(alias))))
    extraction = extract([a, b])
    assert extraction.keys(b) == extraction.keys(a)[::-1]
    assert len({key for scene in (a, b) for key in extraction.keys(scene)}) == 2
    assert [failure.uri for failure in extraction.failures(a)] == [str(broken)]
    assert [failure.uri for failure in extraction.failures(b)] == [str(alias)]


@pytest.mark.parametrize("content", [b"", b"this is text", b"\x89PNG\r\n\x1a\n cut off"])
def test_a_broken_image_is_reported_and_left_out(
    tmp_path: Path, make_scene: MakeScene, extract: Extract, content: bytes
) -> None:
    """A scene goes on without its broken image, which is reported at every run."""
    whole = make_scene("a", 2)
    scene = with_broken(whole, tmp_path / "broken.png", content)
    for is_new in (True, False):
        extraction = extract([scene])
        np.testing.assert_array_equal(rows(extraction, scene), encode(whole, CLS)[:, 0])
        (failure,) = extraction.failures(scene)
        assert (failure.scene_id, failure.uri) == ("a", str(tmp_path / "broken.png"))
        assert failure.reason
        assert extraction.is_new(scene) == is_new
        assert extraction.left_out(scene) is None


def test_a_mended_image_joins_its_scene(make_scene: MakeScene, extract: Extract) -> None:
    """Once a missing image is there, the scene has its vectors too."""
    scene = make_scene("a", 2)
    lost = Path(scene.images[1].uri)
    content = lost.read_bytes()
    lost.unlink()
    before = extract([scene])
    assert rows(before, scene).shape == (1, 193)
    assert before.failures(scene)[0].reason == "the file does not exist"
    lost.write_bytes(content)
    after = extract([scene])
    assert rows(after, scene).shape == (2, 193)
    assert not after.failures(scene)


def test_a_scene_without_a_readable_image_gets_no_vector(
    tmp_path: Path, make_scene: MakeScene, extract: Extract
) -> None:
    """Scenes with no image, or broken ones alone, are named with the reason."""
    one = with_broken(make_scene("one", 0), tmp_path / "one.png", b"")
    gone = PoolScene("two", {}, (Image(str(tmp_path / "x.png")), Image(str(tmp_path / "y.png"))))
    good = make_scene("good", 1)
    extraction = extract([PoolScene("none", {}), one, gone, good])
    reasons = {
        out.scene_id: out.reason
        for scene in (PoolScene("none", {}), one, gone, good)
        if (out := extraction.left_out(scene)) is not None
    }
    assert reasons == {
        "none": "it has no images",
        "one": f"its only image, {tmp_path}/one.png: the file is empty",
        "two": f"the first of its 2 images, all unreadable, {tmp_path}/x.png: "
        "the file does not exist",
    }


def test_progress_counts_every_image_once(
    tmp_path: Path, make_scene: MakeScene, extract: Extract
) -> None:
    """Encoded, stored, linked and broken images add up to all images."""
    a = make_scene("a", 5)
    link = tmp_path / "link.png"
    link.symlink_to(a.images[0].uri)
    scenes = [
        with_broken(a, tmp_path / "broken.png", b""),
        PoolScene("same images as a", {}, (*a.images, Image(str(link)))),
        make_scene("b", 2),
        PoolScene("none", {}),
    ]
    for _ in range(2):
        counts: list[int] = []
        extract(scenes, report=counts.append)
        assert sum(counts) == 5 + 1 + 1 + 2


def test_the_key_covers_the_extractor() -> None:
    """Token, clusters (of patch keys), network and weights change the id; speed does not."""
    other = Recipe(Identity("colour_grid", "0" * 64, None), CLS, 3)
    ids = {
        extractor().id,
        extractor(PATCH_KEYS).id,
        extractor(PATCH_KEYS, clusters=4).id,
        other.id,
    }
    assert len(ids) == 4
    assert extractor(clusters=4, batch_size=9).id == extractor().id


def test_shards_hold_each_image_once_in_order() -> None:
    """A shard closes once it is full; every image is in one shard, also if scenes share it."""
    images = [Image(f"{number}.png") for number in range(2 * SHARD_IMAGES + 5)]
    scenes = [
        PoolScene("few", {}, tuple(images[:3])),
        PoolScene("none", {}),
        PoolScene("many", {}, tuple(images)),
        PoolScene("again", {}, tuple(images[::7])),
    ]
    shards = cut_shards(scenes)
    assert [len(shard) for shard in shards] == [SHARD_IMAGES, SHARD_IMAGES, 5]
    assert [uri for shard in shards for uri in shard] == [image.uri for image in images]
    assert cut_shards([]) == ()


def test_shards_are_published_one_by_one(
    tmp_path: Path, make_scene: MakeScene, extract: Extract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However shards are cut, the vectors are the same, and each shard is a file."""
    monkeypatch.setattr(features.extraction.shards, "SHARD_IMAGES", 2)
    scenes = [make_scene("a", 3), make_scene("b", 4)]
    extraction = extract(scenes)
    for scene in scenes:
        np.testing.assert_array_equal(rows(extraction, scene), encode(scene, CLS)[:, 0])
    assert len(list((tmp_path / "vectors").iterdir())) == 4


class Broken:
    """A backbone whose weights went wrong."""

    name, weights_id, dim = "broken", "0", 2

    def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
        """Give NaN."""
        del token
        return np.full((len(pixels), 1, 2), np.nan, np.float32)


def test_vectors_that_are_not_finite_stop_the_run(
    tmp_path: Path, make_scene: MakeScene, extract: Extract
) -> None:
    """A backbone that gives NaN is named and nothing is stored."""
    with pytest.raises(VectorsError, match="colour_grid gives vectors that are not finite"):
        extract([make_scene("a", 1)], extractor(load=Broken))
    assert not (tmp_path / "vectors").exists()


class Small(ColourGrid):
    """A device with memory for a few images at once."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.batches: list[int] = []

    def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
        """Refuse what does not fit."""
        if len(pixels) > self.room:
            message = f"no memory for {len(pixels)} images"
            raise BatchTooLargeError(message)
        self.batches.append(len(pixels))
        return super().encode(pixels, token)


def test_a_batch_that_does_not_fit_is_halved_and_said(
    make_scene: MakeScene, extract: Extract, caplog: pytest.LogCaptureFixture
) -> None:
    """Out of memory: the batch is done in parts, later ones are smaller, the vectors the same."""
    scene = make_scene("a", 11)
    device = Small(room=2)
    with caplog.at_level(logging.WARNING):
        extraction = extract([scene], extractor(batch_size=8, load=lambda: device))
    np.testing.assert_array_equal(rows(extraction, scene), encode(scene, CLS)[:, 0])
    assert device.batches == [2, 2, 2, 2, 2, 1]
    assert "no memory for 8 images at once" in caplog.text


def test_a_device_without_room_for_one_image_is_an_error(
    make_scene: MakeScene, extract: Extract
) -> None:
    """Where not even one image fits there is nothing to halve."""
    with pytest.raises(BatchTooLargeError, match="no memory for 1 images"):
        extract([make_scene("a", 3)], extractor(load=lambda: Small(room=0)))
