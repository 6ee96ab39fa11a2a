"""From pixels to a network's input on its device."""

import numpy as np
import torch
from numpy.typing import NDArray


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
