"""Devices, precision and memory, with a CUDA that is faked: torch's own functions answer."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from features.backbones import device as module
from features.backbones.device import Compute, pick_device
from features.backbones.inputs import to_input
from features.errors import BackboneError, BatchTooLargeError

CPU = Compute(torch.device("cpu"))


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that there are two GPUs."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


def test_without_cuda_the_cpu_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` is the CPU then, and asking for CUDA is one sentence."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto").type == "cpu"
    for name in ("cuda", "cuda:1"):
        with pytest.raises(BackboneError, match=f"the device {name} is not available here"):
            pick_device(name)


@pytest.mark.usefixtures("two_gpus")
def test_cuda_is_used_where_it_is() -> None:
    """`auto` is CUDA then; a GPU may be named; one that is not there is one sentence."""
    assert pick_device("auto") == torch.device("cuda")
    assert pick_device("cuda") == torch.device("cuda")
    assert pick_device("cuda:1") == torch.device("cuda:1")
    assert pick_device("cpu") == torch.device("cpu")
    with pytest.raises(BackboneError, match="the device cuda:2 is not available here"):
        pick_device("cuda:2")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_out_of_memory_is_an_error_of_its_own(error: RuntimeError) -> None:
    """What either device says is told apart from every other failure."""
    with pytest.raises(BatchTooLargeError, match="cpu has no memory for 7 images at once"):
        _fail(error)
    other = RuntimeError("another matter")
    with pytest.raises(RuntimeError, match="another matter"):
        _fail(other)


def _fail(error: RuntimeError) -> None:
    with CPU.running(7):
        raise error


def test_float32_is_exact_and_half_is_asked_for() -> None:
    """Without a word products are float32, TF32 off; a half precision is torch's autocast."""
    torch.backends.cudnn.allow_tf32 = True
    x = torch.rand(8, 8)
    with CPU.running(1):
        assert (x @ x).dtype == torch.float32
        assert not torch.backends.cudnn.allow_tf32
        assert not torch.is_grad_enabled()
    with Compute(torch.device("cpu"), "bfloat16").running(1):
        assert (x @ x).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("used_by_8", "free", "size"),
    [(8 * 2**20, 10 * 2**30, 512), (8 * 2**30, 40 * 2**30, 32), (8 * 2**30, 2**28, 1)],
)
@pytest.mark.usefixtures("two_gpus")
def test_the_batch_fits_a_gpus_memory(
    monkeypatch: pytest.MonkeyPatch, used_by_8: int, free: int, size: int
) -> None:
    """What a small batch took decides how many images fit into 80 % of what is free."""
    calls: list[int] = []
    fake = SimpleNamespace(
        empty_cache=lambda: None,
        memory_allocated=lambda _device: 2**30,
        reset_peak_memory_stats=lambda _device: None,
        max_memory_allocated=lambda _device: 2**30 + used_by_8,
        mem_get_info=lambda _device: (free, 80 * 2**30),
    )
    monkeypatch.setattr(module.torch, "cuda", fake)
    assert Compute(torch.device("cuda")).batch_size(4, calls.append) == size
    assert calls == [8]


def test_a_cpu_takes_what_is_fast_there() -> None:
    """No image is encoded to find out."""
    assert CPU.batch_size(4, pytest.fail) == 4


def test_pixels_are_scaled_and_normalised() -> None:
    """Each channel is (x / 255 - mean) / std."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    batch = to_input(pixels, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), CPU)
    expected = (pixels / 255 - [0.1, 0.2, 0.3]) / [0.4, 0.5, 0.6]
    np.testing.assert_allclose(batch.permute(0, 2, 3, 1).numpy(), expected, rtol=1e-5, atol=1e-6)
