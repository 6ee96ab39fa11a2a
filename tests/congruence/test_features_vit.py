"""timm's vision transformers, as we use them, against a transformer written from the papers."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import safetensors.torch
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torchvision import transforms

from features.backbones import Backbone, Token, load_backbone
from features.backbones.catalogue import TIMM_VITS
from features.backbones.pixels import to_pixels
from features.errors import BackboneError, WeightsError

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
HEAD_WIDTH = 64  # of every DINO

WriteWeights = Callable[[str], Path]


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
def pixels() -> NDArray[np.uint8]:
    """Return two images of noise."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)


def to_batch(pixels: NDArray[np.uint8]) -> Tensor:
    """Normalise in numpy what the backbone normalises in torch."""
    scaled = ((pixels / 255 - MEAN) / STD).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(scaled, dtype=np.float32))


def dino(state: dict[str, Tensor], batch: Tensor, patch: int) -> tuple[Tensor, Tensor]:
    """Run a ViT (Dosovitskiy et al. 2021): class token after the norm, keys of the last block."""
    n = len(batch)
    d = state["cls_token"].shape[-1]

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
    for number in range(12):
        block = f"blocks.{number}"
        q, keys, v = linear(norm(x, f"{block}.norm1"), f"{block}.attn.qkv").split(d, dim=-1)
        qh, kh, vh = (
            part.reshape(n, -1, d // HEAD_WIDTH, HEAD_WIDTH).transpose(1, 2)
            for part in (q, keys, v)
        )
        attention = (qh @ kh.mT / HEAD_WIDTH**0.5).softmax(dim=-1) @ vh
        mixed = linear(attention.transpose(1, 2).reshape(n, -1, d), f"{block}.attn.proj")
        x = x + scaled(mixed, f"{block}.ls1.gamma")
        hidden = functional.gelu(linear(norm(x, f"{block}.norm2"), f"{block}.mlp.fc1"))
        x = x + scaled(linear(hidden, f"{block}.mlp.fc2"), f"{block}.ls2.gamma")
    return norm(x, "norm")[:, 0], keys[:, 1:]


def close(actual: NDArray[np.float32], expected: Tensor) -> None:
    """Compare within 1e-4 of the largest entry: what float32 leaves after twelve blocks."""
    scale = float(expected.abs().max())
    np.testing.assert_allclose(actual / scale, expected.numpy() / scale, atol=1e-4, rtol=0.0)


@pytest.mark.parametrize(("name", "patch", "d"), [("dino_vits16", 16, 384), ("dino_vitb8", 8, 768)])
def test_dino_is_the_published_network(
    weights: WriteWeights, pixels: NDArray[np.uint8], name: str, patch: int, d: int
) -> None:
    """Class token and patch keys of DINO equal those of a plain transformer with its weights."""
    file = weights(name)
    backbone = load_backbone(name, weights=file, device="cpu")
    cls, keys = dino(safetensors.torch.load_file(file), to_batch(pixels), patch)
    close(backbone.encode(pixels, "cls")[:, 0], cls)
    close(backbone.encode(pixels, "patch_keys"), keys)
    assert keys.shape == (2, (224 // patch) ** 2, d)
    assert backbone.dim == d


def test_keys_are_those_of_the_references_formula(
    weights: WriteWeights, pixels: NDArray[np.uint8]
) -> None:
    """Hooked out of torch's qkv layer, cut as the released code cuts it, the keys are the same."""
    file = weights("dino_vits16")
    network: Any = timm.create_model(TIMM_VITS["dino_vits16"], num_classes=0)
    network.load_state_dict(safetensors.torch.load_file(file))
    caught: list[Tensor] = []
    network.eval().blocks[-1].attn.qkv.register_forward_hook(lambda *call: caught.append(call[2]))
    with torch.inference_mode():
        pooled = network(to_batch(pixels))
    n, tokens, width = caught[0].shape
    split = caught[0].reshape(n, tokens, 3, 6, width // 18).permute(2, 0, 3, 1, 4)
    keys = split[1].transpose(1, 2).reshape(n, tokens, -1)[:, 1:]
    backbone = load_backbone("dino_vits16", weights=file, device="cpu")
    close(backbone.encode(pixels, "patch_keys"), keys)
    close(backbone.encode(pixels, "cls")[:, 0], pooled)


@pytest.mark.parametrize("order", ["module.backbone.", "backbone.module.", "backbone."])
def test_an_authors_training_checkpoint_is_read(
    weights: WriteWeights, pixels: NDArray[np.uint8], tmp_path: Path, order: str
) -> None:
    """The teacher's backbone is found among all that DINO's training saves."""
    state = safetensors.torch.load_file(weights("dino_vits16"))
    teacher = {f"{order}{key}": value for key, value in state.items()}
    head = order.replace("backbone.", "") + "head.mlp.0.weight"
    content = {
        "student": {key: value + 1 for key, value in teacher.items()},
        "teacher": {**teacher, head: torch.zeros(3, 3)},
        "optimizer": {"state": {0: {"step": torch.tensor(3)}}, "param_groups": [{"lr": 0.1}]},
        "epoch": 100,
        "args": Namespace(arch="vit_small", patch_size=16, lr=0.0005),
    }
    torch.save(content, tmp_path / "checkpoint.pth")
    published = load_backbone("dino_vits16", weights=weights("dino_vits16"), device="cpu")
    trained = load_backbone("dino_vits16", weights=tmp_path / "checkpoint.pth", device="cpu")
    for token in ("cls", "patch_keys"):
        np.testing.assert_array_equal(
            trained.encode(pixels, token), published.encode(pixels, token)
        )


def test_an_authors_dinov2_is_read(
    weights: WriteWeights, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    """DINOv2 as its authors publish it, with a mask token, gives what timm's own file gives."""
    state = safetensors.torch.load_file(weights("dinov2_vits14"))
    torch.save({**state, "mask_token": torch.zeros(1, 384)}, tmp_path / "dinov2_vits14.pth")
    timms = load_backbone("dinov2_vits14", weights=weights("dinov2_vits14"), device="cpu")
    theirs = load_backbone("dinov2_vits14", weights=tmp_path / "dinov2_vits14.pth", device="cpu")
    close(theirs.encode(pixels, "patch_keys"), torch.from_numpy(timms.encode(pixels, "patch_keys")))


def test_any_vision_transformer_of_timms_goes(pixels: NDArray[np.uint8], tmp_path: Path) -> None:
    """A supervised one, its classifier dropped, with its own mean and deviation."""
    name = "vit_tiny_patch16_224.augreg_in21k"
    torch.manual_seed(0)
    network: Any = timm.create_model(name).eval()
    safetensors.torch.save_file(network.state_dict(), tmp_path / "a.safetensors")
    backbone = load_backbone(f"timm/{name}", weights=tmp_path / "a.safetensors", device="cpu")
    assert (backbone.name, backbone.dim) == (f"timm/{name}", 192)
    with torch.inference_mode():
        batch = torch.from_numpy((pixels / 127.5 - 1).transpose(0, 3, 1, 2).astype(np.float32))
        tokens = network.forward_features(batch)
    close(backbone.encode(pixels, "cls")[:, 0], tokens[:, 0])
    assert backbone.encode(pixels, "patch_keys").shape == (2, 196, 192)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("timm/vit_small_patch16_224.dinoo", "no vision transformer of this name"),
        ("timm/vit_smal_patch16_224", "it has timm/vit_small_patch16_224"),
        ("timm/resnet18.a1_in1k", "no vision transformer"),
        ("timm/vit_relpos_small_patch16_224.sw_in1k", "with a class token"),
    ],
)
def test_what_is_no_such_transformer_is_refused(
    weights: WriteWeights, name: str, rule: str
) -> None:
    """A misspelt name, a convolutional network, one without a class token: one sentence each."""
    with pytest.raises(BackboneError, match=rule):
        load_backbone(name, weights=weights("dino_vits16"), device="cpu")


def test_half_precision_is_near(weights: WriteWeights, pixels: NDArray[np.uint8]) -> None:
    """bfloat16 gives float32 arrays within a few percent of the exact ones, and not the same."""
    file = weights("dino_vits16")
    exact = load_backbone("dino_vits16", weights=file, device="cpu").encode(pixels, "cls")
    half = load_backbone("dino_vits16", weights=file, device="cpu", precision="bfloat16")
    found = half.encode(pixels, "cls")
    assert found.dtype == np.float32
    difference = np.abs(found - exact).max() / np.abs(exact).max()
    assert 0 < difference < 0.1


def test_images_are_resized_as_the_reference_does() -> None:
    """Whatever the size, pixels are those of torchvision's Resize on Pillow's image, exactly."""
    reference = transforms.Resize((224, 224), interpolation=transforms.InterpolationMode.BICUBIC)
    rng = np.random.default_rng(0)
    for width, height in ((480, 360), (1242, 375), (100, 30), (224, 224), (1080, 1080)):
        image = PIL.Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        np.testing.assert_array_equal(to_pixels(image), np.asarray(reference(image)))


def test_dinov2_resamples_positions_alone(weights: WriteWeights, pixels: NDArray[np.uint8]) -> None:
    """DINOv2's positions, trained at 518 pixels, are resampled to 16 x 16; the rest stays."""
    file = weights("dinov2_vits14")
    backbone = load_backbone("dinov2_vits14", weights=file, device="cpu")
    state = safetensors.torch.load_file(file)
    grid = state["pos_embed"][:, 1:].reshape(1, 37, 37, 384).permute(0, 3, 1, 2)
    resampled = functional.interpolate(grid, size=(16, 16), mode="bicubic", antialias=True)
    positions = resampled.permute(0, 2, 3, 1).reshape(1, 256, 384)
    state["pos_embed"] = torch.cat([state["pos_embed"][:, :1], positions], dim=1)
    cls, keys = dino(state, to_batch(pixels), 14)
    close(backbone.encode(pixels, "cls")[:, 0], cls)
    close(backbone.encode(pixels, "patch_keys"), keys)
    assert keys.shape == (2, 256, 384)


def test_dinov3_drops_registers_and_rotation(
    weights: WriteWeights, pixels: NDArray[np.uint8]
) -> None:
    """DINOv3's keys are the last block's projections of the patches, unrotated, no registers."""
    file = weights("dinov3_vits16")
    backbone = load_backbone("dinov3_vits16", weights=file, device="cpu")
    network: Any = timm.create_model(TIMM_VITS["dinov3_vits16"], num_classes=0, img_size=224)
    state = safetensors.torch.load_file(file)
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
    weights: WriteWeights, pixels: NDArray[np.uint8], name: str, token: Token
) -> None:
    """Two images at once give what they give one by one, within 1e-4 of the largest entry."""
    backbone: Backbone = load_backbone(name, weights=weights(name), device="cpu")
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
