"""Planes of D-optimal design: see *design* in ``docs/certificate.md``.

Nothing here has to be accurate but what is measured. Any invertible G whitens: with
``G P0 G^T = I + E``,

    log det(P0 + X) = log det(I + E + G X G^T) - 2 log det G
                   <= d log(1 + e) + log det(I + G X G^T) - 2 log det G

for every e that no eigenvalue of E is above, because a determinant grows with its matrix. And any V
and b make a matrix ``B = V diag(b) V^T``, with eigenvalues between ``(1 - h) b`` and ``(1 + h) b``
where h is the norm of ``V^T V - I`` (Ostrowski 1959). So what a factorisation is off by is found by
multiplying it out: e and h are Frobenius norms of residuals, and their rounding.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .planes import PlaneBatch
from .reading import Array, CertificateError, require
from .rounding import TINY, UNIT, exact_sum, gamma

# For bounds of errors that are themselves computed: their own rounding is far less.
_ROUNDED_UP = 1.001
# The scale beside the worth, at most: a tolerance of a millionth.
_LARGEST_SCALE = 1e6
# What a logarithm may be off by, in units of its value: 4 in the last place.
_LOG = 8 * UNIT


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Root:
    """What the rules leave at the root of a tree, before any decision of its own.

    Parameters
    ----------
    taken, undecided
        Masks of shape (n,): included and labelled items; and those that can still be bought.
    costs
        Shape (n,), 0 for labelled items.
    left
        What the taken items leave of the budget, not less than in real arithmetic.
    most
        How many undecided items can be bought at most.
    """

    taken: Array
    undecided: Array
    costs: Array
    left: float
    most: float


def _whitening(information: Array, sizes: Array, terms: int) -> tuple[Array, float, float]:
    """Return G, the log determinant of an information matrix, and what that may be off by.

    Parameters
    ----------
    information
        Shape (d, d), symmetric, as computed.
    sizes
        The same sum of absolute values; entries are off by ``gamma(terms)`` times it.
    terms
        See `sizes`.
    """
    d = len(information)
    try:
        root = np.tril(np.linalg.inv(np.linalg.cholesky(information)))
    except np.linalg.LinAlgError as failure:
        message = "What is known without any item is no positive definite matrix."
        raise CertificateError(message) from failure
    diagonal = np.diagonal(root)
    require(
        holds=np.isfinite(root).all() and (diagonal > 0).all(),
        otherwise="What is known without any item cannot be factored.",
    )
    residual = root @ information @ root.T - np.eye(d)
    long = np.abs(root)
    off = gamma(2 * d + terms + 16) * (long @ sizes @ long.T) + 4 * UNIT * (np.abs(residual) + 1.0)
    norm = _ROUNDED_UP * float(np.linalg.norm(residual) + np.linalg.norm(off))
    require(holds=norm < 0.5, otherwise="What is known without any item cannot be factored.")  # noqa: PLR2004
    logs = [math.log(entry) for entry in diagonal]
    error = _ROUNDED_UP * d * norm / (1.0 - norm) + 2 * _LOG * exact_sum(map(abs, logs))
    value = -2.0 * exact_sum(logs)
    return root, value, error + 4 * UNIT * abs(value)


def _pooled(eigen: Array, rank: int) -> Array:
    """Return descending eigenvalues, the smaller ones replaced by an equal share of the rank.

    The first i stay, and the others share what is left of the rank equally, with i the first number
    for which the share is not above what stays.
    """
    if rank >= len(eigen):
        return eigen
    if rank == 0:
        return np.zeros(len(eigen))
    left = np.cumsum(eigen[::-1])[::-1]
    kept = 0
    while kept < rank - 1 and not left[kept] / (rank - kept) >= eigen[kept]:
        kept += 1
    return np.concatenate([eigen[:kept], np.full(len(eigen) - kept, left[kept] / (rank - kept))])


def largest_rank(sizes: Array, root: Root) -> int:
    """Return how many rows can be bought at most.

    For any price b, rows are at most ``b left + sum of max(0, size - b cost)``.
    """
    some = np.flatnonzero(root.undecided & (sizes > 0))
    rows, costs = sizes[some].astype(np.float64), root.costs[some]
    total = exact_sum(rows)
    most = int(min(root.most, len(rows)))
    count = min(total, exact_sum(np.sort(rows)[::-1][:most]))
    left = max(0.0, root.left)
    order = np.argsort(costs / rows, kind="stable")
    place = int(np.searchsorted(np.cumsum(costs[order]), left, side="right"))
    if place < len(order):
        last = order[place]
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            price = rows[last] / costs[last]
            bought = price * left + float(np.maximum(rows - price * costs, 0.0).sum())
            # A term that is 0 as computed is more than that by a few units of its size at most.
            bought += gamma(len(rows) + 8) * (price * left + 4.0 * total)
        if bought < count:
            count = math.floor(bought)
    return int(count)


class DesignTangents:
    """Tangents of D-optimal design.

    Parameters
    ----------
    arrays
        ``factors``, ``sizes``, ``ridge``, ``prior``.
    root
        What can be bought.

    Raises
    ------
    CertificateError
        The prior cannot be factored.
    """

    def __init__(self, arrays: Mapping[str, Array], root: Root) -> None:
        factors = np.asarray(arrays["factors"], dtype=np.float64)
        sizes = np.asarray(arrays["sizes"]).astype(np.int64)
        self._prior = np.asarray(arrays["prior"], dtype=np.float64)
        self._n, self._d = len(sizes), len(self._prior)
        self._largest = int(sizes.max(initial=0))
        self._owner = np.repeat(np.arange(self._n), sizes)
        # Off by three units each: those of the root, the quotient, and the ridge's float64.
        self._rows = factors / math.sqrt(float(arrays["ridge"]))
        self._rank = min(largest_rank(sizes, root), self._d)
        whitening, self._base, self._base_error = self._factored(root.taken)
        white = self._rows @ whitening.T
        long = np.abs(self._rows) @ np.abs(whitening).T
        off = gamma(self._d + 8) * np.linalg.norm(long, axis=1)
        fixed = root.taken[self._owner]
        white[fixed] = 0.0
        self._white = white
        self._off = np.where(fixed, 0.0, _ROUNDED_UP * off + self._d * TINY)
        self._long = np.where(fixed, 0.0, _ROUNDED_UP * np.linalg.norm(white, axis=1))

    def _factored(self, mask: Array) -> tuple[Array, float, float]:
        """Return what `_whitening` does of the prior with some items."""
        rows = self._rows[mask[self._owner]]
        information = self._prior + rows.T @ rows
        # What products lose by underflow is less than this is off by, where a prior is that small.
        sizes = np.abs(self._prior) + np.abs(rows).T @ np.abs(rows) + TINY
        return _whitening(0.5 * (information + information.T), sizes, len(rows) + 8)

    def at(self, z: Array) -> PlaneBatch:
        """Return the planes that touch at rows z, shape (L, n)."""
        planes = [self._plane(row) for row in z]
        constants, slopes, constant_errors, slope_errors = zip(*planes, strict=True)
        return PlaneBatch(
            np.array(constants), np.array(slopes), np.array(constant_errors), np.array(slope_errors)
        )

    def _plane(self, z: Array) -> tuple[float, Array, float, Array]:
        d, rank = self._d, self._rank
        seen = (self._white * z[self._owner][:, None]).T @ self._white
        require(holds=np.isfinite(seen).all(), otherwise="A point is too far out.")
        try:
            eigen, vectors = np.linalg.eigh(0.5 * (seen + seen.T))
        except np.linalg.LinAlgError as failure:
            message = "A point has no eigenvalues."
            raise CertificateError(message) from failure
        vectors = vectors[:, ::-1]
        length = float(np.linalg.norm(vectors)) * _ROUNDED_UP
        skew = _ROUNDED_UP * float(np.linalg.norm(vectors.T @ vectors - np.eye(d)))
        skew += gamma(d + 2) * length**2 + d * UNIT
        require(holds=skew < 1e-3, otherwise="A point has no eigenvectors.")  # noqa: PLR2004
        b = 1.0 / (1.0 + _pooled(np.maximum(eigen[::-1], 0.0), rank))
        # No eigenvalue of B is above 1.
        b = np.minimum(b, 1.0 - 2.0 * skew)
        require(holds=(b > TINY).all(), otherwise="A point is too far out.")
        smallest = b[:rank]
        logs = [math.log(entry) for entry in smallest]
        constant = self._base + exact_sum([*(smallest - 1.0), *(-entry for entry in logs)])
        # b - log b falls: at (1 - h) b it is more by less than h / (1 - h).
        off = _ROUNDED_UP * rank * skew / (1.0 - skew) + _LOG * (rank + exact_sum(map(abs, logs)))
        constant_error = (self._base_error + off) * _ROUNDED_UP + 4 * UNIT * abs(constant)
        # A row y of what is whitened is worth y B y^T, the square of a norm that is at most the
        # usual one of y V: |y + dy|^2 <= |y|^2 + 2 |y| |dy| + |dy|^2. V makes y longer by 1 + h at
        # most, and its product with y is off by gamma times the product of their lengths.
        turned = self._white @ vectors
        worths = np.einsum("rd,rd,d->r", turned, turned, b)
        change = _ROUNDED_UP * (self._off + gamma(d + 2) * self._long * length)
        errors = gamma(d + 8) * worths + _ROUNDED_UP * (2.0 * np.sqrt(worths) + change) * change
        slopes = np.bincount(self._owner, worths, self._n)
        together = gamma(self._largest + 4)
        slope_errors = np.bincount(self._owner, errors, self._n) * (1.0 + together)
        return constant, slopes, constant_error, slope_errors + together * slopes + d * TINY

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of a selection, what it may be off by, and its scale."""
        mask = np.zeros(self._n, dtype=bool)
        mask[items] = True
        _, worth, error = self._factored(mask)
        trace = float(np.trace(self._prior)) + float(np.einsum("rd,rd->", self._rows, self._rows))
        # An item that nobody can buy must not buy a tolerance.
        return worth, error, min(self._d * trace, _LARGEST_SCALE * (1.0 + abs(worth)))
