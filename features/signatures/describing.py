"""From the centres of scenes to their parts: a small space of the pool, and words in it.

Visual words at several levels: what looks alike has one name, coarsely and finely.

A bag of visual words (Sivic and Zisserman 2003) depends on how many words there are; several
vocabularies side by side, as in a pyramid (Nister and Stewenius 2006), depend on it less.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from features.numeric import nearest_centres, principal_axes, turned
from features.signatures.clustering import cluster
from features.signatures.parts import Parts

LEVELS: Final = (32, 64, 128, 256, 512)
"""Words of each level, as far as the pool has parts enough."""

_PARTS_PER_WORD: Final = 4
"""With fewer on average, a level tells single parts apart and has nothing in common to count."""

_SAMPLE: Final = 20_000
"""Parts that words are learned from, at most; evenly spaced, so that every stretch is there."""

_PARTS_AT_ONCE: Final = 16_384  # parts that are named at once


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words at several levels.

    Parameters
    ----------
    levels
        The words of each level, (k, q) float32.
    """

    levels: tuple[NDArray[np.float32], ...]

    @classmethod
    def learn(cls, rows: NDArray[np.float32], masses: NDArray[np.float32]) -> Self:
        """Learn words by k-means, one level at a time.

        Parameters
        ----------
        rows : (m, q) float32
            The pool's parts, at least one.
        masses : (m,) float32
            How much each counts; those of 0 do not.
        """
        heavy = np.flatnonzero(masses > 0)
        taken = heavy[np.unique(np.linspace(0, len(heavy) - 1, _SAMPLE).astype(np.int64))]
        sizes = [k for k in LEVELS if k * _PARTS_PER_WORD <= len(taken)]
        sizes = sizes or [max(1, len(taken) // _PARTS_PER_WORD)]
        if not rows.shape[1]:  # all parts are the same
            return cls((np.zeros((1, 0), dtype=np.float32),))
        weights = masses[taken].astype(np.float64)
        return cls(tuple(cluster(rows[taken], k, weights=weights) for k in sizes))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of words of each level."""
        return tuple(map(len, self.levels))

    def words(self, rows: NDArray[np.float32]) -> NDArray[np.int32]:
        """Name parts: the nearest word of each level, levels numbered on.

        Parameters
        ----------
        rows : (m, q) float32

        Returns
        -------
        (m, levels) int32
        """
        named = np.empty((len(rows), len(self.levels)), dtype=np.int32)
        first = 0
        for place, centres in enumerate(self.levels):
            for start in range(0, len(rows), _PARTS_AT_ONCE):
                block = rows[start : start + _PARTS_AT_ONCE]
                nearest = nearest_centres(block, centres)
                named[start : start + _PARTS_AT_ONCE, place] = first + nearest
            first += len(centres)
        return named


DIMENSIONS: Final = 32
"""Principal components that are kept, at most."""

_BLOCK: Final = 4096  # rows that are multiplied at once

_FLAT: Final = 1e-6
"""Deviation of unit vectors, or variance of a component, below which there is only rounding."""


@dataclass(frozen=True, slots=True)
class PrincipalSpace:
    """A linear map from a pool's centres to few components.

    Dimensions are standardised, cut to their principal components, and each component is divided
    by a power of its variance: by its standard deviation (whitening), not at all, or, by default,
    by the root of that. That is half of whitening: what varies much still counts more, but not as
    much more.

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
    def fit(
        cls,
        scenes: Iterable[tuple[NDArray[np.floating], NDArray[np.floating]]],
        dimensions: int = DIMENSIONS,
        whitening: float = 0.5,
    ) -> Self:
        """Fit a space to the parts of scenes, which are gone through once.

        Parameters
        ----------
        scenes
            Of each scene, at least one, the parts (p, d) and how much each counts (p,), at least
            0 and not all 0.
        dimensions
            Principal components that are kept, at most.
        whitening
            From 0, components as they are, to 1, all with the variance 1.
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
        variances, axes = principal_axes(
            scatter * np.outer(scale, scale), dimensions, absolute=_FLAT
        )
        return cls(mean, scale[:, np.newaxis] * turned(axes) / variances ** (0.5 * whitening))

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
