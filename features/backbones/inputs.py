"""From pixels to a network's input on its device."""

import numpy as np
import torch
from numpy.typing import NDArray

from features.backbones.device import Compute


def to_input(
    pixels: NDArray[np.uint8],
    mean: tuple[float, ...],
    std: tuple[float, ...],
    compute: Compute,
) -> torch.Tensor:
    """Scale pixels to [0, 1] and normalise them per channel.

    Parameters
    ----------
    pixels : (n, h, w, 3) uint8
    mean, std
        Per channel, of values in [0, 1].
    compute
        Where the result lies.

    Returns
    -------
    (n, 3, h, w) float32
        Channels last in memory, as the pixels are: convolutions take that, and many are faster.
    """
    # The bytes travel to the device: a quarter of what floats would be.
    device = compute.device
    batch = compute.upload(pixels).permute(0, 3, 1, 2).float().div_(255)
    shape = (1, 3, 1, 1)
    batch.sub_(torch.tensor(mean, device=device).view(shape))
    return batch.div_(torch.tensor(std, device=device).view(shape))
