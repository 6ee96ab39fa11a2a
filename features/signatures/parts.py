"""What scenes show, part by part, in words that the whole pool shares.

A signature is one direction a scene. Objectives that count what a seed has seen need the parts: a
street with one cyclist is not an average street.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a pool's scenes, scene by scene.

    Parameters
    ----------
    offsets : (n + 1,) int64
        Parts ``offsets[i]`` to ``offsets[i + 1]`` are those of scene i.
    masses : (m,) float32
        How many images a part makes up; those of a scene add up to its number of images.
    words : (m, levels) int32
        The visual word that each part is, at each level of the pool's vocabulary: level by level
        numbered on, so that no two levels share a number (:mod:`features.signatures.describing`).
    sizes : (levels,) int64
        Number of words of each level.

    Raises
    ------
    VectorsError
        The arrays do not fit each other, a mass is negative or not finite, or a word is none of
        its level's.
    """

    offsets: NDArray[np.int64]
    masses: NDArray[np.float32]
    words: NDArray[np.int32]
    sizes: NDArray[np.int64]

    def __post_init__(self) -> None:
        m, levels = self.masses.size, self.sizes.size
        shapes = (self.masses.shape, self.sizes.shape, self.words.shape, self.offsets.ndim)
        fits = shapes == ((m,), (levels,), (m, levels), 1) and levels > 0 and self.offsets.size > 1
        if not fits or self.offsets[0] != 0 or self.offsets[-1] != m:
            message = (
                f"{m} parts have words {self.words.shape} at {levels} levels "
                f"and offsets {self.offsets.shape}"
            )
            raise VectorsError(message)
        ends = np.cumsum(self.sizes)
        named = (self.words >= ends - self.sizes) & (self.words < ends)
        rules = (
            (
                all(array.dtype.kind in "iu" for array in (self.offsets, self.words, self.sizes)),
                "offsets, words and sizes of parts must be whole numbers",
            ),
            ((np.diff(self.offsets) >= 0).all(), "offsets of parts must not fall"),
            (
                np.isfinite(self.masses).all() and (self.masses >= 0).all(),
                "masses of parts must be finite and at least 0",
            ),
            (named.all(), "a part's word must be one of its level's"),
        )
        for holds, rule in rules:
            if not holds:
                raise VectorsError(rule)

    @property
    def n(self) -> int:
        """Number of scenes."""
        return len(self.offsets) - 1

    def amounts(self) -> NDArray[np.float64]:
        """Return how many images' worth of each word each scene has, (n, words of all levels)."""
        found = np.zeros((self.n, int(self.sizes.sum())))
        scene = np.repeat(np.arange(self.n), np.diff(self.offsets))
        masses = self.masses[:, np.newaxis].astype(np.float64)
        np.add.at(found, (scene[:, np.newaxis], self.words), masses)
        return found
