"""From pixels to a network's input on its device."""

import numpy as np
import torch
from numpy.typing import NDArray

from features.errors import BackboneError


def pick_device(device: str) -> torch.device:
    """Return the device that a setting means here.

    Parameters
    ----------
    device
        ``"auto"`` (CUDA where there is one, else the CPU), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.

    Raises
    ------
    BackboneError
        CUDA is asked for and is not available.
    """
    cuda = torch.cuda.is_available()
    if device == "auto":
        return torch.device("cuda" if cuda else "cpu")
    if device.startswith("cuda") and not cuda:
        message = f"the device {device} is not available here; use --device auto or cpu"
        raise BackboneError(message)
    return torch.device(device)


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
    """
    # The bytes travel to the device: a quarter of what floats would be.
    batch = torch.tensor(pixels, device=device).permute(0, 3, 1, 2).float().div(255)
    shape = (1, 3, 1, 1)
    centre = torch.tensor(mean, device=device).view(shape)
    return ((batch - centre) / torch.tensor(std, device=device).view(shape)).contiguous()
