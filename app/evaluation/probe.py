"""The first model that a seed's labels make: multinomial logistic regression on cells.

A linear probe on frozen features (Alain and Bengio 2016) has one optimum, so what is compared are
seeds and not the luck of a training run. Its space is standardised and cut to its principal
components. It is fitted once, without a label, on all images that may be chosen, so every seed is
compared in the same space.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from app.errors import InvalidRequestError
from features.numeric import principal_axes, turned

RIDGE: Final = 50.0
"""Precision of the weights' prior, in cells; the same for every seed. On CamVid and LabelMeFacade,
with 11 and with 44 images, mIoU at 30 and at 100 is within about 0.01 of its best."""

TOLERANCE: Final = 5e-5
"""Largest entry of the gradient at which training ends; the loss is a mean, in nats. On CamVid and
LabelMeFacade, 60 to 140 iterations; mIoU is then within 0.001 of what 400 iterations give."""

MAX_ITERATIONS: Final = 1000
_MEMORY: Final = 20


@dataclass(frozen=True, slots=True)
class Probe:
    """A trained probe, and how well it is trained.

    Parameters
    ----------
    weights : (k, classes) float64
    bias : (classes,) float64
        Minus infinity for a class that no label showed: it is never predicted.
    iterations
        Of L-BFGS.
    loss
        Mean cross-entropy of a labelled pixel, in nats, and the regularisation.
    gradient
        Largest entry of the loss's gradient, in absolute value.
    converged
        Whether it is at most the tolerance.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    iterations: int
    loss: float
    gradient: float
    converged: bool

    def probabilities(self, features: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the probability of each class in each cell.

        Parameters
        ----------
        features : (..., k)

        Returns
        -------
        (..., classes), of the features' precision
        """
        probabilities: NDArray[np.floating] = softmax(self._logits(features), axis=-1)
        return probabilities

    def predict(self, features: NDArray[np.floating]) -> NDArray[np.intp]:
        """Return the most probable class of each cell.

        Parameters
        ----------
        features : (..., k)

        Returns
        -------
        (...)
        """
        classes: NDArray[np.intp] = self._logits(features).argmax(axis=-1)
        return classes

    def _logits(self, features: NDArray[np.floating]) -> NDArray[np.floating]:
        dtype = features.dtype
        logits: NDArray[np.floating] = features @ self.weights.astype(dtype)
        return logits + self.bias.astype(dtype)


def fit(
    features: NDArray[np.floating],
    counts: NDArray[np.int64],
    *,
    ridge: float = RIDGE,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
) -> Probe:
    """Train a probe to the optimum of its convex loss, by L-BFGS (Byrd et al. 1995).

    The loss is the mean cross-entropy over all labelled pixels, each with its cell's features, and
    ``ridge / (2 m)`` times the weights' sum of squares, m being the number of cells with a label.
    The bias is not regularised. The same arguments give the same bits.

    Parameters
    ----------
    features : (n, k) float32 or float64
        Of cells; the precision that is computed with. `ridge` is meant for the scale of
        :class:`app.evaluation.probe.Space`.
    counts : (n, classes) int64
        Labelled pixels (or points) of each cell and class. Cells without any do not count.
    ridge, tolerance, max_iterations
        See :data:`RIDGE`, :data:`TOLERANCE`.

    Raises
    ------
    InvalidRequestError
        No cell has a label.
    """
    labelled = counts.any(axis=1)
    if not labelled.any():
        message = "a probe needs labels, and no cell of these images has any"
        raise InvalidRequestError(message)
    shown = np.flatnonzero(counts.any(axis=0))
    inputs, pixels = features[labelled], counts[labelled][:, shown]
    loss = _Loss(inputs, pixels, ridge / len(inputs))
    found = minimize(
        loss,
        loss.start(),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": max_iterations,
            "maxfun": 10 * max_iterations,
            "maxcor": _MEMORY,
            "gtol": tolerance,
            "ftol": 0.0,  # the gradient alone says when it is enough
        },
    )
    weights = np.zeros((features.shape[1], counts.shape[1]))
    bias = np.full(counts.shape[1], -np.inf)
    weights[:, shown], bias[shown] = loss.unpacked(found.x)
    gradient = float(np.abs(found.jac).max())
    return Probe(weights, bias, int(found.nit), float(found.fun), gradient, gradient <= tolerance)


class _Loss:
    """The loss and its gradient, of weights and bias in one vector.

    Sums over cells are matrix products in the features' precision; all others are in float64.
    """

    def __init__(
        self, inputs: NDArray[np.floating], pixels: NDArray[np.int64], penalty: float
    ) -> None:
        self._inputs = inputs
        shares = pixels / pixels.sum()
        self._start = np.log(shares.sum(axis=0))
        self._shares = shares.astype(inputs.dtype)
        self._cells = shares.sum(axis=1, keepdims=True).astype(inputs.dtype)
        self._penalty = penalty
        self._size = inputs.shape[1] * pixels.shape[1]

    def start(self) -> NDArray[np.float64]:
        """Return zero weights and the classes' frequencies: the optimum without features."""
        return np.concatenate([np.zeros(self._size), self._start])

    def unpacked(
        self, parameters: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return weights (k, classes) and bias (classes,)."""
        shape = self._inputs.shape[1], self._start.size
        return parameters[: self._size].reshape(shape), parameters[self._size :]

    def __call__(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return loss and gradient."""
        dtype = self._inputs.dtype
        weights, bias = self.unpacked(parameters)
        logits = self._inputs @ weights.astype(dtype)
        logits += bias.astype(dtype)
        logits -= logits.max(axis=1, keepdims=True)
        terms = np.exp(logits)
        total = terms.sum(axis=1, keepdims=True)
        loss = np.sum(self._cells * np.log(total), dtype=np.float64)
        loss -= np.sum(self._shares * logits, dtype=np.float64)
        loss += 0.5 * self._penalty * np.sum(weights * weights)
        terms *= self._cells / total
        terms -= self._shares
        slope = self._inputs.T @ terms + self._penalty * weights
        return float(loss), np.concatenate([slope.ravel(), terms.sum(axis=0, dtype=np.float64)])


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
        correlations = scatter / count * np.outer(inverse, inverse)
        variances, axes = principal_axes(correlations, dimensions, absolute=_RANK, relative=_RANK)
        kept = turned(axes)
        if variances.size:
            kept = kept / np.sqrt(variances.mean())
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
