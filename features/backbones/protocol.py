"""The seam between images and the networks that look at them."""

from __future__ import annotations  # settings name tokens without numpy

from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Token: TypeAlias = Literal["cls", "patch_keys", "patches"]
"""``cls``: one vector of the whole image; ``patch_keys``: one of each part of it, as in the paper;
``patches``: one of each part from several depths, see :mod:`features.backbones.patches`."""

CLS: Final = "cls"
PATCH_KEYS: Final = "patch_keys"
PATCHES: Final = "patches"

SIZE: Final = 224
"""Height and width, in pixels, of the images that every backbone takes."""


class Backbone(Protocol):
    """A frozen network that turns images into vectors, and into maps of vectors."""

    @property
    def name(self) -> str:
        """One of :data:`features.backbones.catalogue.BACKBONES`, or ``timm/NAME``."""
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
            RGB images as :func:`features.backbones.pixels.to_pixels` makes them, n >= 1.
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
