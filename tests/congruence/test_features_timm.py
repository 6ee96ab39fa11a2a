"""Any of timm's vision transformers through our seam, against the network as timm runs it."""

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import timm
import torch
from numpy.typing import NDArray
from timm.data import create_transform
from torch import Tensor, nn

from features.backbones import load_backbone
from features.backbones.timm_models import build, published
from features.errors import BackboneError, WeightsError

pytestmark = pytest.mark.slow

OF_CLASS = "vit_tiny_patch16_224.augreg_in21k"
POOLED = "test_vit2.r160_in1k"
ATTENTION_POOLED = "test_vit3.r160_in1k"
ROTARY = "vit_small_patch16_rope_224.naver_in1k"


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    """Return two images of noise."""
    return np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)


def create(model: str, **options: object) -> nn.Module:
    """Build one of timm's networks with weights that are seeded and not all alike."""
    torch.manual_seed(0)
    network = timm.create_model(model, **options).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.02)
    return network


def batch_of(model: str, pixels: NDArray[np.uint8]) -> Tensor:
    """Normalise as timm would for this model, without a crop."""
    config: Any = timm.get_pretrained_cfg(model)
    transform = create_transform(
        (3, 224, 224), mean=config.mean, std=config.std, crop_pct=1.0, interpolation="bicubic"
    )
    return torch.stack([transform(PIL.Image.fromarray(image)) for image in pixels])


def keys_of(network: nn.Module, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Return the tokens after the final norm and the last block's keys, both of all tokens."""
    seen: list[Tensor] = []
    last = network.blocks[-1].attn.qkv
    handle = last.register_forward_hook(lambda _module, _args, output: seen.append(output))
    with torch.inference_mode():
        tokens = network.forward_features(batch)
    handle.remove()
    return tokens, seen[0].chunk(3, dim=-1)[1]


def close(actual: NDArray[np.float32], expected: Tensor) -> None:
    """Compare within 1e-4 of the largest entry."""
    scale = float(expected.abs().max())
    np.testing.assert_allclose(actual / scale, expected.numpy() / scale, atol=1e-4, rtol=0.0)


@pytest.mark.parametrize("model", [OF_CLASS, POOLED, ATTENTION_POOLED, ROTARY])
def test_vectors_are_timm_s_own(tmp_path: Path, pixels: NDArray[np.uint8], model: str) -> None:
    """With the model's own normalisation, `cls` and keys are what timm's network computes."""
    network = create(model, num_classes=0, img_size=224)
    torch.save(network.state_dict(), tmp_path / "a.pth")
    backbone = load_backbone(f"timm/{model}", weights=tmp_path / "a.pth", device="cpu")
    tokens, keys = keys_of(network, batch_of(model, pixels))
    with torch.inference_mode():
        pooled = network.forward_head(tokens, pre_logits=True)
    close(backbone.encode(pixels, "cls")[:, 0], pooled)
    close(backbone.encode(pixels, "patch_keys"), keys[:, network.num_prefix_tokens :])
    assert backbone.dim == network.embed_dim
    assert backbone.name == f"timm/{model}"


def test_a_classifier_is_left_and_positions_are_resampled(
    tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    """Weights for 384 pixels, with a classifier, load as timm itself loads them."""
    model = "vit_tiny_patch16_384.augreg_in21k_ft_in1k"
    torch.save(create(model).state_dict(), tmp_path / "a.pth")
    config: Any = timm.get_pretrained_cfg(model)
    state = torch.load(tmp_path / "a.pth", weights_only=True)
    theirs: Any = timm.create_model(
        model,
        pretrained=True,
        num_classes=0,
        img_size=224,
        pretrained_cfg_overlay={"state_dict": state, "num_classes": config.num_classes},
    ).eval()
    backbone = load_backbone(f"timm/{model}", weights=tmp_path / "a.pth", device="cpu")
    tokens, keys = keys_of(theirs, batch_of(model, pixels))
    close(backbone.encode(pixels, "cls")[:, 0], tokens[:, 0])
    close(backbone.encode(pixels, "patch_keys"), keys[:, 1:])


def test_another_patch_size_is_refused(tmp_path: Path) -> None:
    """Patches are never resampled, though timm's converter would."""
    network = timm.create_model("vit_tiny_patch16_224", num_classes=0, patch_size=8)
    torch.save(network.state_dict(), tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"patch_embed\.proj\.weight is \(192, 3, 8, 8\)"):
        load_backbone("timm/vit_tiny_patch16_224", weights=tmp_path / "a.pth", device="cpu")


@pytest.mark.parametrize(
    "name",
    [
        "timm/resnet18.a1_in1k",
        "timm/swin_tiny_patch4_window7_224.ms_in1k",
        "timm/flexivit_small.1200ep_in1k",
        "timm/vit_base_patch16_radio_v3",
    ],
)
def test_other_networks_are_refused(name: str) -> None:
    """What timm has beside plain vision transformers is refused before anything is built."""
    with pytest.raises(BackboneError, match=f"{name} is none of the plain vision transformers"):
        published(name)


def test_an_attention_without_keys_is_refused() -> None:
    """A vision transformer whose last block has no such keys is refused before its weights."""
    with pytest.raises(BackboneError, match="is none of the plain vision transformers"):
        build("timm/vit_pwee_patch16_reg1_gap_256.sbb_in1k")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("timm/vit_smal_patch16_224.dino", "timm/vit_small_patch16_224.dino"),
        ("timm/vit_small_patch16_224.augreg_in2k", "timm/vit_small_patch16_224.augreg_in21k"),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(name: str, near: str) -> None:
    """A slip in a model's name or in its tag raises with what may have been meant."""
    with pytest.raises(BackboneError, match="timm knows no model") as caught:
        published(name)
    assert near in str(caught.value)
    with pytest.raises(BackboneError, match=r"timm knows no model 'x'$"):
        published("timm/x")


def test_weights_and_normalisation_are_known_by_name() -> None:
    """Repository and normalisation are timm's; without a tag its first choice is meant."""
    known = published("timm/vit_small_patch16_224.augreg_in1k")
    assert known.repository == "timm/vit_small_patch16_224.augreg_in1k"
    assert known.mean == known.std == (0.5, 0.5, 0.5)
    assert published("timm/vit_small_patch16_224").repository.startswith(
        "timm/vit_small_patch16_224.augreg"
    )
    assert published("timm/vit_small_patch16_36x1_224").repository is None
