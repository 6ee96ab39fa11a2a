"""timm's vision transformers, as we use them, against a transformer written from the papers."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from features.backbones import Backbone, Token, load_backbone
from features.backbones.catalogue import TIMM_VITS
from features.errors import BackboneError, WeightsError

pytestmark = pytest.mark.slow

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
HEAD = 64  # length of a head's part of a token, in every model here

WriteWeights = Callable[[str], Path]
OpenBackbone = Callable[[str], Backbone]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> WriteWeights:
    """Write a checkpoint of seeded random weights, in the shapes of the published one."""
    folder = tmp_path_factory.mktemp("weights")

    def write(name: str) -> Path:
        file = folder / f"{name}.safetensors"
        if not file.exists():
            generator = torch.Generator().manual_seed(0)
            network = timm.create_model(TIMM_VITS[name], num_classes=0)
            state = {
                key: torch.randn(tensor.shape, generator=generator) * 0.05 + (tensor == 1)
                for key, tensor in network.state_dict().items()
            }
            safetensors.torch.save_file(state, file)
        return file

    return write


@pytest.fixture(scope="module")
def opened(weights: WriteWeights) -> OpenBackbone:
    """Load a backbone with these weights, once."""
    return cache(lambda name: load_backbone(name, weights=weights(name), device="cpu"))


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    """Return two images of noise."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)


def to_batch(pixels: NDArray[np.uint8]) -> Tensor:
    """Normalise in numpy what the backbone normalises in torch."""
    scaled = ((pixels / 255 - MEAN) / STD).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(scaled, dtype=np.float32))


def dino(
    state: dict[str, Tensor], batch: Tensor, patch: int, last: int = 11
) -> tuple[Tensor, Tensor]:
    """Run a ViT (Dosovitskiy et al. 2021) to a block: its tokens (after the norm), and its keys."""
    n = len(batch)
    d = state["cls_token"].shape[-1]
    heads = d // HEAD

    def norm(x: Tensor, name: str) -> Tensor:
        return functional.layer_norm(x, (d,), state[f"{name}.weight"], state[f"{name}.bias"], 1e-6)

    def linear(x: Tensor, name: str) -> Tensor:
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def scaled(x: Tensor, name: str) -> Tensor:
        return x * state[name] if name in state else x  # LayerScale, DINOv2 only

    projection = state["patch_embed.proj.weight"]
    x = functional.conv2d(batch, projection, state["patch_embed.proj.bias"], stride=patch)
    x = torch.cat([state["cls_token"].expand(n, 1, d), x.flatten(2).mT], dim=1)
    x = x + state["pos_embed"]
    keys = x
    for number in range(last + 1):
        block = f"blocks.{number}"
        q, keys, v = linear(norm(x, f"{block}.norm1"), f"{block}.attn.qkv").split(d, dim=-1)
        qh, kh, vh = (part.reshape(n, -1, heads, HEAD).transpose(1, 2) for part in (q, keys, v))
        attention = (qh @ kh.mT / HEAD**0.5).softmax(dim=-1) @ vh
        mixed = linear(attention.transpose(1, 2).reshape(n, -1, d), f"{block}.attn.proj")
        x = x + scaled(mixed, f"{block}.ls1.gamma")
        hidden = functional.gelu(linear(norm(x, f"{block}.norm2"), f"{block}.mlp.fc1"))
        x = x + scaled(linear(hidden, f"{block}.mlp.fc2"), f"{block}.ls2.gamma")
    return norm(x, "norm") if last == 11 else x, keys[:, 1:]


def close(actual: NDArray[np.float32], expected: Tensor) -> None:
    """Compare within 1e-4 of the largest entry: what float32 leaves after twelve blocks."""
    scale = float(expected.abs().max())
    np.testing.assert_allclose(actual / scale, expected.numpy() / scale, atol=1e-4, rtol=0.0)


@pytest.mark.parametrize(
    ("name", "patch", "shape"),
    [("dino_vits16", 16, (2, 196, 384)), ("dino_vitb8", 8, (1, 784, 768))],
)
def test_dino_is_the_published_network(
    weights: WriteWeights,
    opened: OpenBackbone,
    pixels: NDArray[np.uint8],
    name: str,
    patch: int,
    shape: tuple[int, int, int],
) -> None:
    """Class token and patch keys of DINO equal those of a plain transformer with its weights."""
    backbone, pixels = opened(name), pixels[: shape[0]]
    tokens, keys = dino(safetensors.torch.load_file(weights(name)), to_batch(pixels), patch)
    close(backbone.encode(pixels, "cls")[:, 0], tokens[:, 0])
    close(backbone.encode(pixels, "patch_keys"), keys)
    assert keys.shape == shape
    assert backbone.dim == shape[2]


def test_a_network_may_end_at_a_block(weights: WriteWeights, pixels: NDArray[np.uint8]) -> None:
    """NAME@N is the network as far as block N: its class token, patches and keys, and no norm."""
    file = weights("dino_vits16")
    backbone = load_backbone("dino_vits16@4", weights=file, device="cpu")
    tokens, keys = dino(safetensors.torch.load_file(file), to_batch(pixels), 16, last=4)
    close(backbone.encode(pixels, "cls")[:, 0], tokens[:, 0])
    close(backbone.encode(pixels, "patch_keys"), keys)
    close(backbone.maps(pixels).reshape(2, 196, 384), tokens[:, 1:])
    patches = functional.normalize(tokens[:, 1:], dim=-1)
    close(backbone.encode(pixels, "patches"), patches)
    with pytest.raises(BackboneError, match=r"dino_vits16@12: dino_vits16 has blocks 0 to 11"):
        load_backbone("dino_vits16@12", weights=file, device="cpu")


@pytest.mark.parametrize(("name", "heads"), [("dino_vits16", 6), ("dino_vitb8", 12)])
def test_keys_are_the_paper_s(
    weights: WriteWeights,
    opened: OpenBackbone,
    pixels: NDArray[np.uint8],
    name: str,
    heads: int,
) -> None:
    """Keys equal what the paper takes: the middle third of the last block's qkv, without CLS."""
    network: Any = timm.create_model(TIMM_VITS[name], num_classes=0)
    network.load_state_dict(safetensors.torch.load_file(weights(name)))
    seen: list[Tensor] = []
    last = network.eval().blocks[-1].attn.qkv
    last.register_forward_hook(lambda _module, _args, output: seen.append(output))
    with torch.inference_mode():
        network(to_batch(pixels[:1]))
    b, n, d = seen[0].shape[0], seen[0].shape[1], seen[0].shape[2] // 3
    _, k, _ = seen[0].reshape(b, n, 3, heads, d // heads).permute(2, 0, 3, 1, 4)
    expected = k.transpose(1, 2).reshape(b, n, d)[:, 1:]
    close(opened(name).encode(pixels[:1], "patch_keys"), expected)


def test_dinov2_resamples_positions_alone(
    weights: WriteWeights, opened: OpenBackbone, pixels: NDArray[np.uint8]
) -> None:
    """DINOv2's positions, trained at 518 pixels, are resampled to 16 x 16; the rest stays."""
    backbone = opened("dinov2_vits14")
    state = safetensors.torch.load_file(weights("dinov2_vits14"))
    grid = state["pos_embed"][:, 1:].reshape(1, 37, 37, 384).permute(0, 3, 1, 2)
    resampled = functional.interpolate(grid, size=(16, 16), mode="bicubic", antialias=True)
    positions = resampled.permute(0, 2, 3, 1).reshape(1, 256, 384)
    state["pos_embed"] = torch.cat([state["pos_embed"][:, :1], positions], dim=1)
    tokens, keys = dino(state, to_batch(pixels), 14)
    close(backbone.encode(pixels, "cls")[:, 0], tokens[:, 0])
    close(backbone.encode(pixels, "patch_keys"), keys)
    assert keys.shape == (2, 256, 384)


def test_dinov3_drops_registers_and_rotation(
    weights: WriteWeights, opened: OpenBackbone, pixels: NDArray[np.uint8]
) -> None:
    """DINOv3's keys are the last block's projections of the patches, unrotated, no registers."""
    backbone = opened("dinov3_vits16")
    network: Any = timm.create_model(TIMM_VITS["dinov3_vits16"], num_classes=0, img_size=224)
    state = safetensors.torch.load_file(weights("dinov3_vits16"))
    network.load_state_dict(state)
    network.eval()
    seen: list[Tensor] = []
    last = network.blocks[-1].norm1
    last.register_forward_hook(lambda _module, _args, output: seen.append(output))
    with torch.inference_mode():
        tokens = network.forward_features(to_batch(pixels))
    key_rows = state["blocks.11.attn.qkv.weight"][384:768]
    close(backbone.encode(pixels, "patch_keys"), (seen[0] @ key_rows.T)[:, 5:])
    close(backbone.encode(pixels, "cls")[:, 0], tokens[:, 0])
    assert backbone.encode(pixels, "patch_keys").shape == (2, 196, 384)


@pytest.mark.parametrize("name", ["dino_vits16", "dinov2_vits14", "dinov3_vits16"])
@pytest.mark.parametrize("token", ["cls", "patch_keys"])
def test_a_batch_equals_its_singles(
    opened: OpenBackbone, pixels: NDArray[np.uint8], name: str, token: Token
) -> None:
    """Two images at once give what they give one by one, within 1e-4 of the largest entry."""
    backbone = opened(name)
    singles = np.concatenate([backbone.encode(pixels[i : i + 1], token) for i in range(2)])
    close(backbone.encode(pixels, token), torch.from_numpy(singles))


def test_weights_of_another_network_are_refused(weights: WriteWeights) -> None:
    """Another patch size, and another family, do not pass for the right weights."""
    file = weights("dino_vits16")
    with pytest.raises(WeightsError, match=r"dino_vits16\.safetensors does not match dino_vits8"):
        load_backbone("dino_vits8", weights=file, device="cpu")
    with pytest.raises(WeightsError, match=r"does not match dinov3_vits16: .* missing \(reg_token"):
        load_backbone("dinov3_vits16", weights=file, device="cpu")
    with pytest.raises(WeightsError, match="does not match dinov2_vits14"):
        load_backbone("dinov2_vits14", weights=file, device="cpu")


def test_every_name_is_a_published_network() -> None:
    """Each backbone is known to timm, with weights in the repository that we would ask."""
    for architecture in TIMM_VITS.values():
        config = timm.get_pretrained_cfg(architecture)
        assert config is not None
        assert config.hf_hub_id == f"timm/{architecture}"
        assert config.mean == tuple(MEAN)
        assert config.std == tuple(STD)
