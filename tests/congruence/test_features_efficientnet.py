"""Our EfficientNet-Lite0 against the independent network that the weights were published for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray

from features.backbones import Token, identify
from features.backbones.checkpoints import read_state
from features.backbones.compute import Compute
from features.backbones.efficientnet_lite import EfficientnetLite, rename
from features.errors import WeightsError


@pytest.fixture(scope="module")
def backbone() -> EfficientnetLite:
    """Return our network."""
    return EfficientnetLite(identify("efficientnet_lite0"), Compute("cpu"))


@pytest.fixture(scope="module")
def independent() -> torch.nn.Module:
    """Return the other network, loaded by its own means."""
    file = identify("efficientnet_lite0").require_file()
    network: torch.nn.Module = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=str(file)
    )
    return network.eval()


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    """Return three images of noise."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)


def test_logits_agree(backbone: EfficientnetLite, independent: torch.nn.Module) -> None:
    """The same input gives the same logits within 1e-4."""
    batch = torch.randn((2, 3, 224, 224), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(
            backbone._network(batch), independent(batch), atol=1e-4, rtol=0.0
        )


def test_vectors_are_the_other_network_s_features(
    backbone: EfficientnetLite, independent: torch.nn.Module, pixels: NDArray[np.uint8]
) -> None:
    """Both tokens, from pixels on, are the feature map that the other network computes."""
    batch = torch.from_numpy(((pixels.astype(np.float32) - 127) / 128).transpose(0, 3, 1, 2))
    with torch.inference_mode():
        features = independent.extract_features(batch.contiguous()).numpy()
    positions = features.reshape(3, 1280, 49).transpose(0, 2, 1)
    np.testing.assert_allclose(backbone.encode(pixels, "patch_keys"), positions, atol=1e-4)
    means = positions.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(backbone.encode(pixels, "cls"), means, atol=1e-4)


@pytest.mark.parametrize("token", ["cls", "patch_keys", "patches"])
def test_a_batch_equals_its_singles(
    backbone: EfficientnetLite, pixels: NDArray[np.uint8], token: Token
) -> None:
    """Three images at once give what they give one by one, within 1e-4."""
    singles = [backbone.encode(pixels[i : i + 1], token) for i in range(3)]
    np.testing.assert_allclose(
        backbone.encode(pixels, token), np.concatenate(singles), atol=1e-4, rtol=0.0
    )


def test_other_weights_are_refused(tmp_path: Path) -> None:
    """A checkpoint of another network raises, a block too many included."""
    file = tmp_path / "a.pth"
    torch.save({"_blocks.99._bn0.weight": torch.zeros(3), "fc": torch.zeros(1)}, file)
    with pytest.raises(WeightsError, match=r"a\.pth does not match efficientnet_lite0"):
        EfficientnetLite(identify("efficientnet_lite0", weights=file), Compute("cpu"))


def test_every_tensor_has_its_place() -> None:
    """Renaming loses no tensor of the published weights."""
    file = identify("efficientnet_lite0").require_file()
    state = read_state(file)
    assert len(rename(state, [1, 2, 2, 3, 3, 4, 1])) == len(state)
