"""Visual words at several levels: what looks alike has one name, coarsely and finely.

A bag of visual words (Sivic and Zisserman 2003) depends on how many words there are; several
vocabularies side by side, as in a pyramid (Nister and Stewenius 2006), depend on it less.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from features.signatures.clustering import cluster

LEVELS: Final = (32, 64, 128, 256, 512)
"""Words of each level, as far as the pool has parts enough."""

_PARTS_PER_WORD: Final = 4
"""With fewer on average, a level tells single parts apart and has nothing in common to count."""

_SAMPLE: Final = 20_000
"""Parts that words are learned from, at most; evenly spaced, so that every stretch is there."""

_BLOCK: Final = 16_384  # parts that are named at once


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
            squares = np.einsum("kq,kq->k", centres, centres)
            for start in range(0, len(rows), _BLOCK):
                block = rows[start : start + _BLOCK]
                distances = squares - 2.0 * (block @ centres.T)
                named[start : start + _BLOCK, place] = first + distances.argmin(axis=1)
            first += len(centres)
        return named
