import weakref
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import features.backbones.efficientnet_lite
from features.backbones import Compute, Token, load_backbone
from features.backbones.colour_grid import ColourGrid
from features.backbones.device import CPU_BATCH, suggest_batch_size, upload, within_memory
from features.errors import BatchTooLargeError

CPU = torch.device("cpu")
CUDA = torch.device("cuda")
GIB = 2**30


class Gpu:
    """A GPU's memory: a network of 1 GiB, and so much for each image of a batch."""

    def __init__(self, total: int, each: int) -> None:
        self.total, self.each, self.weights = total, each, GIB
        self.peak = self.weights
        self.emptied = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of torch's own view of a GPU."""
        replacements: dict[str, Callable[..., object]] = {
            "is_available": lambda: True,
            "device_count": lambda: 1,
            "empty_cache": self.empty_cache,
            "reset_peak_memory_stats": lambda _device: None,
            "memory_allocated": lambda _device: self.weights,
            "max_memory_allocated": lambda _device: self.peak,
            "mem_get_info": lambda _device: (self.total - self.weights, self.total),
        }
        for name, replacement in replacements.items():
            monkeypatch.setattr(torch.cuda, name, replacement)

    def empty_cache(self) -> None:
        """Count how often caches are emptied."""
        self.emptied += 1


class OnGpu(ColourGrid):
    """A backbone that takes memory of a GPU."""

    def __init__(self, gpu: Gpu) -> None:
        self.gpu = gpu

    def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
        """Encode, and remember the peak."""
        peak = self.gpu.weights + len(pixels) * self.gpu.each
        if peak > self.gpu.total:
            raise BatchTooLargeError
        self.gpu.peak = peak
        return super().encode(pixels, token)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_a_lack_of_memory_is_an_error_of_its_own(error: Exception) -> None:
    """Whatever the lack is called, it is one error that a smaller batch answers."""

    def work() -> None:
        raise error

    with pytest.raises(BatchTooLargeError) as caught:
        within_memory(work, CPU)
    assert str(caught.value) == (
        "the memory of cpu does not hold this batch of images; choose a smaller one"
    )


def test_the_real_allocator_is_understood() -> None:
    """What torch raises for more memory than there is, is such a lack."""
    with pytest.raises(BatchTooLargeError):
        within_memory(lambda: torch.empty(2**60, dtype=torch.uint8), CPU)


def test_other_errors_stay_what_they_are() -> None:
    """An error that no smaller batch mends is raised as it is."""
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        within_memory(lambda: torch.zeros(2) @ torch.zeros(3, 3), CPU)
    assert within_memory(lambda: 3, CPU) == 3


def test_the_failed_batch_is_gone_when_caches_are_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    """The GPU's caches are emptied once, after the tensors of the batch were given up."""
    tensors: list[weakref.ref[torch.Tensor]] = []
    alive: list[bool] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: alive.append(tensors[0]() is not None))

    def work() -> None:
        batch = torch.zeros(3)
        tensors.append(weakref.ref(batch))
        message = "CUDA out of memory."
        raise torch.OutOfMemoryError(message)

    with pytest.raises(BatchTooLargeError) as caught:
        within_memory(work, CUDA)
    assert alive == [False]
    assert caught.value.__context__ is None


def test_a_network_tells_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backbone whose device is full raises the error that asks for a smaller batch."""

    def full(*_args: object) -> torch.Tensor:
        message = "CUDA out of memory."
        raise torch.OutOfMemoryError(message)

    backbone = load_backbone("efficientnet_lite0", device="cpu")
    monkeypatch.setattr(features.backbones.efficientnet_lite, "to_input", full)
    with pytest.raises(BatchTooLargeError):
        backbone.encode(np.zeros((2, 224, 224, 3), np.uint8), "cls")


@pytest.mark.parametrize(
    ("free_gib", "each_mib", "expected"),
    [
        (40, 64, 512),  # 80 % is exactly 512
        (40, 65, 256),
        (79, 20, 512),  # 3235 would fit
        (2, 100, 16),
        (1, 120, 4),
    ],
)
def test_a_batch_fills_four_fifths_of_free_memory(
    monkeypatch: pytest.MonkeyPatch, free_gib: int, each_mib: int, expected: int
) -> None:
    """The suggestion is the largest power of two that fits, at most 512."""
    gpu = Gpu(total=GIB + free_gib * GIB, each=each_mib * 2**20)
    gpu.install(monkeypatch)
    assert suggest_batch_size(OnGpu(gpu), "cls", Compute("cuda")) == expected
    assert gpu.emptied


def test_a_gpu_that_is_nearly_full_takes_single_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where even the trial does not fit, images go one by one."""
    gpu = Gpu(total=GIB + GIB // 2, each=GIB)
    gpu.install(monkeypatch)
    assert suggest_batch_size(OnGpu(gpu), "cls", Compute("cuda")) == 1


def test_a_cpu_takes_a_constant() -> None:
    """On the CPU nothing is measured."""
    assert suggest_batch_size(ColourGrid(), "cls", Compute("cpu")) == CPU_BATCH


def test_pixels_go_through_pinned_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a GPU the copy is pinned first; the pixels stay what they are, read-only ones too."""
    pinned: list[torch.Tensor] = []

    def pin(tensor: torch.Tensor) -> torch.Tensor:
        pinned.append(tensor)
        return tensor

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    pixels.flags.writeable = False
    for through in (False, True):
        copy = upload(pixels, CPU, pinned=through)
        np.testing.assert_array_equal(copy.numpy(), pixels)
        assert len(pinned) == through
