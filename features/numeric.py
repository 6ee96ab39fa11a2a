"""Linear algebra of rows: lengths, directions, distances and principal axes, in numpy alone.

Cosines are rounded so that they do not depend on the order of a sum. Sums in another order, on
another machine or in another library, differ by 1e-16. That decides nothing once cosines are
multiples of 2^-24, which float32 can hold.
"""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError

_Real = TypeVar("_Real", bound=np.floating)

_STEPS: Final = 2.0**24
_POWERS: Final = 3  # of the covariance; angles between subspaces shrink with each


def row_lengths(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the Euclidean length of each row (..., d), shape (...)."""
    lengths: NDArray[np.float64] = np.sqrt(
        np.einsum("...d,...d->...", rows, rows, dtype=np.float64)
    )
    return lengths


def scale_rows(rows: NDArray[_Real], lengths: NDArray[np.floating]) -> NDArray[_Real]:
    """Divide rows (..., d) by their lengths (...); a row of length 0 has no direction and stays."""
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0)[..., np.newaxis])


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scale every row to length 1.

    Parameters
    ----------
    vectors : (m, d)

    Returns
    -------
    (m, d) float64

    Raises
    ------
    VectorsError
        A row is zero or not finite, so it has no direction.
    """
    directions = np.array(vectors, dtype=np.float64)
    lengths = row_lengths(directions)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        message = "a vector that is zero or not finite has no direction"
        raise VectorsError(message)
    directions /= lengths[:, None]
    return directions


def rounded(cosines: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return cosines as the nearest multiples of 2^-24 in [-1, 1]; never -0."""
    steps = np.rint(cosines * _STEPS) / _STEPS + 0.0
    inside: NDArray[np.float32] = np.clip(steps, -1, 1).astype(np.float32)
    return inside


def squared_distances(
    left: NDArray[_Real], right: NDArray[_Real], *, lengths_first: bool = False
) -> NDArray[_Real]:
    """Return ``|l_i - r_j|^2`` of all rows of (n, d) and (m, d), shape (n, m), at least 0.

    Parameters
    ----------
    left, right
        float32 or float64, both the same.
    lengths_first
        Add the squared lengths before the products are taken off. The last digits differ, and
        either order is part of results that must not change.
    """
    left_squares = np.einsum("nd,nd->n", left, left)[:, np.newaxis]
    right_squares = np.einsum("md,md->m", right, right)
    squares = left @ right.T
    if lengths_first:
        squares = left_squares + right_squares - 2.0 * squares
    else:
        squares *= -2.0
        squares += left_squares
        squares += right_squares
    least: NDArray[_Real] = np.maximum(squares, 0.0, out=squares)
    return least


def nearest_centres(rows: NDArray[np.floating], centres: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the number of each row's nearest centre, of equally near ones the first.

    Parameters
    ----------
    rows : (m, d)
    centres : (k, d)
        At least one.

    Returns
    -------
    (m,) intp
    """
    # The rows' own lengths decide nothing.
    squares = np.einsum("kd,kd->k", centres, centres) - 2.0 * (rows @ centres.T)
    nearest: NDArray[np.intp] = squares.argmin(axis=1)
    return nearest


def principal_axes(
    matrix: NDArray[np.float64], most: int, *, absolute: float = 0.0, relative: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the largest eigenvalues of a symmetric matrix and their unit vectors.

    Parameters
    ----------
    matrix : (d, d)
        A covariance, or inner products of points.
    most
        Number of eigenvalues that are kept, at most.
    absolute, relative
        What is not above the first, nor above the second times the largest eigenvalue, is rounding
        and left out.

    Returns
    -------
    values : (r,) float64
        Descending.
    axes : (d, r) float64
        Of either sign; :func:`turned` decides it.

    References
    ----------
    Pearson, "On Lines and Planes of Closest Fit to Systems of Points in Space" (1901).
    """
    values, axes = np.linalg.eigh(matrix)
    order = np.argsort(-values, kind="stable")[:most]
    order = order[values[order] > max(absolute, relative * values.max(initial=0.0))]
    return values[order], axes[:, order]


def turned(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each column (n, q) the sign that makes its longest entry positive: axes have none."""
    if not columns.size:
        return columns
    longest = np.abs(columns).argmax(axis=0)
    signs = np.where(columns[longest, np.arange(columns.shape[1])] < 0, -1.0, 1.0)
    positive: NDArray[np.float64] = columns * signs
    return positive


def principal_subspace(
    rows: NDArray[np.float32], dimensions: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return rows, centred, in about the dimensions of largest variance, by subspace iteration.

    Parameters
    ----------
    rows : (n, d) float32
    dimensions
        Rows that have no more are centred only.
    rng
        Draws the first subspace.

    Returns
    -------
    (n, min(d, dimensions)) float32

    References
    ----------
    Halko, Martinsson and Tropp, "Finding Structure with Randomness" (SIAM Review 2011),
    algorithm 4.4.
    """
    d = rows.shape[1]
    centred = rows - rows.mean(axis=0)
    if d <= dimensions:
        return np.asarray(centred)
    basis = rng.normal(size=(d, dimensions)).astype(np.float32)
    for _ in range(_POWERS):
        basis = np.linalg.qr(centred.T @ (centred @ basis))[0]
    return np.ascontiguousarray(centred @ basis)
