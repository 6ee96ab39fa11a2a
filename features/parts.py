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
        numbered on, so that no two levels share a number. See :mod:`features.words`.
    sizes : (levels,) int64
        Number of words of each level.

    Raises
    ------
    VectorsError
        The arrays do not fit each other.
    """

    offsets: NDArray[np.int64]
    masses: NDArray[np.float32]
    words: NDArray[np.int32]
    sizes: NDArray[np.int64]

    def __post_init__(self) -> None:
        m = len(self.masses)
        fits = self.words.shape == (m, len(self.sizes)) and len(self.offsets) > 1
        if not fits or self.offsets[0] != 0 or self.offsets[-1] != m:
            message = (
                f"{m} parts have words {self.words.shape} at {len(self.sizes)} levels "
                f"and offsets {self.offsets.shape}"
            )
            raise VectorsError(message)

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
