"""Read every label once: which classes there are, and how many pixels each image has of them."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.errors import EvaluationError
from app.evaluation.label_files import read_label

MAX_CLASSES: Final = 1024
"""Most classes that are told apart: more is a label of something else, such as instances."""

_FEWEST_CLASSES: Final = 2
_MAX_THREADS: Final = 8

# Values that occur in a label and are not ignored, ascending, and the number of pixels of each.
_Histogram = tuple[NDArray[np.intp], NDArray[np.int64]]


def survey(
    labels: Mapping[str, Path], ignore: frozenset[int], classes: int | None
) -> dict[str, NDArray[np.int64]]:
    """Count the pixels of each label by class.

    Parameters
    ----------
    labels
        The label of each stem.
    ignore
        Values that are no class.
    classes
        Number of classes; ``None`` is one more than the largest value that is not ignored.

    Returns
    -------
    dict of (classes,) int64
        In the order of ``labels``; a class that is ignored has no pixels.

    Raises
    ------
    EvaluationError
        A label cannot be read or has a value that is no class, or ``classes`` is out of range.
    """
    if classes is not None and not _FEWEST_CLASSES <= classes <= MAX_CLASSES:
        rule = f"must be from {_FEWEST_CLASSES} to {MAX_CLASSES:,}, not {classes}"
        raise EvaluationError(place="classes", rule=rule)
    histograms = _histograms(labels, ignore)
    found = _classes_found(labels, histograms, MAX_CLASSES if classes is None else classes)
    pixels = np.zeros((len(labels), found if classes is None else classes), dtype=np.int64)
    for row, (values, numbers) in zip(pixels, histograms.values(), strict=True):
        row[values] = numbers
    return dict(zip(labels, pixels, strict=True))


def _histograms(labels: Mapping[str, Path], ignore: frozenset[int]) -> dict[str, _Histogram]:
    """Read the labels in threads: while one decodes, others run."""
    ignored = np.array(sorted(ignore), dtype=np.int64)

    def histogram(path: Path) -> _Histogram:
        numbers = np.bincount(read_label(path).ravel())
        values = np.setdiff1d(np.flatnonzero(numbers), ignored)
        return values, numbers[values]

    with ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as threads:
        return dict(zip(labels, threads.map(histogram, labels.values()), strict=True))


def _classes_found(
    labels: Mapping[str, Path], histograms: Mapping[str, _Histogram], limit: int
) -> int:
    """Return one more than the largest value, which must be below the limit."""
    found = 0
    for stem, (values, _) in histograms.items():
        largest = int(values[-1]) if values.size else -1
        if largest >= limit:
            rule = f"has the value {largest}, and with {limit:,} classes at most the largest is "
            rule += f"{limit - 1}; ignore it, or map the labels"
            raise EvaluationError(str(labels[stem]), rule)
        found = max(found, largest + 1)
    return found
