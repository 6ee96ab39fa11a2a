"""From a decoded image to the array that every backbone takes."""

from typing import Final

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.Image import Resampling

from features.backbones.protocol import SIZE

PREPROCESSING: Final = f"pillow bicubic {SIZE}x{SIZE} 1"
"""What :func:`to_pixels` does; to be changed with it, for vectors are stored under it."""


def to_pixels(image: PIL.Image.Image) -> NDArray[np.uint8]:
    """Resize an image to 224 x 224, bicubic, without crop; its aspect ratio is not kept.

    Pillow's resampling is used: it widens the kernel when it shrinks (antialias), and rounds to
    8 bits, as torchvision does with Pillow images.

    Parameters
    ----------
    image
        An RGB image of any size.

    Returns
    -------
    (224, 224, 3) uint8
    """
    return np.asarray(image.resize((SIZE, SIZE), Resampling.BICUBIC), dtype=np.uint8)
