"""One vector of each part of an image, from several depths of a network.

Early layers tell textures apart, late ones objects. Each depth's features are scaled to length 1,
so that none of them drowns the others whatever its scale, and set side by side: a hypercolumn
(Hariharan et al., CVPR 2015).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


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
        lengths = np.linalg.norm(flat[:, :, part], axis=-1, keepdims=True)
        scaled[:, :, part] = flat[:, :, part] / np.where(lengths > 0, lengths, 1.0)
        first += channels
    return scaled
