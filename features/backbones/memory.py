"""How many images a device's memory holds, and what to do when they were too many."""

from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
import torch

from features.backbones.compute import Compute
from features.backbones.device import pick_device
from features.backbones.protocol import SIZE, Backbone, Token
from features.errors import BatchTooLargeError

Result = TypeVar("Result")

CPU_BATCH: Final = 16
"""Images at once on a CPU; of 8 to 64, more were slower for efficientnet_lite0 and dino_vits16."""

MAX_BATCH: Final = 512

_TRIAL: Final = 8
_SHARE: Final = 0.8
_SIGNS: Final = ("can't allocate memory", "not enough memory", "out of memory")


def within_memory(work: Callable[[], Result], device: torch.device) -> Result:
    """Run work on a batch, and turn a lack of memory into an error that can be answered.

    Parameters
    ----------
    work
        Run once.
    device
        Where it runs; its cached memory is given back before the error is raised.

    Raises
    ------
    BatchTooLargeError
        The device, or the machine, has not enough memory.
    """
    try:
        return work()
    except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError
        if not _lacks_memory(error):
            raise
    # Out here nothing holds the failed batch any more: the error had its tensors in its frames.
    if device.type == "cuda":
        torch.cuda.empty_cache()
    message = f"the memory of {device} does not hold this batch of images; choose a smaller one"
    raise BatchTooLargeError(message)


def suggest_batch_size(backbone: Backbone, token: Token, compute: Compute) -> int:
    """Return how many images to encode at once.

    On CUDA a small batch is encoded and its peak of memory measured: as many images as fill 80 %
    of what is free then, as a power of two, at most 512. On the CPU it is a constant.

    Parameters
    ----------
    backbone
        Loaded with `compute`.
    token
        What will be asked of it.
    compute
        Where it lies.

    Raises
    ------
    BackboneError
        The device is not available.
    """
    device = pick_device(compute.device)
    if device.type != "cuda":
        return CPU_BATCH
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    try:
        backbone.encode(np.zeros((_TRIAL, SIZE, SIZE, 3), np.uint8), token)
    except BatchTooLargeError:
        return 1
    each = max(1, torch.cuda.max_memory_allocated(device) - before) / _TRIAL
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    fitting = int(_SHARE * free / each)
    return min(MAX_BATCH, 1 << max(0, fitting.bit_length() - 1))


def _lacks_memory(error: Exception) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(sign in str(error).lower() for sign in _SIGNS)
