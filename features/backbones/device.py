"""Where and how exactly a network computes."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from features.backbones.protocol import Precision
from features.errors import BackboneError, BatchTooLargeError

_MOST: Final = 512
_SHARE: Final = 0.8
"""Share of a GPU's free memory that a batch may take."""

# What torch's allocator of the CPU's memory says; it has no exception of its own.
_CPU_OUT_OF_MEMORY: Final = ("can't allocate memory", "not enough memory")


def pick_device(device: str) -> torch.device:
    """Return the device that a setting means here.

    Parameters
    ----------
    device
        ``"auto"`` (CUDA where there is one, else the CPU), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.

    Raises
    ------
    BackboneError
        CUDA is asked for and is not available, or has no such device.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return torch.device("cuda" if count else "cpu")
    picked = torch.device(device)
    if picked.type == "cuda" and (picked.index or 0) >= count:
        message = f"the device {device} is not available here; use --device auto or cpu"
        raise BackboneError(message)
    return picked


@dataclass(frozen=True, slots=True)
class Compute:
    """A device and the precision of what runs on it.

    Parameters
    ----------
    device
        From :func:`pick_device`.
    precision
        ``float32`` is exact on every device: TF32 is off. The half precisions are torch's autocast:
        products are computed in it, norms and sums are not.
    """

    device: torch.device
    precision: Precision = "float32"

    @contextmanager
    def running(self, images: int) -> Iterator[None]:
        """Run a network for some images, without gradients.

        Raises
        ------
        BatchTooLargeError
            The device has no memory for them; what it held for them is let go.
        """
        half = self.precision != "float32"
        cast: Any = nullcontext()
        if half:
            cast = torch.autocast(self.device.type, dtype=getattr(torch, self.precision))
        else:
            torch.backends.cuda.matmul.allow_tf32 = False
            torch.backends.cudnn.allow_tf32 = False
        try:
            with torch.inference_mode(), cast:
                yield
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            if not _is_out_of_memory(error):
                raise
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            message = f"{self.device} has no memory for {images} images at once"
            raise BatchTooLargeError(message) from error

    def upload(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Copy pixels to the device, from pinned memory where that lets the copy run aside."""
        batch = torch.from_numpy(np.ascontiguousarray(pixels))
        if self.device.type == "cuda":
            return batch.pin_memory().to(self.device, non_blocking=True)
        return batch

    def batch_size(self, on_cpu: int, try_one: Any) -> int:  # noqa: ANN401  any callable
        """Return how many images fit at once: a power of two.

        Parameters
        ----------
        on_cpu
            What is fastest on a CPU, where memory is not what limits.
        try_one
            Called with a small number of images; encodes so many.
        """
        if self.device.type != "cuda":
            return on_cpu
        probe = 8
        torch.cuda.empty_cache()
        before = torch.cuda.memory_allocated(self.device)
        torch.cuda.reset_peak_memory_stats(self.device)
        try_one(probe)
        each = max(1, (torch.cuda.max_memory_allocated(self.device) - before) // probe)
        free, _ = torch.cuda.mem_get_info(self.device)
        fitting = max(1, int(_SHARE * free) // each)
        return int(min(_MOST, 2 ** (fitting.bit_length() - 1)))


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(
        words in str(error) for words in _CPU_OUT_OF_MEMORY
    )
