"""Matrices in balls: that one is positive semi-definite, and that others are nearly diagonal."""

import numpy as np
import numpy.typing as npt
from flint import arb, arb_mat

Floats = npt.NDArray[np.float64]


def exact(values: Floats) -> arb_mat:
    """Return a matrix of float64 as balls, exactly."""
    return arb_mat(*values.shape, [arb(x) for x in values.ravel().tolist()])


def middle(matrix: arb_mat) -> Floats:
    """Return the nearest float64 of each entry."""
    values = [float(x) for x in matrix.entries()]
    return np.array(values).reshape(matrix.nrows(), matrix.ncols())


def norm(matrix: arb_mat) -> arb:
    """Return an upper bound on the largest absolute eigenvalue of a symmetric matrix."""
    most = arb(0)
    for row in matrix.tolist():
        most = most.max(sum((abs(x) for x in row), arb(0)))
    return most


def identity(n: int) -> arb_mat:
    """Return the identity."""
    return arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])


def at_least(matrix: arb_mat, least: float) -> bool:
    """Whether a symmetric matrix is shown to have no eigenvalue below a number.

    ``A - (s + e) I = L L' + E`` with a float64 Cholesky factor L, and ``|E| <= e`` by its largest
    row, so ``A - s I = L L' + (e I + E)`` is positive semi-definite. L need not be exact.
    """
    n = matrix.nrows()
    if n == 0:
        return True
    rough = middle(matrix)
    if not np.isfinite(rough).all():
        return False
    slack = 4.0 * np.finfo(float).eps * float(np.trace(rough))
    for _ in range(12):
        try:
            factor = np.linalg.cholesky(rough - (least + slack) * np.eye(n))
        except np.linalg.LinAlgError:
            return False
        root = exact(factor)
        left = matrix - root * root.transpose() - identity(n) * (arb(least) + arb(slack))
        if norm(left) <= arb(slack):
            return True
        slack *= 4.0
    return False
