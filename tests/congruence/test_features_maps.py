"""Maps of cells, as we take them, against the networks as timm runs them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from features.backbones import Backbone, identify, load_backbone
from features.backbones.checkpoints import read_state
from features.backbones.efficientnet_lite import rename


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    """Return three images of noise."""
    return np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)


def vit(model: str, tmp_path: Path) -> tuple[nn.Module, Backbone]:
    """Build one of timm's networks with seeded weights, and open our backbone with them."""
    torch.manual_seed(0)
    network = timm.create_model(model, num_classes=0, img_size=224).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.02)
    torch.save(network.state_dict(), tmp_path / "a.pth")
    return network, load_backbone(f"timm/{model}", weights=tmp_path / "a.pth", device="cpu")


def normalised(pixels: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Normalise in numpy."""
    scaled = ((pixels / 255 - np.array(mean)) / np.array(std)).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(scaled, dtype=np.float32))


def close(actual: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    """Compare within 1e-4 of the largest entry."""
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(actual / scale, expected / scale, atol=1e-4, rtol=0.0)


def test_efficientnet_gives_timm_s_three_depths(pixels: NDArray[np.uint8]) -> None:
    """The maps are the outputs that timm's own feature extraction gives, side by side."""
    identity = identify("efficientnet_lite0")
    network: Any = timm.create_model(
        "tf_efficientnet_lite0",
        features_only=True,
        out_indices=(2, 3, 4),
    ).eval()
    state = rename(read_state(identity.require_file()), [1, 2, 2, 3, 3, 4, 1])
    assert not network.load_state_dict(state, strict=False).missing_keys
    with torch.inference_mode():
        depths = network(normalised(pixels, [127 / 255] * 3, [128 / 255] * 3))
        # Each cell of a coarse map lies over several of the fine one: align_corners is off.
        resized = [functional.interpolate(depth, size=28, mode="bilinear") for depth in depths]
    assert [tuple(depth.shape[1:]) for depth in depths] == [
        (40, 28, 28),
        (112, 14, 14),
        (320, 7, 7),
    ]
    maps = load_backbone("efficientnet_lite0", device="cpu").maps(pixels)
    assert maps.shape == (3, 28, 28, 472)
    assert maps.dtype == np.float32
    close(maps, torch.cat(resized, dim=1).permute(0, 2, 3, 1).numpy())


@pytest.mark.parametrize(
    ("model", "side"),
    [
        ("vit_tiny_patch16_224.augreg_in21k", 14),
        ("vit_small_patch8_224.dino", 28),
        ("vit_small_patch14_reg4_dinov2.lvd142m", 16),
        ("vit_small_patch16_dinov3.lvd1689m", 14),
    ],
)
def test_vision_transformers_give_their_patch_tokens(
    tmp_path: Path, pixels: NDArray[np.uint8], model: str, side: int
) -> None:
    """Row by row, the tokens after the final norm without class and registers."""
    network, backbone = vit(model, tmp_path)
    config: Any = timm.get_pretrained_cfg(model)
    with torch.inference_mode():
        tokens = network.forward_features(normalised(pixels[:1], config.mean, config.std))
    maps = backbone.maps(pixels[:1])
    assert maps.shape == (1, side, side, backbone.dim)
    assert maps.dtype == np.float32
    patches = tokens[0, -side * side :].numpy()
    for row, column in [(0, 0), (0, side - 1), (3, 5), (side - 1, 0)]:
        close(maps[0, row, column], patches[row * side + column])


def test_a_batch_equals_its_singles(tmp_path: Path, pixels: NDArray[np.uint8]) -> None:
    """Three images at once give what they give one by one."""
    _, transformer = vit("vit_tiny_patch16_224.augreg_in21k", tmp_path)
    for backbone in (load_backbone("efficientnet_lite0", device="cpu"), transformer):
        singles = [backbone.maps(pixels[i : i + 1]) for i in range(3)]
        close(backbone.maps(pixels), np.concatenate(singles))


def test_patches_are_maps_with_depths_of_length_one(
    tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    """Cells row by row, each depth scaled by itself; three images at once equal one by one."""
    _, transformer = vit("vit_tiny_patch16_224.augreg_in21k", tmp_path)
    efficientnet = load_backbone("efficientnet_lite0", device="cpu")
    for backbone, depths in ((efficientnet, (40, 112, 320)), (transformer, (192,))):
        patches = backbone.encode(pixels, "patches")
        maps = backbone.maps(pixels)
        assert patches.shape == (3, maps.shape[1] * maps.shape[2], sum(depths))
        for part in np.split(np.arange(sum(depths)), np.cumsum(depths)[:-1]):
            cells = maps[..., part].reshape(3, -1, len(part)).astype(float)
            lengths = np.sqrt((cells**2).sum(axis=-1, keepdims=True))
            close(patches[..., part], cells / lengths)
        singles = [backbone.encode(pixels[i : i + 1], "patches") for i in range(3)]
        close(patches, np.concatenate(singles))
