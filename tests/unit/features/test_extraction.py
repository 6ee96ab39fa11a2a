from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import features.extractor
from features.backbones import Backbone, Identity, Token, identify
from features.backbones.colour_grid import ColourGrid
from features.backbones.pixels import to_pixels
from features.backbones.protocol import CLS
from features.blocks import BlockStore
from features.clustering import cluster
from features.errors import VectorsError
from features.extraction import GROUP_IMAGES, extract_group, group_scenes
from features.extractor import Extractor
from features.images import load_rgb
from features.scenes import Image, Scene

MakeScene = Callable[[str, int], Scene]


def ignore(_images: int) -> None:
    """Report to nobody."""


def extractor(token: Token = CLS, clusters: int = 3, batch_size: int = 4) -> Extractor:
    """Return an extractor without a network."""
    return Extractor(identify("colour_grid"), token, clusters, batch_size=batch_size)


def encode(scene: Scene, token: Token) -> NDArray[np.float32]:
    """Encode a scene's images one by one, without any of the machinery: (images, t, d)."""
    pixels = [to_pixels(load_rgb(image.uri))[None] for image in scene.images]
    return np.concatenate([ColourGrid().encode(one, token) for one in pixels])


def with_broken(scene: Scene, path: Path, content: bytes) -> Scene:
    """Put a file that is no image in front of a scene's images."""
    path.write_bytes(content)
    return Scene(scene.scene_id, scene.costs, (Image(str(path)), *scene.images))


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_batches_run_across_scenes_and_change_nothing(
    tmp_path: Path, make_scene: MakeScene, batch_size: int
) -> None:
    """Whatever the batch size, a scene gets the vectors that its images give one by one."""
    scenes = [make_scene("a", 3), make_scene("b", 1), make_scene("c", 6)]
    store = BlockStore(tmp_path / "blocks")
    result = extract_group(scenes, extractor(batch_size=batch_size), store, ignore)
    for scene in scenes:
        expected = encode(scene, "cls")[:, 0]
        np.testing.assert_array_equal(store.get(result.keys[scene.scene_id]), expected)
    assert (result.computed, result.reused) == (3, 0)
    assert not result.failures
    assert len(list((tmp_path / "blocks").iterdir())) == 1


def test_patch_keys_are_clustered_over_the_whole_scene(
    tmp_path: Path, make_scene: MakeScene
) -> None:
    """A scene keeps the centres of all its images' patches together, not the patches."""
    scene = make_scene("a", 3)
    store = BlockStore(tmp_path / "blocks")
    result = extract_group([scene], extractor("patch_keys", clusters=5), store, ignore)
    patches = encode(scene, "patch_keys").reshape(48, -1)
    np.testing.assert_array_equal(store.get(result.keys["a"]), cluster(patches, 5))


def test_a_scene_with_too_many_patches_is_thinned_evenly(
    tmp_path: Path, make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit every s-th patch of each image is clustered."""
    monkeypatch.setattr(features.extractor, "MAX_PATCHES", 16)
    scene = make_scene("a", 3)
    store = BlockStore(tmp_path / "blocks")
    result = extract_group([scene], extractor("patch_keys", clusters=50), store, ignore)
    expected = encode(scene, "patch_keys")[:, ::3].reshape(18, -1)
    np.testing.assert_array_equal(store.get(result.keys["a"]), expected)


def test_the_second_time_nothing_is_encoded(
    tmp_path: Path, make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored scenes are neither decoded nor encoded again, and keep their keys."""
    scenes = [make_scene("a", 2), make_scene("b", 1)]
    first = extract_group(scenes, extractor(), BlockStore(tmp_path / "blocks"), ignore)
    monkeypatch.setattr(features.reading, "load_rgb", None)
    monkeypatch.setattr(features.extractor, "open_backbone", None)
    again = extract_group(scenes, extractor(), BlockStore(tmp_path / "blocks"), ignore)
    assert again.keys == first.keys
    assert (again.computed, again.reused) == (0, 2)


def test_a_changed_image_is_encoded_again(tmp_path: Path, make_scene: MakeScene) -> None:
    """A file with new content gets a new key; its neighbour is reused."""
    a, b = make_scene("a", 1), make_scene("b", 1)
    first = extract_group([a, b], extractor(), BlockStore(tmp_path / "blocks"), ignore)
    other = Path(make_scene("other", 1).images[0].uri)
    Path(a.images[0].uri).write_bytes(other.read_bytes() + b"\0")
    again = extract_group([a, b], extractor(), BlockStore(tmp_path / "blocks"), ignore)
    assert again.keys["a"] != first.keys["a"]
    assert again.keys["b"] == first.keys["b"]
    assert (again.computed, again.reused) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"this is text", b"\x89PNG\r\n\x1a\n cut off"])
def test_a_broken_image_is_reported_and_left_out(
    tmp_path: Path, make_scene: MakeScene, content: bytes
) -> None:
    """A scene goes on without its broken image, which is reported at every run."""
    whole = make_scene("a", 2)
    scene = with_broken(whole, tmp_path / "broken.png", content)
    for reused in (0, 1):
        store = BlockStore(tmp_path / "blocks")
        result = extract_group([scene], extractor(), store, ignore)
        np.testing.assert_array_equal(store.get(result.keys["a"]), encode(whole, "cls")[:, 0])
        (failure,) = result.failures
        assert (failure.scene_id, failure.uri) == ("a", str(tmp_path / "broken.png"))
        assert failure.reason
        assert result.reused == reused
        assert not result.left_out


def test_a_mended_image_joins_its_scene(tmp_path: Path, make_scene: MakeScene) -> None:
    """Once a missing image is there, the scene is encoded with it."""
    scene = make_scene("a", 2)
    lost = Path(scene.images[1].uri)
    content = lost.read_bytes()
    lost.unlink()
    store = BlockStore(tmp_path / "blocks")
    before = extract_group([scene], extractor(), store, ignore)
    assert store.get(before.keys["a"]).shape == (1, 193)
    assert before.failures[0].reason == "the file does not exist"
    lost.write_bytes(content)
    after = extract_group([scene], extractor(), store, ignore)
    assert store.get(after.keys["a"]).shape == (2, 193)
    assert not after.failures


def test_a_scene_without_a_readable_image_gets_no_vector(
    tmp_path: Path, make_scene: MakeScene
) -> None:
    """Scenes with no image, or broken ones alone, are named with the reason."""
    one = with_broken(make_scene("one", 0), tmp_path / "one.png", b"")
    gone = Scene("two", {}, (Image(str(tmp_path / "x.png")), Image(str(tmp_path / "y.png"))))
    scenes = [Scene("none", {}), one, gone, make_scene("good", 1)]
    result = extract_group(scenes, extractor(), BlockStore(tmp_path / "blocks"), ignore)
    assert set(result.keys) == {"good"}
    assert {left.scene_id: left.reason for left in result.left_out} == {
        "none": "it has no images",
        "one": f"its only image, {tmp_path}/one.png: the file is empty",
        "two": f"the first of its 2 images, all unreadable, {tmp_path}/x.png: "
        "the file does not exist",
    }


def test_progress_counts_every_image_once(tmp_path: Path, make_scene: MakeScene) -> None:
    """Encoded, stored, shared and broken images add up to all images."""
    a = make_scene("a", 5)
    scenes = [
        with_broken(a, tmp_path / "broken.png", b""),
        Scene("same images as a", {}, a.images),
        make_scene("b", 2),
        Scene("none", {}),
    ]
    for _ in range(2):
        counts: list[int] = []
        store = BlockStore(tmp_path / "blocks")
        result = extract_group(scenes, extractor(), store, counts.append)
        assert sum(counts) == 13
        assert len(set(result.keys.values())) == 2
        assert result.computed + result.reused == 3


def test_the_key_covers_the_extractor() -> None:
    """Token, clusters (of patch keys), network and weights change the id; speed does not."""
    other = Identity("colour_grid", "0" * 64, None)
    ids = {
        extractor().id,
        extractor("patch_keys").id,
        extractor("patch_keys", clusters=4).id,
        Extractor(other, "cls", 3).id,
    }
    assert len(ids) == 4
    assert extractor(clusters=4, batch_size=9).id == extractor().id


def test_groups_are_whole_scenes_in_order() -> None:
    """A group closes once it is full; a scene is never cut, and none is lost."""
    image = Image("a.png")
    sizes = [30, 30, 30, 500, 0, 64, 1]
    scenes = [Scene(str(i), {}, (image,) * size) for i, size in enumerate(sizes)]
    groups = group_scenes(scenes)
    assert [[scene.scene_id for scene in group] for group in groups] == [
        ["0", "1", "2"],
        ["3"],
        ["4", "5"],
        ["6"],
    ]
    assert GROUP_IMAGES == 64
    assert group_scenes([]) == ()


class Broken:
    """A backbone whose weights went wrong."""

    name, weights_id, dim = "broken", "0", 2

    def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
        """Give NaN."""
        del token
        return np.full((len(pixels), 1, 2), np.nan, np.float32)


def test_vectors_that_are_not_finite_stop_the_run(
    tmp_path: Path, make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backbone that gives NaN is named and nothing is stored."""
    backbone: Callable[..., Backbone] = lambda *_: Broken()  # noqa: E731  a fake of one line
    monkeypatch.setattr(features.extractor, "open_backbone", backbone)
    scenes: Sequence[Scene] = [make_scene("a", 1)]
    with pytest.raises(VectorsError, match="colour_grid gives vectors that are not finite"):
        extract_group(scenes, extractor(), BlockStore(tmp_path / "blocks"), ignore)
    assert not (tmp_path / "blocks").exists()
