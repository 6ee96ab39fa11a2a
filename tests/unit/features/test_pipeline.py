import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

import features.backbones.identity
from features.backbones.colour_grid import ColourGrid
from features.backbones.compute import CLS, PATCH_KEYS
from features.backbones.protocol import to_pixels
from features.errors import FeatureError, VectorsError, WeightsError
from features.images.decoding import Decoder
from features.images.pixels import load_rgb
from features.index import SceneIndex
from features.numeric import unit_rows
from features.pipeline import FeatureSettings, Preparation, Prepared, prepare
from features.signatures.clustering import cluster
from features.signatures.model import Signatures
from features.sources.scenes import Image, PoolScene, ScenePool

MakeScene = Callable[[str, int], PoolScene]
MakePool = Callable[[list[PoolScene]], ScenePool]

GRID = FeatureSettings(backbone="colour_grid", clusters=3)


@pytest.fixture
def pool(make_scene: MakeScene, make_pool: MakePool) -> ScenePool:
    """Six scenes, one with a single image, one without any, in two groups."""
    sizes = [3, 5, 1, 120, 0, 4]
    return make_pool([make_scene(f"scene {i}", size) for i, size in enumerate(sizes)])


def computed(prepared: Prepared) -> dict[str, tuple[int, int]]:
    """Return (computed, reused) of each stage."""
    return {stage.name: (stage.computed, stage.reused) for stage in prepared.stages}


def test_a_pool_becomes_signatures(tmp_path: Path, pool: ScenePool) -> None:
    """Signatures and index cover every scene with images, in order, and lie in the cache."""
    prepared = prepare(pool, GRID, tmp_path / "cache")
    signatures = prepared.signatures
    assert signatures.scene_ids == ("scene 0", "scene 1", "scene 2", "scene 3", "scene 5")
    assert signatures.counts.tolist() == [3, 3, 1, 3, 3]
    assert signatures.vectors.shape == (5, ColourGrid.dim)
    assert [left.scene_id for left in prepared.left_out] == ["scene 4"]
    assert (prepared.backbone, prepared.token, prepared.clusters) == ("colour_grid", "cls", 3)
    assert prepared.weights_id == ColourGrid.weights_id
    stored = Signatures.load(tmp_path / "cache" / "signatures" / f"{prepared.key}.npz")
    np.testing.assert_array_equal(stored.vectors, signatures.vectors)
    path = tmp_path / "cache" / "neighbours" / f"{prepared.key}.npz"
    index = SceneIndex.load(path, signatures)
    np.testing.assert_array_equal(index.nearest, prepared.index.nearest)
    assert index.nearest.shape == (5, 4)
    assert any("1 of 5 scenes have a single vector" in note for note in prepared.notes)
    assert any("colours only" in note for note in prepared.notes)


def test_everything_is_reused(tmp_path: Path, pool: ScenePool) -> None:
    """A second run computes nothing and gives the same."""
    first = prepare(pool, GRID, tmp_path / "cache")
    again = prepare(pool, GRID, tmp_path / "cache")
    assert computed(first) == {"vectors": (5, 0), "signatures": (5, 0), "index": (5, 0)}
    assert computed(again) == {"vectors": (0, 5), "signatures": (0, 5), "index": (0, 5)}
    assert again.key == first.key
    np.testing.assert_array_equal(again.signatures.weights, first.signatures.weights)
    np.testing.assert_array_equal(again.signatures.vectors, first.signatures.vectors)


def test_other_clusters_reuse_the_vectors_of_images(tmp_path: Path, pool: ScenePool) -> None:
    """A changed number of clusters makes new signatures from stored class tokens."""
    first = prepare(pool, GRID, tmp_path / "cache")
    other = prepare(pool, replace(GRID, clusters=4), tmp_path / "cache")
    assert computed(other) == {"vectors": (0, 5), "signatures": (5, 0), "index": (5, 0)}
    assert other.key != first.key
    assert other.signatures.counts.tolist() == [3, 4, 1, 4, 4]


def test_damaged_signatures_are_computed_again(tmp_path: Path, pool: ScenePool) -> None:
    """A broken file in the cache costs time, not the run."""
    first = prepare(pool, GRID, tmp_path / "cache")
    (tmp_path / "cache" / "signatures" / f"{first.key}.npz").write_bytes(b"broken")
    again = prepare(pool, GRID, tmp_path / "cache")
    assert computed(again)["signatures"] == (5, 0)
    np.testing.assert_array_equal(again.signatures.vectors, first.signatures.vectors)


def test_a_damaged_block_heals_within_the_run(tmp_path: Path, pool: ScenePool) -> None:
    """One flipped bit in stored vectors costs the time to compute its images again, and no run."""
    first = prepare(pool, GRID, tmp_path / "cache")
    (tmp_path / "cache" / "signatures" / f"{first.key}.npz").unlink()
    block = max((tmp_path / "cache" / "vectors").iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(block.read_bytes())
    content[len(content) // 2] ^= 1
    block.write_bytes(content)
    again = prepare(pool, GRID, tmp_path / "cache")
    assert again.key == first.key
    np.testing.assert_array_equal(again.signatures.vectors, first.signatures.vectors)
    assert computed(prepare(pool, GRID, tmp_path / "cache"))["vectors"] == (0, 5)


def test_an_image_that_changes_while_its_block_is_damaged_is_told(
    tmp_path: Path, pool: ScenePool
) -> None:
    """What cannot be computed again as it was is one sentence; the next run takes what is there."""
    with Preparation(pool, GRID, tmp_path / "cache") as preparation:
        preparation.run_group(0)
        preparation.run_group(1)
        for block in (tmp_path / "cache" / "vectors").iterdir():
            block.write_bytes(b"")
        image = Path(pool.scenes[0].images[0].uri)
        PIL.Image.new("RGB", (9, 9), "red").save(image)
        os.utime(image, ns=(1, 1))
        with pytest.raises(VectorsError, match=r"an image of scene 'scene 0' was changed while"):
            preparation.finish()
    assert computed(prepare(pool, GRID, tmp_path / "cache"))["signatures"] == (5, 0)


def test_an_interrupt_drops_what_was_to_be_decoded(
    tmp_path: Path, pool: ScenePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends a run in the middle of a shard, no image is decoded for nothing after it."""
    waiting: list[Future[NDArray[np.uint8]]] = []
    named: list[str] = []
    interrupted = threading.Event()
    decode, decode_now = Decoder.decode, Decoder._decode

    def noted(self: Decoder, uri: str) -> Future[NDArray[np.uint8]]:
        named.append(uri)
        waiting.append(decode(self, uri))
        return waiting[-1]

    def held(self: Decoder, uri: str) -> NDArray[np.uint8]:
        # The first image brings the run to its interrupt; no other is decoded before that.
        if uri != named[0]:
            interrupted.wait(60)
        return decode_now(self, uri)

    def interrupt(_self: ColourGrid, _pixels: object, _token: object) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(Decoder, "decode", noted)
    monkeypatch.setattr(Decoder, "_decode", held)
    monkeypatch.setattr(ColourGrid, "encode", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare(pool, replace(GRID, batch_size=1), tmp_path / "cache")
    assert all(future.done() for future in waiting)
    assert sum(future.cancelled() for future in waiting) > len(waiting) / 2


def test_an_interrupted_job_goes_on(tmp_path: Path, pool: ScenePool) -> None:
    """Groups keep their numbers, and a new process finishes what another began."""
    whole = prepare(pool, GRID, tmp_path / "whole")
    with Preparation(pool, GRID, tmp_path / "cache") as begun:
        assert [begun.outlook(number) for number in range(3)] == [(0, 133), (128, 133), (133, 133)]
        assert begun.run_group(1) == 5
    with Preparation(pool, GRID, tmp_path / "cache") as resumed:
        assert resumed.outlook(1) == (128, 133)
        assert resumed.run_group(1) == 0
        prepared = resumed.finish()
    assert prepared.key == whole.key
    np.testing.assert_array_equal(prepared.signatures.vectors, whole.signatures.vectors)


def test_progress_ends_at_the_total(tmp_path: Path, pool: ScenePool) -> None:
    """Progress grows to all images, also when a group is run twice."""
    calls: list[tuple[int, int]] = []
    with Preparation(
        pool, GRID, tmp_path / "cache", lambda done, total: calls.append((done, total))
    ) as preparation:
        preparation.run_group(0)
        preparation.run_group(0)
        preparation.finish()
    assert {total for _, total in calls} == {133}
    assert calls[-1] == (133, 133)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_patches_of_several_images_are_clustered_by_weight(
    tmp_path: Path, make_scene: MakeScene, make_pool: MakePool
) -> None:
    """A scene's centres are those of its images' centres, each with the patches behind it."""
    scene = make_scene("a", 3)
    prepared = prepare(make_pool([scene]), replace(GRID, token=PATCH_KEYS), tmp_path / "cache")
    pixels = np.stack([to_pixels(load_rgb(image.uri)) for image in scene.images])
    rows, counts = [], []
    for patches in ColourGrid().encode(pixels, PATCH_KEYS):
        centres = cluster(patches, 3)
        nearest = np.linalg.norm(patches[:, None] - centres, axis=2).argmin(axis=1)
        rows.append(centres)
        counts.append(np.bincount(nearest, minlength=3))
    stacked, weights = np.concatenate(rows), np.concatenate(counts)
    expected = cluster(stacked[weights > 0], 3, weights=weights[weights > 0])
    np.testing.assert_allclose(prepared.signatures.vectors[0], unit_rows(expected).mean(axis=0))


def test_the_token_follows_the_pool(
    tmp_path: Path, make_scene: MakeScene, make_pool: MakePool
) -> None:
    """Where the median scene has one image, its parts are compared; a chosen token is kept."""
    singles = make_pool([make_scene("a", 1), make_scene("b", 1), make_scene("c", 3)])
    prepared = prepare(singles, GRID, tmp_path / "cache")
    assert prepared.token == PATCH_KEYS
    assert prepared.signatures.counts.tolist() == [3, 3, 3]
    assert any("one image each" in note for note in prepared.notes)
    assert prepare(singles, replace(GRID, token=CLS), tmp_path / "cache").token == CLS


def test_nothing_usable_is_an_error(tmp_path: Path, make_pool: MakePool) -> None:
    """A pool without a readable image raises with the first reason and leaves no signatures."""
    pool = make_pool([PoolScene("a", {}, (Image(str(tmp_path / "gone.png")),)), PoolScene("b", {})])
    with pytest.raises(
        FeatureError, match=r"none of the 2 scenes can be used; the first, a: .*gone"
    ):
        prepare(pool, GRID, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_auto_falls_back_to_installed_weights(
    tmp_path: Path, pool: ScenePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the default's weights cannot be had, the notes say what is used instead."""

    def unreachable(name: str) -> Path:
        raise WeightsError(name)

    monkeypatch.setattr(features.backbones.identity, "fetch", unreachable)
    few = replace(pool, scenes=pool.scenes[:3])
    prepared = prepare(few, FeatureSettings(device="cpu"), tmp_path / "cache")
    assert prepared.backbone == "efficientnet_lite0"
    assert prepared.signatures.vectors.shape == (3, 1280)
    assert any("dino_vitb8, cannot be fetched here" in note for note in prepared.notes)


def test_a_reused_run_loads_no_network(tmp_path: Path, pool: ScenePool) -> None:
    """Where all is stored, not even the libraries are imported."""
    few = replace(pool, scenes=pool.scenes[:2])
    settings = FeatureSettings(backbone="efficientnet_lite0", device="cpu")
    first = prepare(few, settings, tmp_path / "cache")
    (tmp_path / "run.py").write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from features.pipeline import *\n"
        "from features.sources.scenes import *\n"
        f"print(prepare({few!r}, {settings!r}, Path({str(tmp_path / 'cache')!r})).key)\n"
        "sys.exit(bool({'torch', 'timm', 'faiss'} & sys.modules.keys()))\n"
    )
    code = f"exec(open({str(tmp_path / 'run.py')!r}).read())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == first.key


@pytest.mark.shared_data
def test_real_scans_get_useful_signatures(tmp_path: Path, shared_data: Path) -> None:
    """On street scenes, consecutive scans are more alike than scans of different sequences."""
    root = shared_data / "mini_semantickitti" / "sequences"
    paths = [sorted((root / name / "image_2").iterdir())[:3] for name in ("00", "03")]
    scenes = [
        PoolScene(f"{path.parts[-3]}/{path.stem}", {"images": 1.0}, (Image(str(path)),))
        for group in paths
        for path in group
    ]
    pool = ScenePool("images", tuple(scenes), "images", "number of images")
    settings = FeatureSettings(backbone="efficientnet_lite0", device="cpu")
    prepared = prepare(pool, settings, tmp_path / "cache")
    assert prepared.token == PATCH_KEYS
    for row, scene in enumerate(scenes):
        nearest = [scenes[other] for other in prepared.index.nearest[row, :2]]
        assert {n.scene_id[:2] for n in nearest} == {scene.scene_id[:2]}
