"""The sizes in docs/scaling.md are those of what is written."""

import re
from pathlib import Path

import numpy as np
import pytest

from features.extraction.blocks import KEY_BYTES, BlockStore, ImageVectors
from features.settings import FeatureSettings
from features.signing import SceneVectors, index_scenes, sign

DOCS = Path(__file__).resolve().parents[2] / "docs" / "scaling.md"
IMAGES, SCENES = 128, 1_000
CENTRES = FeatureSettings().clusters


def _row(beginning: str) -> list[float]:
    """Return what a row of the first table says, in bytes: for 768 numbers, then for 384."""
    (line,) = [row for row in DOCS.read_text().splitlines() if row.startswith(f"| {beginning}")]
    cells = line.split("|")[3:5]
    return [1e3 * float(number) for cell in cells for number in re.findall(r"[0-9.]+", cell)]


def _vectors(count: int, d: int) -> list[ImageVectors]:
    rng = np.random.default_rng(0)
    ones = np.ones(count, dtype=np.int32)
    return [
        ImageVectors(rng.standard_normal((count, d), dtype=np.float32), ones) for _ in range(IMAGES)
    ]


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


@pytest.mark.parametrize(
    ("beginning", "count"),
    [("vectors of images", CENTRES), ("the same: class token", 1)],
)
def test_vectors_of_an_image_take_what_the_page_says(
    tmp_path: Path, beginning: str, count: int
) -> None:
    """A shard of images, by the number of vectors that an image keeps."""
    for d, said in zip((768, 384), _row(beginning), strict=True):
        folder = tmp_path / str(d)
        keys = [place.to_bytes(KEY_BYTES, "big") for place in range(IMAGES)]
        BlockStore(folder).put(list(zip(keys, _vectors(count, d), strict=True)))
        assert _size(folder) / IMAGES == pytest.approx(said, rel=0.03)


@pytest.mark.parametrize(("d", "place"), [(768, 0), (384, 1)])
def test_signatures_and_index_take_what_the_page_says(tmp_path: Path, d: int, place: int) -> None:
    """Scenes of one image: with parts of it, and with one vector."""
    rng = np.random.default_rng(0)
    ids = [f"scene-{number:09d}" for number in range(SCENES)]
    signatures = _row("signatures (")[2 * place : 2 * place + 2]
    for count, said in zip((CENTRES, 1), signatures, strict=True):
        cache = tmp_path / str(count)
        drawn = {name: rng.standard_normal((count, d), dtype=np.float32) for name in ids}
        ones = np.ones(count)
        signed = sign(cache, "key", ids, lambda name: SceneVectors(drawn[name], ones), CENTRES)  # noqa: B023  used at once
        index_scenes(cache, "key", signed.signatures)
        assert _size(cache / "signatures") / SCENES == pytest.approx(said, rel=0.03)
        assert _size(cache / "neighbours") / SCENES == pytest.approx(
            _row("index (")[place], rel=0.03
        )
