"""How good a probe is, and how a seed compares with random ones."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_RESAMPLES: Final = 10_000


def confusion(predicted: NDArray[np.intp], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count pixels by what they are and what they are taken for.

    Parameters
    ----------
    predicted : (m,)
        The class that each cell is taken for, and with it all its pixels.
    counts : (m, classes) int64
        Labelled pixels of each cell and class.

    Returns
    -------
    (classes, classes) int64
        Row: true class; column: predicted class.
    """
    taken = np.zeros((counts.shape[1], counts.shape[1]), dtype=np.int64)
    np.add.at(taken, predicted, counts)
    return taken.T


def iou(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the intersection over union of each class.

    Parameters
    ----------
    confusion : (classes, classes) int64
        See :func:`confusion`.

    Returns
    -------
    (classes,) float64
        In [0, 1]; NaN for a class that has no true pixel. (What is wrongly taken for it lowers the
        score of the class that it is.)
    """
    true = confusion.sum(axis=1)
    hit = np.diagonal(confusion)
    union = true + confusion.sum(axis=0) - hit
    scores = np.full(hit.size, np.nan)
    np.divide(hit, union, out=scores, where=true > 0)
    return scores


def mean_iou(confusion: NDArray[np.int64]) -> float:
    """Return the mean of :func:`iou` over the classes that have true pixels; NaN without any."""
    scores = iou(confusion)
    present = scores[~np.isnan(scores)]
    return float(present.mean()) if present.size else float("nan")


def percentile(value: float, randoms: Sequence[float] | NDArray[np.float64]) -> float:
    """Return the share of random seeds that a value is above, ties counted half, in [0, 1].

    Parameters
    ----------
    value
        The score of a method.
    randoms : (n,)
        The scores of random seeds, n >= 1.
    """
    others = np.asarray(randoms, dtype=np.float64)
    return float(np.mean(others < value) + 0.5 * np.mean(others == value))


def interval(
    values: Sequence[float] | NDArray[np.float64], random_seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Return a confidence interval of a mean, by the percentile bootstrap (Efron 1979).

    Parameters
    ----------
    values : (n,)
        One for each cell of the experiment (cut, budget, data set), n >= 1.
    random_seed
        Of the resampling.
    level
        Share of such intervals that hold the mean.
    """
    sample = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(random_seed)
    means = sample[rng.integers(0, sample.size, (_RESAMPLES, sample.size))].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
