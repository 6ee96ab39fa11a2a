"""Planes of the objectives that are no sums over pairs: see ``docs/certificate.md``.

Facility location has a level for each point, k-center no planes at all, and what is concave has
planes of its own (`concave`, `design`).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .concave import ConcavePlanes, CoverageTangents, SumTangents, Tangents
from .design import DesignTangents, Root
from .planes import Part, PlaneBatch, Planes
from .points import PointRows
from .reading import Array, CertificateError, require
from .rounding import TINY, UNIT, exact_sum, gamma
from .rules import NumberRanges, StatedRules, refuse

# Numbers of a matrix that are worked on at once.
_BLOCK = 1 << 20


class FacilityPlanes:
    """Planes of facility location.

    Parameters
    ----------
    arrays
        ``similarities``, ``demands``, ``served``.
    points
        Of the certificate: a row has a level for each point of its block.

    Raises
    ------
    CertificateError
        A level is below 0.
    """

    exact = False

    def __init__(self, arrays: Mapping[str, Array], points: PointRows) -> None:
        self._s = np.asarray(arrays["similarities"], dtype=np.float64)
        self._e = np.asarray(arrays["demands"], dtype=np.float64)
        self._b = np.asarray(arrays["served"], dtype=np.float64)
        self._points = points
        require(holds=points.least >= 0, otherwise="A level is below 0.")
        n, m = self._s.shape
        self._base = exact_sum(self._e * self._b)
        self._worths = np.empty((n, m))
        rows = max(1, _BLOCK // max(1, m))
        for start in range(0, n, rows):
            more = np.maximum(self._s[start : start + rows] - self._b, 0.0)
            self._worths[start : start + rows] = more * self._e
        # A worth is off by two roundings, so a term above a level by three units of the worth at
        # most, also where it is 0 as computed; the sum adds one a term.
        self._errors = gamma(m + 8) * self._worths.sum(axis=1) * (1.0 + gamma(m)) + m * TINY

    def batch(self, parts: Sequence[Part]) -> PlaneBatch:
        """Return a plane for each part; slopes of what is refused are 0."""
        n, m = self._s.shape
        slopes, errors = np.zeros((len(parts), n)), np.zeros((len(parts), n))
        constants, constant_errors = np.zeros(len(parts)), np.zeros(len(parts))
        for place, part in enumerate(parts):
            require(holds=part.shift is None, otherwise="Only signatures have shifts.")
            where, values = self._points.row(part.point)
            levels = np.zeros(m)
            levels[where] = part.scale * values
            require(holds=(levels >= 0).all(), otherwise="A level is below 0.")
            there = np.flatnonzero(part.taken | part.undecided)
            step = max(1, _BLOCK // max(1, m))
            for start in range(0, len(there), step):
                some = there[start : start + step]
                above = self._worths[some] - levels
                slopes[place, some] = np.maximum(above, 0.0, out=above).sum(axis=1)
            errors[place, there] = self._errors[there]
            constants[place] = exact_sum([self._base, *levels])
            constant_errors[place] = 4 * UNIT * constants[place] + m * TINY
        return PlaneBatch(constants, slopes, constant_errors, errors)

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of a selection, what it may be off by, and its scale: itself."""
        service = np.maximum(self._b, self._s[items].max(axis=0, initial=0.0))
        worth = exact_sum(self._e * service)
        return worth, 4 * UNIT * worth + len(self._b) * TINY, worth

    def rounded(self, bound: float) -> float:
        """Return a bound as it is: worths are real numbers."""
        return bound


class CenterPlanes:
    """The worth of a selection of centers; its proofs have no planes.

    Parameters
    ----------
    arrays
        ``distances``, ``reach``.

    Raises
    ------
    CertificateError
        There are no points.
    """

    exact = True

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._d, self._g = arrays["distances"], np.asarray(arrays["reach"], dtype=np.float64)
        require(holds=self._g.size > 0, otherwise="There is no point that an item can be near to.")

    def batch(self, parts: Sequence[Part]) -> PlaneBatch:
        """Refuse: every end of a proof about centers is empty."""
        del parts
        message = "A proof about centers has no bounds but its rules."
        raise CertificateError(message)

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of a selection: comparisons are exact."""
        distances = np.asarray(self._d[items], dtype=np.float64)
        near = np.minimum(self._g, distances.min(axis=0, initial=np.inf))
        return 0.0 - float(near.max(initial=0.0)), 0.0, 0.0

    def rounded(self, bound: float) -> float:
        """Return a bound as it is: worths are real numbers."""
        return bound


def root_of(rules: StatedRules) -> Root:
    """Return what the rules of a problem leave before any decision of a tree."""
    taken, n = rules.included, len(rules.included)
    everything = NumberRanges(np.zeros(1), np.full(1, float(n)))
    free = (~(taken | rules.excluded))[None, :]
    budget, number = rules.rows[0], rules.rows[rules.place_of_number]
    spent = float(budget.coefficients[taken].sum()) * (1.0 - gamma(n))
    return Root(
        taken=taken,
        undecided=refuse(rules, taken[None, :], free, everything)[0],
        costs=budget.coefficients,
        left=budget.most - spent + 4 * UNIT * budget.most,
        most=number.most - float(number.coefficients[taken].sum()),
    )


def _tangents(kind: str, arrays: Mapping[str, Array], prefix: str, root: Root) -> Tangents:
    own = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
    if kind == "coverage":
        return CoverageTangents(own, root.taken)
    require(holds=kind == "design", otherwise=f"{kind!r} is not concave.")
    return DesignTangents(own, root)


def set_planes(
    objective: str,
    terms: Sequence[str],
    arrays: Mapping[str, Array],
    points: PointRows,
    root: Root,
) -> Planes:
    """Return the planes of a problem.

    Parameters
    ----------
    objective, terms
        ``facility``, ``coverage``, ``design``, ``k_center``, or ``sum`` and the names of its terms.
    arrays
        As in the problem's file: those of a term begin with ``term0_`` and so on.
    points
        Of the certificate.
    root
        What can be bought.

    Raises
    ------
    CertificateError
        A sum has a term that is not concave, or a matrix cannot be factored.
    """
    if objective == "facility":
        return FacilityPlanes(arrays, points)
    if objective == "k_center":
        return CenterPlanes(arrays)
    if objective == "sum":
        parts = [_tangents(kind, arrays, f"term{k}_", root) for k, kind in enumerate(terms)]
        return ConcavePlanes(SumTangents(arrays["shares"], parts), points)
    return ConcavePlanes(_tangents(objective, arrays, "", root), points)
