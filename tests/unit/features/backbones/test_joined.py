"""Networks side by side."""

from pathlib import Path

import numpy as np
import pytest

from app.cli.main import main
from features.backbones import Compute, identify, load_backbone, open_backbone
from features.backbones.compute import CLS, PATCH_KEYS, PATCHES
from features.errors import BackboneError

BOTH = "colour_grid+efficientnet_lite0"


def test_vectors_lie_side_by_side() -> None:
    """Each of length 1; the coarser grid's cell is the one that the finer cell's centre is in."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    grid, net, both = (load_backbone(name, device="cpu") for name in (*BOTH.split("+"), BOTH))
    assert both.dim == grid.dim + net.dim
    found = both.encode(pixels, CLS)
    for part, vectors in ((grid, found[..., : grid.dim]), (net, found[..., grid.dim :])):
        own = part.encode(pixels, CLS)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1.0, atol=1e-5)
        cosine = (own * vectors).sum(axis=-1) / np.linalg.norm(own, axis=-1)
        np.testing.assert_allclose(cosine, 1.0, atol=1e-5)
    keys = both.encode(pixels, PATCH_KEYS)
    assert keys.shape == (2, 49, both.dim)  # 7 x 7 of the network, 4 x 4 windows of colours
    colours = grid.encode(pixels, PATCH_KEYS)
    cell = keys[1, 2 * 7 + 6, : grid.dim]  # its centre is at 2.5 and 6.5 of 7
    window = colours[1, 1 * 4 + 3]
    np.testing.assert_allclose(cell, window / np.linalg.norm(window), atol=1e-5)
    parts = [one.encode(pixels, PATCHES) for one in (grid, net)]
    np.testing.assert_allclose(both.encode(pixels, PATCHES), np.concatenate(parts, axis=-1))
    maps = [one.maps(pixels) for one in (grid, net)]
    np.testing.assert_array_equal(both.maps(pixels), np.concatenate(maps, axis=-1))


def test_their_weights_are_their_identity() -> None:
    """Known by the weights of all, in order; one of them alone is another backbone."""
    one, other = identify(BOTH), identify("efficientnet_lite0+colour_grid")
    assert one.weights_id != other.weights_id
    assert [part.name for part in one.parts] == BOTH.split("+")
    assert open_backbone(one, Compute("cpu")).weights_id == one.weights_id


def test_a_checkpoint_is_the_transformer_s(tmp_path: Path) -> None:
    """With none or several of them nobody could say whose it is."""
    file = tmp_path / "weights.pth"
    file.write_bytes(b"some weights")
    found = identify("efficientnet_lite0+dinov2_vits14@7", weights=file)
    assert [part.weights_file == file for part in found.parts] == [False, True]
    for name, count in ((BOTH, 0), ("dino_vits16+dino_vits8", 2)):
        with pytest.raises(BackboneError, match=f"has {count} vision transformers"):
            identify(name, weights=file)


def test_names_that_cannot_be_joined_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A network beside itself, one that is not known, or none."""
    for name, words in (
        ("colour_grid+colour_grid", "set beside itself"),
        ("colour_grid+resnet50", "unknown backbone 'resnet50'"),
        ("colour_grid+", "unknown backbone ''"),
        ("auto+colour_grid", "unknown backbone 'auto'"),
    ):
        with pytest.raises(BackboneError, match=words):
            identify(name)
    assert main(["weights", "fetch", BOTH]) != 0
    assert "ask for one network at a time" in capsys.readouterr().err
