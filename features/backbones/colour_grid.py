"""A deterministic encoder without a network, for tests and for a first look. It sees colours only.

It knows nothing of objects: use it to try a pipeline in seconds, not to choose what to annotate.
"""

import hashlib
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from features.backbones.catalogue import COLOUR_GRID
from features.backbones.compute import CLS, PATCHES, Token
from features.backbones.protocol import SIZE, from_maps

_GRID: Final = 8
_WINDOWS: Final = 4
_MAP: Final = 28
_MAP_CHANNELS: Final = 9
_BIAS: Final = 1.0


class ColourGrid:
    """Mean colours on an 8 x 8 grid, and one constant that keeps every vector away from zero.

    ``cls`` lays the grid over the whole image; ``patch_keys`` lays it over each of 4 x 4 windows.
    Colours run from -1 (black) to 1 (white).
    """

    name: Final = COLOUR_GRID
    weights_id: Final = hashlib.sha256(b"colour_grid 1").hexdigest()
    dim: Final = _GRID * _GRID * 3 + 1

    def batch_size(self, token: Token) -> int:
        """Return 32: it is never short of memory."""
        del token
        return 32

    def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
        """Encode a batch; see :meth:`features.backbones.protocol.Backbone.encode`.

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8
        token

        Returns
        -------
        (n, 1, 193) or (n, 16, 193) float32; (n, 784, 10) for ``patches``: the map's
            channels and the constant
        """
        if token == PATCHES:
            maps = self.maps(pixels)
            bias = np.full((*maps.shape[:-1], 1), _BIAS, dtype=np.float32)
            return from_maps(np.concatenate([maps, bias], axis=-1), (_MAP_CHANNELS + 1,))
        windows = 1 if token == CLS else _WINDOWS
        n, cells, side = len(pixels), windows * _GRID, SIZE // (windows * _GRID)
        means = pixels.reshape(n, cells, side, cells, side, 3).mean(axis=(2, 4), dtype=np.float64)
        grids = means.reshape(n, windows, _GRID, windows, _GRID, 3).swapaxes(2, 3)
        colours = grids.reshape(n, windows * windows, self.dim - 1) / 127.5 - 1.0
        bias = np.full((n, windows * windows, 1), _BIAS)
        return np.concatenate([colours, bias], axis=-1).astype(np.float32)

    def maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe cells; see :meth:`features.backbones.protocol.Backbone.maps`.

        A cell has its mean colour, and mean and standard deviation of the colours of the 3 x 3
        cells around it; at the border the outermost cells are repeated.

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8

        Returns
        -------
        (n, 28, 28, 9) float32
        """
        n, side = len(pixels), SIZE // _MAP
        means = pixels.reshape(n, _MAP, side, _MAP, side, 3).mean(axis=(2, 4), dtype=np.float64)
        colours = means / 127.5 - 1.0
        padded = np.pad(colours, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
        around = sliding_window_view(padded, (3, 3), axis=(1, 2))
        parts = [colours, around.mean(axis=(-2, -1)), around.std(axis=(-2, -1))]
        return np.concatenate(parts, axis=-1).astype(np.float32)
