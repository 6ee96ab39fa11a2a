"""Sparsification through the whole pipeline."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from features.backbones.colour_grid import ColourGrid
from features.backbones.compute import CLS, PATCH_KEYS, Token
from features.backbones.protocol import to_pixels
from features.errors import FeatureError
from features.extraction.thinning import sparsify
from features.images.pixels import load_rgb
from features.pipeline import Preparation, prepare
from features.settings import FeatureSettings, Sparsification
from features.sources.scenes import Image, PoolScene, ScenePool

THRESHOLD = 0.98
SETTINGS = FeatureSettings(
    backbone="colour_grid",
    token=PATCH_KEYS,
    clusters=3,
    sparsify=Sparsification(THRESHOLD),
)


@pytest.fixture
def drive(tmp_path: Path) -> ScenePool:
    """Write two drives whose colours turn slowly, one of them with a frame that is missing."""
    rng = np.random.default_rng(0)
    scenes = []
    for sequence, length in (("00", 40), ("01", 25)):
        for frame in range(length):
            path = tmp_path / "images" / sequence / f"{frame:06d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            angle = frame / (6 if sequence == "00" else 3)
            colour = 127 + 100 * np.cos([angle, angle + 2, angle + 4])
            pixels = colour + rng.normal(0, 3, (24, 32, 3))
            PIL.Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
            if (sequence, frame) == ("01", 3):
                path.unlink()
            scene_id = f"{sequence}/{frame:06d}"
            scenes.append(PoolScene(scene_id, {"points": 1.0}, (Image(str(path)),), sequence))
    return ScenePool("images", tuple(scenes), "points", "one a scene")


def expected(pool: ScenePool, tail: str) -> list[str]:
    """Return the scenes to be kept, from class tokens computed one by one."""
    kept = []
    for sequence in ("00", "01"):
        scenes = [s for s in pool.scenes if s.group == sequence and Path(s.images[0].uri).exists()]
        pixels = np.stack([to_pixels(load_rgb(scene.images[0].uri)) for scene in scenes])
        frames = ColourGrid().encode(pixels, CLS)[:, 0]
        kept += [scenes[i].scene_id for i in sparsify(frames, THRESHOLD, tail)]  # type: ignore[arg-type]
    return kept


@pytest.mark.parametrize("tail", ["keep", "drop"])
@pytest.mark.parametrize("token", [CLS, PATCH_KEYS])
def test_only_frames_that_differ_are_compared(
    drive: ScenePool, tmp_path: Path, token: Token, tail: str
) -> None:
    """Each sequence keeps what SeedAL's rule keeps; the others are named, with their stand-in."""
    rule = Sparsification(THRESHOLD, tail)  # type: ignore[arg-type]
    prepared = prepare(drive, replace(SETTINGS, token=token, sparsify=rule), tmp_path / "cache")
    kept = expected(drive, tail)
    assert list(prepared.signatures.scene_ids) == kept
    assert 2 < len(kept) < len(drive.scenes) - 10
    dropped = {scene.scene_id for scene in prepared.sparsified}
    assert dropped == {s.scene_id for s in drive.scenes} - set(kept) - {"01/000003"}
    assert all("stands for it" in scene.reason for scene in prepared.sparsified)
    assert [scene.scene_id for scene in prepared.left_out] == ["01/000003"]
    assert [failure.scene_id for failure in prepared.failures] == ["01/000003"]
    assert set(prepared.signatures.counts) == ({1} if token == CLS else {3})


def test_a_sparsified_job_goes_on_in_its_second_pass(
    drive: ScenePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups of both passes keep their numbers, for a process that begins in the second one too."""
    monkeypatch.setattr("features.extraction.shards.SHARD_IMAGES", 8)
    whole = prepare(drive, SETTINGS, tmp_path / "whole")
    first = -(-len(drive.scenes) // 8)
    with Preparation(drive, SETTINGS, tmp_path / "cache") as begun:
        assert begun.outlook(0) == (0, len(drive.scenes))
        number = 0
        while number < first + 1:
            begun.run_group(number)
            number += 1
        total = len(drive.scenes) + len(whole.signatures.scene_ids) + 1  # and the missing image
        assert begun.outlook(number) == (len(drive.scenes) + 8, total)
    with Preparation(drive, SETTINGS, tmp_path / "cache") as resumed:
        assert resumed.outlook(number) == (len(drive.scenes) + 8, total)
        assert resumed.run_group(number) > 0
        assert resumed.run_group(number - 1) == 0
        prepared = resumed.finish()
    assert prepared.key == whole.key
    np.testing.assert_array_equal(prepared.signatures.vectors, whole.signatures.vectors)
    files = {path.name for path in (tmp_path / "whole" / "vectors").iterdir()}
    assert {path.name for path in (tmp_path / "cache" / "vectors").iterdir()} == files


def test_other_thresholds_look_at_the_same_tokens(
    drive: ScenePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Class tokens are stored: another threshold computes the patch keys of new scenes alone."""
    prepare(drive, SETTINGS, tmp_path / "cache")
    encoded: list[Token] = []
    encode = ColourGrid.encode

    def counted(self: ColourGrid, pixels: np.ndarray, token: Token) -> np.ndarray:
        encoded.extend([token] * len(pixels))
        return encode(self, pixels, token)

    monkeypatch.setattr(ColourGrid, "encode", counted)
    settings = replace(SETTINGS, sparsify=Sparsification(0.995))
    prepared = prepare(drive, settings, tmp_path / "cache")
    assert set(encoded) == {PATCH_KEYS}
    assert 0 < len(encoded) < len(prepared.signatures.scene_ids)


def test_a_rule_that_keeps_no_frame_is_one_sentence(drive: ScenePool, tmp_path: Path) -> None:
    """As the released code would have it, sequences without a change are lost: all of them here."""
    rule = Sparsification(-1, "drop")
    with pytest.raises(FeatureError, match="sparsification keeps none of the 65 scenes"):
        prepare(drive, replace(SETTINGS, sparsify=rule), tmp_path / "cache")


def test_what_breaks_between_the_passes_is_reported(drive: ScenePool, tmp_path: Path) -> None:
    """An image that goes bad after its class token was stored is named like every other."""
    whole = prepare(drive, SETTINGS, tmp_path / "whole")
    with Preparation(drive, SETTINGS, tmp_path / "cache") as preparation:
        preparation.run_group(0)
        done, total = preparation.outlook(1)
        assert done == len(drive.scenes) < total
        victim = next(s for s in drive.scenes if s.scene_id == whole.signatures.scene_ids[4])
        Path(victim.images[0].uri).write_bytes(b"junk")
        prepared = preparation.finish()
    assert {failure.scene_id for failure in prepared.failures} == {"01/000003", victim.scene_id}
    assert victim.scene_id in {scene.scene_id for scene in prepared.left_out}
