"""The seam between images and the networks that look at them.

From a decoded image to the array that every backbone takes.

One vector of each part of an image, from several depths of a network.

Early layers tell textures apart, late ones objects. Each depth's features are scaled to length 1,
so that none of them drowns the others whatever its scale, and set side by side: a hypercolumn
(Hariharan et al., CVPR 2015).
"""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.Image import Resampling

from features.backbones.compute import Token
from features.numeric import scale_rows

SIZE: Final = 224
"""Height and width, in pixels, of the images that every backbone takes."""


class Backbone(Protocol):
    """A frozen network that turns images into vectors, and into maps of vectors."""

    @property
    def name(self) -> str:
        """As :func:`features.backbones.catalogue.require_name` takes it."""
        ...

    @property
    def weights_id(self) -> str:
        """SHA-256 of the weights' file; for a backbone without weights, of its version."""
        ...

    @property
    def dim(self) -> int:
        """Length d of the vectors of ``cls`` and ``patch_keys``."""
        ...

    def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
        """Encode a batch of images.

        A batch gives the vectors that its images give one by one, up to the rounding of float32.

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8
            RGB images as :func:`features.backbones.protocol.to_pixels` makes them, n >= 1.
        token
            Which vectors are wanted.

        Returns
        -------
        (n, t, d) float32
            t is 1 for ``cls`` and else the number of patches. Not normalised, but for ``patches``,
            whose d is their own.

        Raises
        ------
        BatchTooLargeError
            The device has not enough memory for so many images.
        """
        ...

    def maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe what a batch of images shows where: features on a grid of cells.

        A batch gives the maps that its images give one by one, up to the rounding of float32.

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8
            As for :meth:`encode`.

        Returns
        -------
        (n, rows, columns, c) float32
            Rows from the top, columns from the left; the cells share the image out evenly. c is
            not :attr:`dim`. Not normalised.

        Raises
        ------
        BatchTooLargeError
            The device has not enough memory for so many images.
        """
        ...


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


def from_maps(maps: NDArray[np.float32], depths: Sequence[int]) -> NDArray[np.float32]:
    """Return the vectors of ``patches`` from dense maps.

    Parameters
    ----------
    maps : (n, rows, columns, c) float32
        See :meth:`features.backbones.protocol.Backbone.maps`.
    depths
        Channels of each depth; they add up to c.

    Returns
    -------
    (n, rows * columns, c) float32
        Each depth of length 1, or 0 where the network says nothing at all.
    """
    flat = maps.reshape(len(maps), -1, maps.shape[-1])
    scaled = np.empty_like(flat)
    first = 0
    for channels in depths:
        part = slice(first, first + channels)
        lengths = np.linalg.norm(flat[:, :, part], axis=-1)
        scaled[:, :, part] = scale_rows(flat[:, :, part], lengths)
        first += channels
    return scaled
