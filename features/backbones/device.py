"""The device that a setting means, and the arithmetic that is used there.

How many images a device's memory holds, and what to do when they were too many.

From pixels to a network's input on its device.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from features.backbones.catalogue import EFFICIENTNET_LITE
from features.backbones.compute import AUTO, FLOAT32, Compute, Precision, Token
from features.backbones.protocol import SIZE, Backbone
from features.errors import BackboneError, BatchTooLargeError

_EXACT: Final = "ieee"


def pick_device(device: str) -> torch.device:
    """Return the device that a setting means here.

    Parameters
    ----------
    device
        ``"auto"`` (CUDA where there is one, else the CPU), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.

    Raises
    ------
    BackboneError
        A CUDA device is asked for and is not available.
    """
    cuda = torch.cuda.is_available()
    if device == AUTO:
        return torch.device("cuda" if cuda else "cpu")
    if not device.startswith("cuda"):
        return torch.device(device)
    if not cuda:
        message = f"the device {device} is not available here; use --device auto or cpu"
        raise BackboneError(message)
    number, count = device.partition(":")[2], torch.cuda.device_count()
    if number and int(number) >= count:
        message = (
            f"the device {device} is not available here; the last one is cuda:{count - 1}, "
            "for they are counted from 0"
        )
        raise BackboneError(message)
    return torch.device(device)


@contextmanager
def arithmetic(device: torch.device, precision: Precision) -> Iterator[None]:
    """Run the block without gradients and with the arithmetic of a precision.

    float16 and bfloat16 are autocast: products in half precision, norms and residuals in float32.
    float32 is exact: NVIDIA's 10-bit TF32, which cuDNN's convolutions use by default, is off.

    Parameters
    ----------
    device
        Where the network lies.
    precision
        See :func:`features.backbones.precision.resolve_precision`.
    """
    half = precision != FLOAT32
    matmul = torch.backends.cuda.matmul
    convolution = torch.backends.cudnn.conv  # type: ignore[attr-defined]  # set at run time
    before = matmul.fp32_precision, convolution.fp32_precision
    matmul.fp32_precision = convolution.fp32_precision = _EXACT
    try:
        with (
            torch.inference_mode(),
            torch.autocast(device.type, dtype=getattr(torch, precision), enabled=half),
        ):
            yield
    finally:
        matmul.fp32_precision, convolution.fp32_precision = before


Result = TypeVar("Result")

CPU_BATCH: Final = 8
CPU_BATCHES: Final = {EFFICIENTNET_LITE: 4}
"""Images at once on a CPU, by backbone: what is fastest there, for its caches are small."""

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
        return CPU_BATCHES.get(backbone.name, CPU_BATCH)
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


def upload(pixels: NDArray[np.uint8], device: torch.device, *, pinned: bool) -> torch.Tensor:
    """Copy pixels to a device.

    Parameters
    ----------
    pixels : any shape, uint8
    device
        Where the copy lies.
    pinned
        Whether it goes through page-locked memory, from which a GPU copies by itself.

    Returns
    -------
    uint8 of the same shape
    """
    copy = torch.tensor(pixels)
    if pinned:
        copy = copy.pin_memory()
    return copy.to(device, non_blocking=pinned)


def to_input(
    pixels: NDArray[np.uint8],
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    device: torch.device,
) -> torch.Tensor:
    """Scale pixels to [0, 1] and normalise them per channel.

    Parameters
    ----------
    pixels : (n, h, w, 3) uint8
    mean, std
        Per channel, of values in [0, 1].
    device
        Where the result lies.

    Returns
    -------
    (n, 3, h, w) float32
        Channels last in memory, as the pixels are.
    """
    # The bytes travel to the device: a quarter of what floats would be.
    batch = upload(pixels, device, pinned=device.type == "cuda")
    scaled = batch.permute(0, 3, 1, 2).float().div_(255)
    shape = (1, 3, 1, 1)
    scaled.sub_(torch.tensor(mean, device=device).view(shape))
    return scaled.div_(torch.tensor(std, device=device).view(shape))
