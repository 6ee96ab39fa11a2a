"""Checkpoints as DINO's, DINOv2's and DINOv3's own repositories write them.

The same random tensors are written twice, in timm's names and in the official ones; both files must
give the same vectors, which `test_features_vit.py` compares with an independent network.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor

from features.backbones import load_backbone
from features.backbones.catalogue import TIMM_VITS
from features.errors import WeightsError

pytestmark = pytest.mark.slow

State = dict[str, Tensor]

REGISTERS = "timm/vit_small_patch14_reg4_dinov2.lvd142m"
BIASES = "timm/vit_small_patch16_dinov3_qkvb.lvd1689m"


def random_state(name: str) -> State:
    """Return seeded random weights in timm's names and the shapes of the published ones."""
    generator = torch.Generator().manual_seed(0)
    model = TIMM_VITS.get(name, name.removeprefix("timm/"))
    network = timm.create_model(model, num_classes=0)
    return {
        key: torch.randn(tensor.shape, generator=generator) * 0.05 + (tensor == 1)
        for key, tensor in network.state_dict().items()
    }


def vectors(name: str, content: Mapping[str, Any], file: Path) -> NDArray[np.float32]:
    """Return the class token and the keys of an image of noise, from a checkpoint."""
    torch.save(dict(content), file)
    backbone = load_backbone(name, weights=file, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    tokens = [backbone.encode(pixels, "cls"), backbone.encode(pixels, "patch_keys")]
    return np.concatenate(tokens, axis=1)


def as_trained(state: State) -> dict[str, Any]:
    """Write a state as DINO's trainer does at the end of an epoch."""
    head = {"head.mlp.0.weight": torch.zeros(2, 2), "head.last_layer.weight_v": torch.zeros(2)}
    student = {f"module.backbone.{key}": tensor + 1 for key, tensor in state.items()}
    teacher = {f"backbone.{key}": tensor for key, tensor in state.items()} | head
    return {
        "student": student | {f"module.{key}": tensor for key, tensor in head.items()},
        "teacher": teacher,
        "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]},
        "epoch": 100,
        "args": argparse.Namespace(arch="vit_small", patch_size=16, output_dir=Path("a")),
        "dino_loss": {"center": torch.zeros(1, 2)},
    }


def as_linear(state: State) -> State:
    """Keep a classifier beside the network."""
    return state | {"head.weight": torch.ones(1000, 384), "head.bias": torch.ones(1000)}


def as_dinov2(state: State) -> State:
    """Add what DINOv2's releases have and timm's network has not."""
    return state | {"mask_token": torch.ones(1, 384)}


def as_chunks(state: State) -> dict[str, Any]:
    """Put the blocks into four chunks, as DINOv2's teachers are saved when trained with FSDP."""
    renamed = {}
    for key, tensor in as_dinov2(state).items():
        first, *rest = key.split(".")
        chunk = [first, str(int(rest[0]) // 3)] if first == "blocks" else [first]
        renamed[".".join(["backbone", *chunk, *rest])] = tensor
    return {"teacher": renamed | {"dino_head.mlp.0.bias": torch.ones(2)}}


def as_registers(state: State) -> State:
    """Name registers as DINOv2 does, and give the class token a position of its own."""
    changed = as_dinov2(state)
    changed["register_tokens"] = changed.pop("reg_token")
    position = torch.full((1, 1, 384), 0.25)
    changed["cls_token"] = changed["cls_token"] - position
    changed["pos_embed"] = torch.cat([position, changed["pos_embed"]], dim=1)
    return changed


def as_dinov3(state: State) -> State:
    """Name everything as DINOv3 does; without biases of its own the network's are zero."""
    renamed = as_dinov2(state) | {"rope_embed.periods": torch.ones(16)}
    renamed["storage_tokens"] = renamed.pop("reg_token")
    for number in range(12):
        block = f"blocks.{number}"
        for half in ("1", "2"):
            renamed[f"{block}.ls{half}.gamma"] = renamed.pop(f"{block}.gamma_{half}")
        zeros = torch.zeros(384)
        q = renamed.pop(f"{block}.attn.q_bias", zeros)
        v = renamed.pop(f"{block}.attn.v_bias", zeros)
        # The part of the keys is masked out, so whatever it is does not count.
        renamed[f"{block}.attn.qkv.bias"] = torch.cat([q, torch.ones(384), v])
        renamed[f"{block}.attn.qkv.bias_mask"] = torch.ones(3 * 384)
    return renamed


@pytest.mark.parametrize(
    ("name", "official"),
    [
        ("dino_vits16", as_trained),
        ("dino_vits16", as_linear),
        ("dinov2_vits14", as_dinov2),
        ("dinov2_vits14", as_chunks),
        (REGISTERS, as_registers),
        ("dinov3_vits16", as_dinov3),
        (BIASES, as_dinov3),
    ],
)
def test_an_official_checkpoint_gives_the_same_vectors(
    tmp_path: Path,
    name: str,
    official: Callable[[State], Mapping[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever's names a checkpoint has, its tensors give the same vectors; nothing is printed."""
    state = random_state(name)
    expected = vectors(name, state, tmp_path / "timm.pth")
    actual = vectors(name, official(dict(state)), tmp_path / "official.pth")
    # Only the registers' class token is computed: once plus and once minus a position.
    np.testing.assert_allclose(actual, expected, atol=1e-4 * np.abs(expected).max(), rtol=0.0)
    assert capsys.readouterr().out == ""  # standard output is for results


def test_biases_that_the_network_lacks_are_refused(tmp_path: Path) -> None:
    """DINOv3's biases are dropped where they are zero, and named where they are not."""
    state = as_dinov3(random_state("dinov3_vits16"))
    state["blocks.7.attn.qkv.bias"][0] = 0.5
    rule = r"does not match dinov3_vits16: of its tensors 1 unknown \(blocks\.7\.attn\.qkv\.bias\)"
    with pytest.raises(WeightsError, match=rule):
        vectors("dinov3_vits16", state, tmp_path / "a.pth")


def test_what_belongs_to_another_network_is_named(tmp_path: Path) -> None:
    """A tensor that is neither the backbone's nor of a training head is not passed over."""
    state = random_state("dino_vits16") | {"neck.weight": torch.zeros(1)}
    with pytest.raises(WeightsError, match=r"of its tensors 1 unknown \(neck\.weight\)"):
        vectors("dino_vits16", state, tmp_path / "a.pth")
