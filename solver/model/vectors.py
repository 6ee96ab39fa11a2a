"""Large float32 vectors, kept as they are: checked block by block and not copied if read-only.

A million vectors may lie in a memory-mapped file. A small array is widened to float64 as a whole,
which costs nothing and spares everything else a case; a large one is widened where it is used.
"""

from typing import TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from solver.model.errors import InvalidProblemError

Vectors: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]

LARGE = 2**22
"""Numbers from which float32 is kept: up to there, 32 MiB of float64."""

_BLOCK = 1_024  # rows widened at a time

# Means of unit vectors are no longer than 1. In float32 a unit vector may come out as much longer
# as the first limit says (its square), which is kept; up to the second it is still rounding, and is
# scaled back to 1.
_KEPT = 1.0 + 1e-6
NORM_LIMIT = 1.0 + 1e-4

SCALED_ABOVE = 1.0 + 1e-12
"""Squared norm from which a float64 vector is scaled back to 1.

It is far above the rounding of a square of norm 1, so that what was scaled is not scaled again.
"""


def is_large(values: npt.ArrayLike) -> TypeGuard[npt.NDArray[np.float32]]:
    """Return whether `values` is a float32 matrix that is kept as it is."""
    if not isinstance(values, np.ndarray):
        return False
    return values.dtype == np.float32 and values.ndim == 2 and values.size >= LARGE  # noqa: PLR2004  (n, d)


def row_squares(vectors: Vectors) -> npt.NDArray[np.float64]:
    """Return ``|m_i|^2`` for every row, shape (n,), accumulated in float64."""
    if vectors.dtype == np.float64:
        return np.asarray(np.einsum("ij,ij->i", vectors, vectors))
    out = np.empty(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK].astype(np.float64)
        out[start : start + _BLOCK] = np.einsum("ij,ij->i", block, block)
    return out


def row_products(vectors: Vectors, direction: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return ``m_i . direction`` for every row, shape (n,), accumulated in float64."""
    if vectors.dtype == np.float64:
        return np.asarray(vectors @ direction)
    out = np.empty(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        out[start : start + _BLOCK] = vectors[start : start + _BLOCK].astype(np.float64) @ direction
    return out


def check_norms(squares: npt.NDArray[np.float64]) -> None:
    """Refuse vectors that no means of unit vectors can be, by their squared norms, shape (n,)."""
    long = np.flatnonzero(squares > NORM_LIMIT)
    if long.size:
        message = (
            "vectors must have norm at most 1 (means of unit vectors); "
            f"entry {long[0]} has norm {squares[long[0]] ** 0.5:g}."
        )
        raise InvalidProblemError(message)


def kept_vectors(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return large float32 vectors after checking them, read-only.

    Parameters
    ----------
    values
        Shape (n, d). If read-only (a file mapped for reading is) and contiguous it is not copied:
        no one may write to the memory below it any more.

    Raises
    ------
    InvalidProblemError
        A number is not finite, or a vector is longer than 1.
    """
    vectors = np.asarray(values)
    if vectors.flags.writeable or not vectors.flags.c_contiguous:
        vectors = np.array(vectors, order="C")
    squares = row_squares(vectors)
    infinite = np.flatnonzero(~np.isfinite(squares))  # no square of a float32 overflows
    if infinite.size:
        row = int(infinite[0])
        column = int(np.argmin(np.isfinite(vectors[row])))
        message = f"vectors must be finite; entry {(row, column)} is {vectors[row, column]}."
        raise InvalidProblemError(message)
    check_norms(squares)
    long = np.flatnonzero(squares > _KEPT)
    if long.size:
        if not vectors.flags.writeable:
            vectors = np.array(vectors)
        vectors[long] = vectors[long] / np.sqrt(squares[long])[:, None]
    vectors.flags.writeable = False
    return vectors
