"""Planes of concave objectives: see *coverage* and *sum* in ``docs/certificate.md``.

An objective with a concave extension has a plane for every z. How far its numbers may be off
follows the formula that they are computed by: sums of numbers of one sign are off by `gamma` times
themselves.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from .planes import Part, PlaneBatch
from .points import PointRows
from .reading import Array, require
from .rounding import TINY, exact_sum, gamma

# A tangent may touch anywhere; further out than this, numbers would underflow.
_FARTHEST = 1e100


class Tangents(Protocol):
    """The planes of a concave objective, by the point at which they touch, and its worth."""

    def at(self, z: Array) -> PlaneBatch:
        """Return the planes that touch at rows z, shape (L, n)."""

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of a selection, what it may be off by, and its scale."""


class ConcavePlanes:
    """Planes of a concave objective, as `planes.Planes` has them.

    Parameters
    ----------
    tangents
        The objective.
    points
        Of the certificate: a row is z over the items of its block.
    """

    exact = False

    def __init__(self, tangents: Tangents, points: PointRows) -> None:
        self._tangents, self._points = tangents, points

    def batch(self, parts: Sequence[Part]) -> PlaneBatch:
        """Return a plane for each part: z is 1 for what is taken, and 0 where nothing is said."""
        n = len(parts[0].taken) if parts else 0
        z = np.zeros((len(parts), n))
        for place, part in enumerate(parts):
            require(holds=part.shift is None, otherwise="Only signatures have shifts.")
            items, values = self._points.row(part.point)
            z[place, items] = part.scale * values
            z[place, ~part.undecided] = 0.0
            z[place, part.taken] = 1.0
        return self._tangents.at(z)

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of a selection, what it may be off by, and its scale."""
        return self._tangents.worth(items)

    def rounded(self, bound: float) -> float:
        """Return a bound as it is: worths are real numbers."""
        return bound


# How much less a content must come to item by item to count so, relative to the tangent.
_RAMP = 0.2


class CoverageTangents:
    """Planes of coverage: tangents, and contents that count item by item.

    Parameters
    ----------
    arrays
        ``amounts``, ``weights``, ``held``.
    taken
        What is taken at the root, shape (n,): it is there whatever else is.
    """

    def __init__(self, arrays: Mapping[str, Array], taken: Array) -> None:
        self._all = np.asarray(arrays["amounts"], dtype=np.float64)
        self._q = np.asarray(arrays["weights"], dtype=np.float64)
        self._held = np.asarray(arrays["held"], dtype=np.float64)
        self._total = exact_sum(self._q)
        self._h = self._held + self._all[taken].sum(axis=0)
        # What a product may be off by, and h, which is a sum, in units.
        self._terms = len(self._q) + 3 * int(taken.sum()) + 24
        self._a = np.where(taken[:, None], 0.0, self._all) if taken.any() else self._all
        self._amounts = self._a.sum(axis=1)
        # Amounts that are not 0: whose, of which content, how much, and what each would add alone.
        self._owner, self._content = np.nonzero(self._a)
        self._some = self._a[self._owner, self._content]
        less = 1.0 + self._h[self._content]
        self._alone = self._some / less / (less + self._some)

    def at(self, z: Array) -> PlaneBatch:
        """Return the planes of rows z, shape (L, n).

        A tangent at any t of at least 0 is above phi, and contents may count item by item in any
        part, so that a rounded t or part costs nothing. With ``s = 1 / (1 + t)`` and the part r of
        a content, the constant is ``sum of q (r h / (1 + h) + (1 - r) ((t s)^2 + h s^2))``, and a
        slope ``sum of q (r l + (1 - r) min(a s^2, l))``: numbers of one sign, each product off by
        less than 16 units. What underflows is multiplied by q or a afterwards.
        """
        m = len(self._q)
        constants, slopes = np.zeros(len(z)), np.zeros(z.shape)
        for place, row in enumerate(z):
            constants[place], slopes[place] = self._plane(row)
        constant_errors = gamma(self._terms) * constants + (m + 8) * TINY * (1.0 + self._total)
        slope_errors = gamma(self._terms) * slopes + (m + 8) * TINY * (1.0 + self._amounts)
        return PlaneBatch(constants, slopes, constant_errors, slope_errors)

    def _plane(self, z: Array) -> tuple[float, Array]:
        m = len(self._q)
        t = np.clip(self._h + z @ self._a, 0.0, _FARTHEST)
        s, own = 1.0 / (1.0 + t), 1.0 / (1.0 + self._h)
        alone = np.bincount(self._content, z[self._owner] * self._alone, m)
        added = (t - self._h) * s * own
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.minimum((1.0 - alone / added) / _RAMP, 1.0)
        part = np.where(np.maximum(alone, 0.0) < added, apart, 0.0)
        touching = (t * s) ** 2 + self._h * (s * s)
        constant = float(self._q @ (part * (self._h * own) + (1.0 - part) * touching))
        least = np.minimum(self._some * (s * s)[self._content], self._alone)
        mixed = part[self._content] * self._alone + (1.0 - part)[self._content] * least
        return constant, np.bincount(self._owner, self._q[self._content] * mixed, len(z))

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of a selection, what it may be off by, and its scale: the sum of q.

        phi never amplifies a relative error.
        """
        t = self._held + self._all[items].sum(axis=0)
        worth = exact_sum(self._q * (t / (1.0 + t)))
        error = gamma(len(items) + 8) * worth + len(t) * TINY * (1.0 + self._total)
        return worth, error, self._total


class SumTangents:
    """Tangents of a weighted sum: those of its terms at one z add up.

    Parameters
    ----------
    shares
        Shape (terms,), above 0.
    terms
        In their order.
    """

    def __init__(self, shares: Array, terms: Sequence[Tangents]) -> None:
        self._shares, self._terms = [float(share) for share in shares], terms

    def at(self, z: Array) -> PlaneBatch:
        """Return the planes that touch at rows z, shape (L, n)."""
        constants, constant_errors = np.zeros(len(z)), np.zeros(len(z))
        slopes, slope_errors = np.zeros(z.shape), np.zeros(z.shape)
        unit = gamma(len(self._terms) + 2)
        for share, term in zip(self._shares, self._terms, strict=True):
            plane = term.at(z)
            constants += share * plane.constants
            slopes += share * plane.slopes
            constant_errors += share * (plane.constant_errors + unit * np.abs(plane.constants))
            slope_errors += share * (plane.slope_errors + unit * np.abs(plane.slopes))
        off = 1.0 + 4 * unit
        tiny = 4 * len(self._terms) * TINY
        return PlaneBatch(
            constants, slopes, constant_errors * off + tiny, slope_errors * off + tiny
        )

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of a selection, what it may be off by, and its scale."""
        worth = error = scale = 0.0
        unit = gamma(len(self._terms) + 2)
        for share, term in zip(self._shares, self._terms, strict=True):
            value, off, size = term.worth(items)
            worth += share * value
            error += share * (off + unit * abs(value)) * (1.0 + unit)
            scale += share * size
        return worth, error * (1.0 + unit) + 4 * len(self._terms) * TINY, scale
