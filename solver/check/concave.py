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


class CoverageTangents:
    """Tangents of coverage.

    Parameters
    ----------
    arrays
        ``amounts``, ``weights``, ``held``.
    """

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._a = np.asarray(arrays["amounts"], dtype=np.float64)
        self._q = np.asarray(arrays["weights"], dtype=np.float64)
        self._h = np.asarray(arrays["held"], dtype=np.float64)
        self._total = exact_sum(self._q)
        self._amounts = self._a.sum(axis=1)

    def at(self, z: Array) -> PlaneBatch:
        """Return the planes that touch at rows z, shape (L, n).

        A tangent at any t of at least 0 is above phi, so that a rounded t costs nothing. With
        ``s = 1 / (1 + t)`` the constant is ``sum of q ((t s)^2 + h s^2)`` and a slope ``sum of
        a q s^2``: numbers of one sign, each product off by less than 9 units. What underflows is
        multiplied by q or a afterwards.
        """
        m = len(self._q)
        t = np.clip(self._h + z @ self._a, 0.0, _FARTHEST)
        s = 1.0 / (1.0 + t)
        squares = s * s
        constants = ((t * s) ** 2 + self._h * squares) @ self._q
        slopes = (self._q * squares) @ self._a.T
        constant_errors = gamma(m + 16) * constants + (m + 8) * TINY * (1.0 + self._total)
        slope_errors = gamma(m + 16) * slopes + (m + 8) * TINY * (1.0 + self._amounts)
        return PlaneBatch(constants, slopes, constant_errors, slope_errors)

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of a selection, what it may be off by, and its scale: the sum of q.

        phi never amplifies a relative error.
        """
        t = self._h + self._a[items].sum(axis=0)
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
