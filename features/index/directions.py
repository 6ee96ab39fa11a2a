"""Exact cosines between scenes; what FAISS finds in float32 is measured again here.

They are computed in float64 and rounded, so that every order of neighbours, ties included, is the
same wherever it is computed (:mod:`features.numeric`).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.numeric import rounded

_ROWS: Final = 4096  # rows that are gathered at a time: 25 MB at d = 768


class Directions:
    """The mean directions of n scenes.

    A mean of length zero (centres that cancel out) has no direction; its cosine with everything
    is 0.

    Parameters
    ----------
    means : (n, d) float64
        Kept by reference.
    """

    def __init__(self, means: NDArray[np.float64]) -> None:
        lengths = np.empty(len(means))
        for start in range(0, len(means), _ROWS):  # the norm squares a copy
            lengths[start : start + _ROWS] = np.linalg.norm(means[start : start + _ROWS], axis=1)
        self._means = means
        self._scales = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        self.n, self.d = means.shape
        # Most that a float32 inner product of rounded unit vectors can be off.
        self.slack = (self.d + 4) * 2.0**-23

    def units(self, rows: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.float32]:
        """Return unit vectors, (k, d), as FAISS takes them."""
        units: NDArray[np.float32] = (self._means[rows] * self._scales[rows, None]).astype("f4")
        return units

    def cosines(self, row: int, others: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the cosines of one row with others, (k,)."""
        found = np.empty(len(others))
        for start in range(0, len(others), _ROWS):
            part = others[start : start + _ROWS]
            products = np.einsum("kd,d->k", self._means[part], self._means[row])
            found[start : start + _ROWS] = products * self._scales[part] * self._scales[row]
        return rounded(found)

    def to_all(self, row: int) -> NDArray[np.float32]:
        """Return the cosines of one row with every row, (n,); see :meth:`cosines`."""
        found = np.empty(self.n)
        for start in range(0, self.n, _ROWS):
            found[start : start + _ROWS] = self._means[start : start + _ROWS] @ self._means[row]
        return rounded(found * self._scales * self._scales[row])

    def between(self, rows: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the cosines of each row with each other one, (b, k)."""
        found = np.empty((len(rows), len(others)), dtype=np.float32)
        means = self._means[rows] * self._scales[rows, None]
        for start in range(0, len(others), _ROWS):
            part = others[start : start + _ROWS]
            products = means @ self._means[part].T
            found[:, start : start + _ROWS] = rounded(products * self._scales[part])
        return found

    def paired(self, rows: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the cosines of each row with its own others, (b, k), for `others` (b, k)."""
        products = np.einsum("bd,bkd->bk", self._means[rows], self._means[others])
        found = products * self._scales[rows, None] * self._scales[others]
        return rounded(found)
