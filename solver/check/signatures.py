"""Planes of problems that are given by signatures: see *signatures* in ``docs/certificate.md``.

Any vector u gives a plane, so a rounded u costs nothing. What is off is the products of vectors
with it, by ``gamma(d) |m_i| |u|``, and the terms that they are added to, by a few units each. Only
a shift asks how far u is from the combination that it stands for.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from .planes import Part, PlaneBatch
from .points import PointRows, Shift
from .reading import Array, require
from .rounding import TINY, UNIT, exact_sum, gamma, row_norms

# Rows of vectors held as float64 at once, and rows of chosen pairs.
_ROWS, _CHOSEN_ROWS = 4096, 512
# Products of all vectors with one that are kept, where vectors are many.
_KEPT = 8
# Up to so many items the worth is summed pair by pair.
_PAIRWISE = 4096


class SignaturePlanes:
    """Planes of one problem.

    Parameters
    ----------
    arrays
        ``weights``, ``vectors``, ``profits``.
    points, shifts
        Of the certificate.

    Raises
    ------
    CertificateError
        A shift does not hold.
    """

    def __init__(
        self, arrays: Mapping[str, Array], points: PointRows, shifts: Sequence[Shift]
    ) -> None:
        self._w = np.asarray(arrays["weights"], dtype=np.float64)
        self._m = arrays["vectors"]
        self._p = np.asarray(arrays["profits"], dtype=np.float64)
        self._points, self._shifts = points, shifts
        self._known: dict[bytes, Array] = {}
        d = self._m.shape[1]
        squares = [np.einsum("ij,ij->i", block, block) for block in self._blocks()]
        self._squares = np.concatenate(squares)
        self._norms = row_norms(self._squares, d)
        self._gamma = gamma(d + 4)
        self._own = self._w**2 * (1.0 - self._squares)
        self._own_error = self._w**2 * (self._gamma + 8 * UNIT) * (1.0 + self._norms**2)
        # The square of a weight may underflow, and that of a length make it large.
        self._own_error += np.where(self._w > 0, TINY * (1.0 + self._norms**2), 0.0)
        self._small = self._m.size <= _ROWS * _CHOSEN_ROWS
        if self._small:
            self._m = np.asarray(self._m, dtype=np.float64)
        for place, shift in enumerate(shifts):
            self._require_shift(place, shift)

    def _blocks(self) -> Iterator[Array]:
        for start in range(0, len(self._m), _ROWS):
            yield np.asarray(self._m[start : start + _ROWS], dtype=np.float64)

    def _rows(self, items: Array) -> Array:
        return np.asarray(self._m[items], dtype=np.float64)

    def _require_shift(self, place: int, shift: Shift) -> None:
        """Show that the matrix of a shift's items has no eigenvalue below its value.

        A Cholesky factorisation in floating point that ends proves the matrix positive
        semi-definite up to ``gamma(k + 1) / (1 - gamma(k + 1))`` of its trace (Rump: Verification
        of positive definiteness, 2006, lemma 2.1); the entries themselves are off by the products'
        error, whose norm is at most its Frobenius norm.
        """
        k, w = len(shift.items), self._w[shift.items]
        rows = self._rows(shift.items)
        matrix = np.outer(w, w) * (rows @ rows.T)
        matrix = 0.5 * (matrix + matrix.T)
        long = w * self._norms[shift.items]
        off = (self._gamma + 8 * UNIT) * float(long @ long) * (1.0 + gamma(k))
        # What underflows, here and in the factorisation (the same lemma).
        off += TINY * (1.0 + float((((1.0 + w) * (1.0 + self._norms[shift.items])) ** 2).sum()))
        factor = gamma(k + 2)
        trace = float(np.abs(np.diagonal(matrix)).sum()) * (1.0 + gamma(k))
        needed = shift.value + off + 2.0 * factor * (trace + k * shift.value)
        needed *= 1.0 + 8 * UNIT
        matrix[np.diag_indices(k)] -= needed
        try:
            ends = bool(np.isfinite(np.linalg.cholesky(matrix)).all())
        except np.linalg.LinAlgError:
            ends = False
        require(holds=ends, otherwise=f"Shift {place} is more than its matrix allows.")

    def batch(self, parts: Sequence[Part]) -> PlaneBatch:
        """Return a plane for each part."""
        fixed, which_fixed, loose, which_loose = self._combinations(parts)
        scale = np.array([part.scale for part in parts])
        low, high = (np.array([getattr(p, end) for p in parts]) for end in ("low", "high"))
        length = self._lengths(fixed)[which_fixed]
        length += np.abs(scale) * self._lengths(loose)[which_loose]
        products = self._products(fixed)[which_fixed]
        products += scale[:, None] * self._products(loose)[which_loose]
        u = fixed[which_fixed] + scale[:, None] * loose[which_loose]
        middle = 0.5 * (low + high)
        slopes = self._p - 0.5 * self._own + middle[:, None] * self._w - self._w * products
        long = self._w * self._norms
        sizes = np.abs(self._p) + np.abs(self._own) + middle[:, None] * self._w
        sizes += length[:, None] * long
        slope_errors = 8 * UNIT * sizes + self._gamma * length[:, None] * long + self._own_error
        # A scale makes what the products of a row lose by underflow larger.
        tiny = self._m.shape[1] * TINY * (1.0 + np.abs(scale))
        slope_errors += tiny[:, None] * self._w
        constants = 0.5 * np.einsum("ij,ij->i", u, u) - 0.5 * low * high
        constant_errors = (self._gamma + 8 * UNIT) * length**2 + 4 * UNIT * low * high
        for place, part in enumerate(parts):
            if part.shift is not None:
                extra = self._shifted(part, slopes[place], slope_errors[place])
                constants[place] += extra[0]
                constant_errors[place] += extra[1] + 4 * UNIT * abs(constants[place])
        return PlaneBatch(constants, slopes, constant_errors, slope_errors)

    def _point(self, part: Part) -> tuple[Array, Array]:
        """Return the undecided items that a part's row is about, and their values, unscaled."""
        items, values = self._points.row(part.point)
        open_ = part.undecided[items]
        return items[open_], values[open_]

    def _combinations(self, parts: Sequence[Part]) -> tuple[Array, Array, Array, Array]:
        """Return the combinations of the taken, and of rows, each once; and which part has which.

        Parts that the tree only splits by t share both.
        """
        fixed: list[Array] = []
        loose: list[Array] = []
        fixed_of: dict[int, int] = {}
        loose_of: dict[tuple[int, int], int] = {}
        which = np.zeros((2, len(parts)), dtype=np.int64)
        for place, part in enumerate(parts):
            mask = id(part.taken)
            if mask not in fixed_of:
                fixed_of[mask] = len(fixed)
                items = np.flatnonzero(part.taken)
                fixed.append(self._combine(items, np.ones(len(items))))
            key = (id(part.undecided), part.point)
            if key not in loose_of:
                loose_of[key] = len(loose)
                loose.append(self._combine(*self._point(part)))
            which[:, place] = fixed_of[mask], loose_of[key]
        return np.array(fixed), which[0], np.array(loose), which[1]

    def _combine(self, items: Array, values: Array) -> Array:
        """Return ``sum of z_i w_i m_i``, shape (d,), summed block by block."""
        total = np.zeros(self._m.shape[1])
        for start in range(0, len(items), _ROWS):
            some = items[start : start + _ROWS]
            total += (values[start : start + _ROWS] * self._w[some]) @ self._rows(some)
        return total

    def _lengths(self, vectors: Array) -> Array:
        return row_norms(np.einsum("ij,ij->i", vectors, vectors), vectors.shape[1])

    def _products(self, vectors: Array) -> Array:
        """Return the products of all m with some vectors, shape (L, n)."""
        if self._small:
            return np.asarray(vectors @ self._m.T)
        # A pass takes seconds, and ranges of t share their vectors.
        keys = [vector.tobytes() for vector in vectors]
        new = {key: place for place, key in enumerate(keys) if key not in self._known}
        if new:
            found = np.zeros((len(new), len(self._m)))
            rows = vectors[list(new.values())]
            if rows.any():
                for start, block in zip(range(0, len(self._m), _ROWS), self._blocks(), strict=True):
                    found[:, start : start + _ROWS] = rows @ block.T
            if len(self._known) + len(new) > _KEPT:
                self._known = {key: self._known[key] for key in keys if key not in new}
            self._known |= zip(new, found, strict=True)
        return np.array([self._known[key] for key in keys])

    def _shifted(self, part: Part, slopes: Array, slope_errors: Array) -> tuple[float, float]:
        """Lower a plane by a shift, in place; return the change of the constant, and its error.

        With ``a = sqrt(s) |x - z|`` and e what u is off by, ``1/2 |v - u|^2`` is at least
        ``1/2 max(0, a - |e|)^2``, so at least ``1/2 a^2 - a |e|``.
        """
        place = part.shift
        shift = self._shifts[place if place is not None else 0]
        known = np.zeros(len(self._w), dtype=bool)
        known[shift.items] = True
        require(
            holds=not (part.undecided & ~known).any(),
            otherwise=f"An item outside shift {place} is undecided where it is used.",
        )
        z = np.zeros(len(self._w))
        items, values = self._point(part)
        z[items] = part.scale * values
        s, open_ = shift.value, part.undecided
        slopes[open_] -= 0.5 * s * (1.0 - 2.0 * z[open_])
        slope_errors[open_] += 8 * UNIT * s * (1.0 + np.abs(z[open_])) + 4 * UNIT * np.abs(
            slopes[open_]
        )
        squares = float((z[open_] ** 2).sum())
        count = int(open_.sum()) + 1
        reach = math.sqrt(float(((1.0 + np.abs(z[open_])) ** 2).sum())) * (1.0 + gamma(count))
        inside = part.taken.astype(np.float64) + np.abs(z)
        off = gamma(int((inside > 0).sum()) + 8) * float(inside @ (self._w * self._norms))
        each = (1.0 + self._w[open_]) * (1.0 + self._norms[open_])
        off += TINY * (1.0 + abs(part.scale)) * float(each.sum())
        error = math.sqrt(s) * reach * off * (1.0 + gamma(len(z))) + gamma(count + 4) * s * squares
        error += TINY * s
        return -0.5 * s * squares, error

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of a selection, what it may be off by, and its scale."""
        w, p = self._w[items], self._p[items]
        t = exact_sum(w)
        own = exact_sum(p)
        scale = 0.5 * t * t + exact_sum(np.abs(p))
        if len(items) > _PAIRWISE:
            worth, error = self._all_pairs(items, t)
        else:
            sums, error = [], 0.0
            m, long = self._rows(items), self._norms[items] * w
            for start in range(0, len(items), _CHOSEN_ROWS):
                block = slice(start, start + _CHOSEN_ROWS)
                pairs = np.outer(w[block], w) * (1.0 - m[block] @ m.T)
                pairs = np.triu(pairs, k=start + 1)
                sums += [exact_sum(row) for row in pairs]
            worth = exact_sum(sums)
            together = exact_sum(long)
            error = (self._gamma + 8 * UNIT) * (t * t + together * together)
            lost = exact_sum(np.where(w > 0, 1.0 + self._norms[items], 0.0))
            error += TINY * lost * lost
        total = worth + own
        return total, (error + 8 * UNIT * scale) * (1.0 + 8 * UNIT), scale

    def _all_pairs(self, items: Array, t: float) -> tuple[float, float]:
        """Return ``1/2 (t^2 - |v|^2 - d)`` and its error: one by one, pairs would take too long."""
        w = self._w[items]
        v = np.zeros(self._m.shape[1], dtype=np.longdouble)
        for start in range(0, len(items), _CHOSEN_ROWS):
            some = items[start : start + _CHOSEN_ROWS]
            v += w[start : start + _CHOSEN_ROWS] @ self._rows(some)
        rounded = np.asarray(v, dtype=np.float64)
        long = exact_sum(w * self._norms[items])
        off = gamma(_CHOSEN_ROWS + len(items) // _CHOSEN_ROWS + 4) * long
        worth = 0.5 * (t * t - float(rounded @ rounded) - exact_sum(self._own[items]))
        error = off * (2.0 * long + off) + self._gamma * long * long
        return worth, error + exact_sum(self._own_error[items]) + 8 * UNIT * t * t

    def rounded(self, bound: float) -> float:
        """Return the bound: worths are real numbers."""
        return bound

    @property
    def exact(self) -> bool:
        """No: see `solver.check.planes.Planes`."""
        return False
