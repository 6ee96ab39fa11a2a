"""From the centres of scenes to their parts: a small space of the pool, and words in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from features.signatures.parts import Parts
from features.signatures.words import Vocabulary

DIMENSIONS: Final = 32
"""Principal components that are kept, at most."""

_BLOCK: Final = 4096  # rows that are multiplied at once

_FLAT: Final = 1e-6
"""Deviation of unit vectors, or variance of a component, below which there is only rounding."""


@dataclass(frozen=True, slots=True)
class PrincipalSpace:
    """A linear map from a pool's centres to few components.

    Dimensions are standardised, cut to their principal components, and each component is divided
    by the root of its standard deviation. That is half of whitening: what varies much still counts
    more, but not as much more.

    Parameters
    ----------
    mean : (d,) float64
        Subtracted first.
    components : (d, q) float64
        Applied then; q may be 0, where all centres are the same.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]

    @classmethod
    def fit(cls, scenes: Iterable[tuple[NDArray[np.floating], NDArray[np.floating]]]) -> Self:
        """Fit a space to the parts of scenes, which are gone through once.

        Parameters
        ----------
        scenes
            Of each scene, at least one, the parts (p, d) and how much each counts (p,), at least
            0 and not all 0.
        """
        total, first, second = 0.0, np.zeros(()), np.zeros(())
        for rows, masses in _gathered(scenes):
            weighted = masses[:, np.newaxis] * rows
            total += float(masses.sum())
            first = first + weighted.sum(axis=0)
            second = second + rows.T @ weighted
        mean = first / total
        scatter = second / total - np.outer(mean, mean)
        deviations = np.sqrt(np.maximum(np.diag(scatter), 0.0))
        scale = np.zeros_like(deviations)
        varies = deviations > _FLAT
        scale[varies] = 1.0 / deviations[varies]
        variances, axes = np.linalg.eigh(scatter * np.outer(scale, scale))
        order = np.argsort(-variances, kind="stable")[:DIMENSIONS]
        order = order[variances[order] > _FLAT]
        kept = axes[:, order]
        if order.size:
            largest = np.abs(kept).argmax(axis=0)
            kept = kept * np.sign(kept[largest, np.arange(order.size)])  # axes have no sign
        return cls(mean, scale[:, np.newaxis] * kept / variances[order] ** 0.25)

    def project(self, rows: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return centres (..., d) in the space, (..., q)."""
        return np.asarray((rows - self.mean) @ self.components, dtype=np.float32)


def _gathered(
    scenes: Iterable[tuple[NDArray[np.floating], NDArray[np.floating]]],
) -> Iterator[tuple[NDArray[np.floating], NDArray[np.floating]]]:
    """Put scenes together until they are many rows: a product (d, d) of a few costs as much."""
    waiting: list[tuple[NDArray[np.floating], NDArray[np.floating]]] = []
    for scene in scenes:
        waiting.append(scene)
        if sum(len(rows) for rows, _ in waiting) >= _BLOCK:
            yield _together(waiting)
            waiting.clear()
    if waiting:
        yield _together(waiting)


def _together(
    scenes: list[tuple[NDArray[np.floating], NDArray[np.floating]]],
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    rows, masses = zip(*scenes, strict=True)
    return np.concatenate(rows), np.concatenate(masses)


class PartsBuilder:
    """Collects scenes one by one, each in the pool's space; the vocabulary comes last.

    Parameters
    ----------
    space
        Of the pool.
    """

    def __init__(self, space: PrincipalSpace) -> None:
        self._space = space
        self._rows: list[NDArray[np.float32]] = []
        self._masses: list[NDArray[np.float32]] = []

    def add(self, centres: NDArray[np.floating], masses: NDArray[np.floating]) -> None:
        """Add a scene's centres, (k, d), and how many images each makes up, (k,)."""
        self._rows.append(self._space.project(centres))
        self._masses.append(np.asarray(masses, dtype=np.float32))

    def build(self) -> Parts:
        """Return the parts of all scenes that were added, at least one."""
        rows, masses = np.concatenate(self._rows), np.concatenate(self._masses)
        vocabulary = Vocabulary.learn(rows, masses)
        return Parts(
            offsets=np.cumsum([0, *map(len, self._masses)], dtype=np.int64),
            masses=masses,
            words=vocabulary.words(rows),
            sizes=np.array(vocabulary.sizes, dtype=np.int64),
        )
