"""The space that probes are trained in: standardised, then cut to its principal components.

It is fitted once, without a label, on all images that may be chosen, so every seed is compared in
the same space.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

DIMENSIONS: Final = 128
"""Most components that are kept: on CamVid and LabelMeFacade twice as many gain nothing."""

_RANK: Final = 1e-9
"""Share of the largest variance below which a component is rounding."""


@dataclass(frozen=True, slots=True)
class Space:
    """A linear map from the features of cells to fewer, uncorrelated ones.

    Components keep their order and their relative variance (no whitening): a probe with weak
    regularisation then trusts what varies much before what varies little. The scale is such that
    the components' variances have the mean 1.

    Parameters
    ----------
    mean : (c,) float32
        Of the features, subtracted first.
    components : (c, k) float32
        Applied then.
    """

    mean: NDArray[np.float32]
    components: NDArray[np.float32]

    @classmethod
    def fit(cls, maps: NDArray[np.floating], dimensions: int = DIMENSIONS) -> Self:
        """Fit a space to the cells of images.

        Parameters
        ----------
        maps : (n, cells, c)
            Of all images that may be chosen. Read image by image, so it may be memory-mapped.
        dimensions
            Most components that are kept.
        """
        count = maps.shape[0] * maps.shape[1]
        mean = np.sum([image.sum(axis=0, dtype=np.float64) for image in maps], axis=0) / count
        scatter = np.zeros((mean.size, mean.size))
        near = mean.astype(np.float32)  # so near that what is left of the mean squared is rounding
        for image in maps:
            centred = image.astype(np.float32) - near
            scatter += centred.T @ centred
        deviation = np.sqrt(np.diag(scatter) / count)
        varies = deviation > np.finfo(np.float32).eps * (1 + np.abs(mean))
        inverse = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=varies)
        variances, axes = np.linalg.eigh(scatter / count * np.outer(inverse, inverse))
        order = np.argsort(-variances, kind="stable")[:dimensions]
        order = order[variances[order] > _RANK * max(variances.max(), 1.0)]
        kept = axes[:, order]
        if order.size:
            largest = np.abs(kept).argmax(axis=0)
            kept = kept * np.sign(kept[largest, np.arange(order.size)])  # axes have no sign
            kept = kept / np.sqrt(variances[order].mean())
        components = inverse[:, np.newaxis] * kept
        return cls(near, components.astype(np.float32))

    def project(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Project features into the space.

        Parameters
        ----------
        features : (..., c)

        Returns
        -------
        (..., k) float32
        """
        centred = features.astype(np.float32) - self.mean
        return np.asarray(centred @ self.components, dtype=np.float32)
