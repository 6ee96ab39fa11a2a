"""Planes of problems that are given by a matrix: see *pairs* in ``docs/certificate.md``.

Caprara, Pisinger and Toth, "Exact solution of the quadratic knapsack problem" (1999).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .planes import Part, PlaneBatch
from .points import PointRows
from .reading import Array, require
from .rounding import UNIT, exact_sum, gamma

# Below this sum every number on the way is a whole one that float64 holds.
_LARGEST_WHOLE = 2.0**53


class PairPlanes:
    """Planes of one problem.

    Parameters
    ----------
    arrays
        ``utilities``, ``profits``.
    costs
        Shape (n,), 0 for labelled items.
    points
        Of the certificate; a row has a number for each pair.
    """

    def __init__(self, arrays: Mapping[str, Array], costs: Array, points: PointRows) -> None:
        self._q = np.asarray(arrays["utilities"], dtype=np.float64)
        self._p = np.asarray(arrays["profits"], dtype=np.float64)
        self._costs, self._points = costs, points
        whole = bool((self._q == np.floor(self._q)).all() and (self._p == np.floor(self._p)).all())
        total = 0.5 * exact_sum(np.abs(self._q).sum(axis=1)) + exact_sum(np.abs(self._p))
        self._whole = whole and total < _LARGEST_WHOLE

    def rounded(self, bound: float) -> float:
        """Return the largest whole number that is not above a bound, where all worths are whole."""
        if not self._whole:
            return bound
        require(holds=math.isfinite(bound), otherwise="A bound is not a finite number.")
        return float(math.floor(bound))

    def batch(self, parts: Sequence[Part]) -> PlaneBatch:
        """Return a plane for each part."""
        planes = [self._plane(part) for part in parts]
        constants, slopes, constant_errors, slope_errors = zip(*planes, strict=True)
        return PlaneBatch(
            np.array(constants), np.array(slopes), np.array(constant_errors), np.array(slope_errors)
        )

    def _halves(self, part: Part, open_: Array) -> tuple[Array, Array]:
        """Return ``(q + M) / 2`` on the undecided items, and the absolute values it is made of."""
        halves = 0.5 * self._q[np.ix_(open_, open_)]
        items, upper = self._points.row(part.point)
        places = np.full(len(self._p), -1, dtype=np.int64)
        places[open_] = np.arange(len(open_))
        matrix = np.zeros((len(items), len(items)))
        matrix[np.triu_indices(len(items), k=1)] = upper
        matrix -= matrix.T
        inside = places[items] >= 0
        at = places[items[inside]]
        split = np.zeros_like(halves)
        split[np.ix_(at, at)] = 0.5 * part.scale * matrix[np.ix_(inside, inside)]
        return halves + split, np.abs(halves) + np.abs(split)

    def _plane(self, part: Part) -> tuple[float, Array, float, Array]:
        taken, open_ = np.flatnonzero(part.taken), np.flatnonzero(part.undecided)
        k = len(taken)
        inner = self._q[np.ix_(taken, taken)]
        constant = 0.5 * float(inner.sum())
        constant_error = gamma(k * k) * 0.5 * float(np.abs(inner).sum()) * (1.0 + gamma(k * k))
        slopes = self._p + self._q[:, taken].sum(axis=1)
        errors = gamma(k + 1) * (np.abs(self._p) + np.abs(self._q[:, taken]).sum(axis=1))
        # Pairs of taken items are in the constant: of themselves these have their profit.
        slopes[taken], errors[taken] = self._p[taken], 0.0
        if len(open_):
            company, off = self._company(part, open_)
            slopes[open_] += company
            errors[open_] += off + 2 * UNIT * np.abs(slopes[open_])
        return constant, slopes, constant_error, errors * (1.0 + 8 * UNIT)

    def _company(self, part: Part, open_: Array) -> tuple[Array, Array]:
        """Return a bound on what each undecided item's company is worth to it, and its error.

        For each a continuous knapsack, over what the budget leaves beside it: Dantzig's multiplier
        is the worth per cost of the item that no longer fits whole.
        """
        halves, sizes = self._halves(part, open_)
        costs = self._costs[open_]
        left = part.left - costs
        # What is left may come out too small by rounding; an item on the edge stays in.
        slack = 8 * UNIT * (abs(part.left) + costs)
        room = np.maximum(left + slack, 0.0)
        worth = np.where(costs[None, :] <= room[:, None], halves, 0.0)
        np.fill_diagonal(worth, 0.0)
        worth = np.maximum(worth, 0.0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = np.where(worth > 0, worth / costs[None, :], -1.0)
        order = np.argsort(-ratio, axis=1, kind="stable")
        spent = np.cumsum(costs[order], axis=1)
        spent[np.take_along_axis(worth, order, axis=1) <= 0] = math.inf
        place = (spent <= room[:, None]).sum(axis=1)
        place = np.minimum(place, len(open_) - 1)
        item = np.take_along_axis(order, place[:, None], axis=1)
        multiplier = np.take_along_axis(ratio, item, axis=1)[:, 0]
        # Where all that is worth anything fits, or a ratio overflows, 0 is as good as any.
        multiplier = np.where(np.isfinite(multiplier) & (multiplier > 0), multiplier, 0.0)
        paid = np.maximum(worth - multiplier[:, None] * costs[None, :], 0.0)
        total = multiplier * room + paid.sum(axis=1)
        terms = len(open_) + 8
        size = multiplier * room + np.where(
            worth > 0, sizes + multiplier[:, None] * costs[None, :], 0.0
        ).sum(axis=1)
        return total, gamma(terms) * size * (1.0 + gamma(terms))

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of a selection, what it may be off by, and its scale."""
        block = np.triu(self._q[np.ix_(items, items)], k=1)
        p = self._p[items]
        worth = exact_sum([*map(exact_sum, block), *p])
        scale = exact_sum([*map(exact_sum, np.abs(block)), *np.abs(p)])
        return worth, 0.0 if self._whole else 4 * UNIT * scale, scale

    @property
    def exact(self) -> bool:
        """Whether all worths are whole numbers."""
        return self._whole
