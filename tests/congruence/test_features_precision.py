"""Half precision and compilation against exact float32."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from features.backbones import Backbone, Token, load_backbone
from features.backbones.device import arithmetic
from features.backbones.timm_models import build

CASES = [("timm/test_vit", "cls"), ("timm/test_vit", "patch_keys"), ("efficientnet_lite0", "cls")]


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    """Return three images of noise."""
    return np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write random weights of a small vision transformer."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "a.pth"
    torch.save(build("timm/test_vit").state_dict(), file)
    return file


def open_here(name: str, weights: Path, precision: str, *, compiled: bool = False) -> Backbone:
    """Load a backbone on the CPU."""
    file = weights if name.startswith("timm/") else None
    return load_backbone(name, weights=file, device="cpu", precision=precision, compiled=compiled)


@pytest.mark.parametrize(("precision", "cosine"), [("float16", 0.9999), ("bfloat16", 0.999)])
@pytest.mark.parametrize(("name", "token"), CASES)
def test_half_precision_stays_near(
    weights: Path,
    pixels: NDArray[np.uint8],
    name: str,
    token: Token,
    precision: str,
    cosine: float,
) -> None:
    """Half precision gives other float32 vectors, in nearly the same directions."""
    exact = open_here(name, weights, "float32").encode(pixels[:1], token)
    half = open_here(name, weights, precision).encode(pixels[:1], token)
    assert half.dtype == np.float32
    assert not np.array_equal(half, exact)
    lengths = np.linalg.norm(half, axis=-1) * np.linalg.norm(exact, axis=-1)
    assert ((half * exact).sum(-1) / lengths).min() > cosine


@pytest.mark.parametrize(("name", "token"), CASES)
def test_compilation_changes_nothing(
    weights: Path,
    pixels: NDArray[np.uint8],
    name: str,
    token: Token,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A compiled network gives the same vectors, also for a last batch that is smaller.

    The graph is captured as always and then run operation by operation, for the machine's C
    compiler is no part of the promise.
    """
    calls: list[object] = []

    def capture(function: object, **_options: object) -> object:
        calls.append(function)
        return compile_with(function, backend="eager")

    compile_with = torch.compile
    monkeypatch.setattr(torch, "compile", capture)
    exact = open_here(name, weights, "float32").encode(pixels, token)
    assert not calls
    fast = open_here(name, weights, "float32", compiled=True)
    np.testing.assert_allclose(fast.encode(pixels, token), exact, atol=1e-5)
    np.testing.assert_allclose(fast.encode(pixels[:2], token), exact[:2], atol=1e-5)
    assert calls


def test_float32_is_exact_on_cuda_too() -> None:
    """float32 means no TF32 in products and convolutions; afterwards all is as before."""
    convolution = torch.backends.cudnn.conv
    before = convolution.fp32_precision
    convolution.fp32_precision = "tf32"
    try:
        with arithmetic(torch.device("cpu"), "float32"):
            assert torch.backends.cuda.matmul.fp32_precision == "ieee"
            assert convolution.fp32_precision == "ieee"
            assert torch.is_inference_mode_enabled()
            assert not torch.is_autocast_enabled("cpu")
        assert convolution.fp32_precision == "tf32"
    finally:
        convolution.fp32_precision = before
