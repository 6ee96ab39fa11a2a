"""The device that a setting means, and the arithmetic that is used there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from features.backbones.compute import AUTO, FLOAT32, Precision
from features.errors import BackboneError

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
        See :func:`features.backbones.compute.resolve_precision`.
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
