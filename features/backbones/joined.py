"""Several networks side by side, as one: their vectors of the same image, or of the same place.

Networks that were trained in other ways see other things, and a linear model on both is better than
on either (docs/backbones.md).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.backbones.compute import CLS, PATCHES, Token
from features.backbones.identity import Identity
from features.backbones.protocol import Backbone
from features.numeric import row_lengths, scale_rows


class Joined:
    """Networks whose vectors are set side by side, each of length 1 so that none drowns another.

    Where their grids differ, each cell of the finest takes the vector of the cell of the others
    that its centre lies in. The parts of ``patches`` have been scaled depth by depth, and maps are
    not scaled at all.

    Parameters
    ----------
    identity
        Of all of them.
    parts
        The networks, in its order, at least two.
    """

    def __init__(self, identity: Identity, parts: Sequence[Backbone]) -> None:
        self.name, self.weights_id = identity.name, identity.weights_id
        self.dim = sum(part.dim for part in parts)
        self._parts = parts

    def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
        """Encode a batch; see :meth:`features.backbones.protocol.Backbone.encode`.

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8
        token

        Returns
        -------
        (n, t, d) float32
            t is that of the finest grid, d the sum of all.

        Raises
        ------
        BatchTooLargeError
            The device has not enough memory for the batch.
        """
        found = [part.encode(pixels, token) for part in self._parts]
        if token != PATCHES:
            found = [_scaled(vectors) for vectors in found]
        if token == CLS:
            return np.concatenate(found, axis=-1)
        sides = [round(vectors.shape[1] ** 0.5) for vectors in found]  # networks see squares
        grids = [
            vectors.reshape(len(vectors), side, side, -1)
            for vectors, side in zip(found, sides, strict=True)
        ]
        return _laid_over(grids).reshape(len(pixels), max(sides) ** 2, -1)

    def maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe cells; see :meth:`features.backbones.protocol.Backbone.maps`.

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8

        Returns
        -------
        (n, rows, columns, c) float32
            Of the finest grid; c is the sum of all.

        Raises
        ------
        BatchTooLargeError
            The device has not enough memory for the batch.
        """
        return _laid_over([part.maps(pixels) for part in self._parts])


def _scaled(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return scale_rows(vectors, row_lengths(vectors)).astype(np.float32)


def _laid_over(grids: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return grids (n, side, side, c) side by side on the finest of them."""
    side = max(grid.shape[1] for grid in grids)
    centres = np.arange(side) + 0.5
    found = []
    for grid in grids:
        place = (centres * grid.shape[1] / side).astype(np.int64)
        found.append(grid[:, place][:, :, place])
    return np.concatenate(found, axis=-1)
