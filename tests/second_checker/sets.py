"""Objectives of sets, in balls of 128 bits: facility location, coverage, k-center, and sums."""

import math
from collections.abc import Sequence

import numpy as np
from flint import arb, arb_mat

from second_checker.fields import listed
from second_checker.planes import ZERO, Job, Objective, Plane, balls, read_rows
from second_checker.problem import Floats
from second_checker.refusing import need
from second_checker.rules import TAKEN


class Facility(Objective):
    """Facility location: each point is served by the best item."""

    def __post_init__(self) -> None:
        s, b, e = (self.arrays[name] for name in ("similarities", "served", "demands"))
        self.points = len(e)
        self.e, self.b = balls(e), balls(b)
        self.gains = [
            [ej * (arb(x) - bj).max(ZERO) for x, bj, ej in zip(row, self.b, self.e, strict=True)]
            for row in s.tolist()
        ]

    def worth(self, there: Sequence[int]) -> arb:
        base = sum((e * b for e, b in zip(self.e, self.b, strict=True)), ZERO)
        for j in range(self.points):
            best = ZERO
            for i in there:
                best = best.max(self.gains[i][j])
            base += best
        return base

    def scale(self, there: Sequence[int]) -> arb:
        return self.worth(there)

    def read_points(self, given: object) -> list[tuple[list[int], Floats]]:
        rows = read_rows(given, self.points)
        need(all((row >= 0).all() for _, row in rows), "A level is below 0.")
        return rows

    def plane(self, job: Job) -> Plane:
        v = [ZERO] * self.points
        for j, level in zip(job.owners, job.row.tolist(), strict=True):
            v[j] = arb(level) * arb(job.scale)
            need(bool(v[j] >= 0), "A level is below 0.")
        c = sum((e * b + x for e, b, x in zip(self.e, self.b, v, strict=True)), ZERO)
        return c, [
            sum(((gain - x).max(ZERO) for gain, x in zip(row, v, strict=True)), ZERO)
            for row in self.gains
        ]


RAMP = 0.2


def _part_alone(singly: arb, added: arb) -> arb:
    """Return the part of a content that counts item by item, as a number without a radius."""
    most, less = float(added.mid()), float(singly.mid())
    if not max(less, 0.0) < most:
        return ZERO
    return arb(min(1.0, (1.0 - less / most) / RAMP))


class Coverage(Objective):
    """Saturating coverage, ``phi(t) = t / (1 + t)``, by tangents and item by item."""

    def __post_init__(self) -> None:
        a = self.arrays["amounts"]
        self.q, self.h = balls(self.arrays["weights"]), balls(self.arrays["held"])
        self.a = arb_mat(*a.shape, [arb(x) for x in a.ravel().tolist()])
        self.first = [place == TAKEN for place in self.root.place]
        taken = [row for row, there in zip(a.tolist(), self.first, strict=True) if there]
        self.there = [
            sum((arb(x) for x in column), h) for h, *column in zip(self.h, *taken, strict=True)
        ]
        alone = [
            arb(x) / ((1 + h) * (1 + h + arb(x)))
            for row in a.tolist()
            for x, h in zip(row, self.there, strict=True)
        ]
        m = a.shape[1]
        self.some = [
            [(i, self.a[i, u], alone[i * m + u]) for i in np.flatnonzero(a[:, u]).tolist()]
            for u in range(m)
        ]
        self.alone = arb_mat(*a.shape, alone)

    def _amounts(self, z: Sequence[float]) -> list[arb]:
        point = arb_mat(1, self.n, [arb(x) for x in z])
        return [h + x for h, x in zip(self.h, (point * self.a).entries(), strict=True)]

    def worth(self, there: Sequence[int]) -> arb:
        t = self._amounts([float(i in there) for i in range(self.n)])
        return sum((q * x / (1 + x) for q, x in zip(self.q, t, strict=True)), ZERO)

    def scale(self, there: Sequence[int]) -> arb:
        return sum(self.q, ZERO)

    def plane(self, job: Job) -> Plane:
        z = job.completed()
        left = [0.0 if first else x for x, first in zip(z, self.first, strict=True)]
        singly = (arb_mat(1, self.n, [arb(x) for x in left]) * self.alone).entries()
        c, g = ZERO, [ZERO] * self.n
        for u, (q, h, amount) in enumerate(zip(self.q, self.there, self._amounts(z), strict=True)):
            t = amount.max(ZERO)
            steep = 1 / ((1 + t) * (1 + t))
            # Any part from 0 to 1 is right: a rounded one is taken for what it is.
            part = _part_alone(singly[u], t / (1 + t) - h / (1 + h))
            c += q * (part * h / (1 + h) + (1 - part) * (t / (1 + t) - steep * (t - h)))
            by_items, by_tangent = q * part, q * (1 - part)
            for i, amount_there, alone in self.some[u]:
                if not self.first[i]:
                    g[i] += by_items * alone + by_tangent * (amount_there * steep).min(alone)
        return c, g


class KCenter(Objective):
    """Minus the largest distance; it has no planes: the rules alone prove it."""

    def worth(self, there: Sequence[int]) -> arb:
        d, reach = self.arrays["distances"][list(there)], self.arrays["reach"]
        return arb(-float(np.max(np.minimum(reach, d.min(axis=0, initial=math.inf)))))

    def scale(self, there: Sequence[int]) -> arb:
        return ZERO

    def read_points(self, given: object) -> list[tuple[list[int], Floats]]:
        need(listed(given, "points") == [], "k_center has no points.")
        return []


class Sum(Objective):
    """A weighted sum of objectives: planes add up."""

    def __init__(self, shares: Floats, terms: list[Objective]) -> None:
        super().__init__({}, terms[0].rules, terms[0].root)
        self.shares, self.terms = balls(shares), terms

    def worth(self, there: Sequence[int]) -> arb:
        parts = zip(self.shares, self.terms, strict=True)
        return sum((share * term.worth(there) for share, term in parts), ZERO)

    def scale(self, there: Sequence[int]) -> arb:
        parts = zip(self.shares, self.terms, strict=True)
        return sum((share * term.scale(there) for share, term in parts), ZERO)

    def plane(self, job: Job) -> Plane:
        c, g = ZERO, [ZERO] * self.n
        for share, term in zip(self.shares, self.terms, strict=True):
            constant, slopes = term.plane(job)
            c += share * constant
            g = [a + share * b for a, b in zip(g, slopes, strict=True)]
        return c, g
