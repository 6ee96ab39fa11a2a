"""What selections are worth, and planes above it, in balls of 128 bits.

A plane is a constant and one slope an item: ``worth <= c + sum over S of g_i``. Each objective is a
class that reads its rows, gives worths and scales, and makes the planes of many nodes at once.
"""

import base64
import binascii
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from flint import arb, arb_mat, ctx

from second_checker.definite import at_least
from second_checker.fields import fields, items, listed, number, text, whole
from second_checker.problem import Floats
from second_checker.refusing import need, refuse
from second_checker.rules import TAKEN, UNDECIDED, Rule, State

ctx.prec = 128
ZERO = arb(0)
Plane = tuple[arb, list[arb]]


@dataclass(frozen=True)
class Job:
    """A bound to be computed: where, from which row, and with what.

    Parameters
    ----------
    state
        The node.
    owners, row
        The items of the row's block, and its numbers.
    scale
        What the row is multiplied by.
    shift
        Its number, or None.
    """

    state: State
    owners: list[int]
    row: Floats
    scale: float = 1.0
    shift: int | None = None

    def completed(self) -> list[float]:
        """Return z for all items: the scaled row, 1 for what is taken, 0 for what is refused."""
        z = [1.0 if place == TAKEN else 0.0 for place in self.state.place]
        rows = dict(zip(self.owners, self.row.tolist(), strict=True))
        for item in self.state.undecided:
            z[item] = rows.get(item, 0.0) * self.scale
        need(all(map(math.isfinite, z)), "A scaled row is not finite.")
        return z


def balls(values: Floats) -> list[arb]:
    """Return the numbers of a list as balls, exactly."""
    return [arb(value) for value in values.tolist()]


def read_rows(
    given: object, where: int, length: Callable[[int], int] = lambda k: k
) -> list[tuple[list[int], Floats]]:
    """Return all rows of all blocks, each with the items of its block.

    Parameters
    ----------
    given
        The field `points`.
    where
        How many "items" there are that a block can name.
    length
        How many numbers a row has for so many items.
    """
    rows: list[tuple[list[int], Floats]] = []
    for block in listed(given, "points"):
        fields(block, "a block", {"items", "rows", "dtype", "values"})
        owners = items(block["items"], "a block's items", where)
        need(block["dtype"] in ("<f4", "<f8"), "A block's dtype is unknown.")
        try:
            raw = base64.b64decode(text(block["values"], "values"), validate=True)
        except (binascii.Error, ValueError) as error:
            refuse(f"values is no base64: {error}")
        shape = (whole(block["rows"], "rows", 0), length(len(owners)))
        size = int(block["dtype"][2])
        need(len(raw) == shape[0] * shape[1] * size, "A block has too few or too many numbers.")
        values = np.frombuffer(raw, dtype=block["dtype"]).astype(np.float64).reshape(shape)
        need(bool(np.isfinite(values).all()), "A point has a number that is not finite.")
        rows += [(owners, row) for row in values]
    return rows


@dataclass
class Objective:
    """What the classes below have in common.

    Parameters
    ----------
    arrays
        The problem's arrays by their own names.
    rules, root
        The rules, and what is taken and refused at the root.
    """

    arrays: dict[str, Floats]
    rules: list[Rule]
    root: State
    whole: bool = field(default=False, init=False)
    scalable: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        """Prepare what planes and worths are made of."""

    @property
    def n(self) -> int:
        """How many items there are."""
        return len(self.root.place)

    def worth(self, there: Sequence[int]) -> arb:
        """Return what a selection is worth, with what is labelled."""
        raise NotImplementedError

    def scale(self, there: Sequence[int]) -> arb:
        """Return the scale of the objective at a selection."""
        raise NotImplementedError

    def read_points(self, given: object) -> list[tuple[list[int], Floats]]:
        """Return the rows of the certificate."""
        return read_rows(given, self.n)

    def planes(self, jobs: list[Job]) -> list[Plane]:
        """Return the planes of many nodes."""
        return [self.plane(job) for job in jobs]

    def plane(self, job: Job) -> Plane:
        """Return the plane of one node."""
        raise NotImplementedError


def _square(values: list[arb]) -> arb:
    return sum((value * value for value in values), ZERO)


class Signatures(Objective):
    """Mean pairwise distance by a scene's mean vector: ``p . x + (t^2 - |v|^2 - d . x) / 2``."""

    def __post_init__(self) -> None:
        self.w, self.p = balls(self.arrays["weights"]), balls(self.arrays["profits"])
        self.rows = [
            [w * x for x in balls(m)] for w, m in zip(self.w, self.arrays["vectors"], strict=True)
        ]
        dimensions = self.arrays["vectors"].shape[1]
        self.v = arb_mat(self.n, dimensions, [x for row in self.rows for x in row])
        self.vt = self.v.transpose()
        wide = 2 * dimensions > self.n
        self.gram = self.v * self.vt if wide and self.n <= 4000 else None
        self.d = [w * w - _square(row) for w, row in zip(self.w, self.rows, strict=True)]
        self.shifts: list[tuple[set[int], arb]] = []

    def worth(self, there: Sequence[int]) -> arb:
        t = sum((self.w[i] for i in there), ZERO)
        v = [sum((self.rows[i][k] for i in there), ZERO) for k in range(self.v.ncols())]
        d = sum((self.d[i] for i in there), ZERO)
        return sum((self.p[i] for i in there), ZERO) + (t * t - _square(v) - d) / 2

    def scale(self, there: Sequence[int]) -> arb:
        t = sum((self.w[i] for i in there), ZERO)
        return t * t / 2 + sum((abs(self.p[i]) for i in there), ZERO)

    def read_shifts(self, given: object) -> None:
        """Read the shifts, each with its proof that no eigenvalue is below it."""
        for shift in listed(given, "shifts"):
            fields(shift, "a shift", {"items", "value"})
            chosen = items(shift["items"], "a shift's items", self.n)
            s = number(shift["value"], "a shift's value")
            need(s > 0, "A shift's value must be above 0.")
            rows = arb_mat([self.rows[i] for i in chosen]) if chosen else arb_mat(0, 0)
            need(at_least(rows * rows.transpose(), s), "A shift has an eigenvalue below its value.")
            self.shifts.append((set(chosen), arb(s)))

    def planes(self, jobs: list[Job]) -> list[Plane]:
        z = np.array([job.completed() for job in jobs]).T
        points = arb_mat(self.n, len(jobs), [arb(x) for x in z.ravel().tolist()])
        heights = self.gram * points if self.gram is not None else self.v * (self.vt * points)
        columns = [list(column) for column in heights.transpose().tolist()]
        return [self._plane(job, z[:, k].tolist(), columns[k]) for k, job in enumerate(jobs)]

    def _plane(self, job: Job, z: list[float], heights: list[arb]) -> Plane:
        """Return the plane of a point z whose ``w_i m_i . u`` are given."""
        state = job.state
        low, high = arb(state.low), arb(state.high)
        c, slope = -low * high, low + high
        g = [ZERO] * self.n
        for i, height in enumerate(heights):
            if z[i]:
                c += height * z[i]
            if state.place[i] in (UNDECIDED, TAKEN):  # of others no slope is asked for
                g[i] = self.p[i] + (slope * self.w[i] - 2 * height - self.d[i]) / 2
        c /= 2
        if job.shift is not None:
            need(0 <= job.shift < len(self.shifts), "A shift is not there.")
            inside, s = self.shifts[job.shift]
            need(inside >= set(state.undecided), "A node has undecided items beyond its shift.")
            for i in state.undecided:
                x = arb(z[i])
                c -= s * x * x / 2
                g[i] -= s * (1 - 2 * x) / 2
        return c, g


class Pairs(Objective):
    """Quadratic knapsack: utilities of pairs, each shared between its two items."""

    def __post_init__(self) -> None:
        self.scalable = False
        q, p = self.arrays["utilities"], self.arrays["profits"]
        integral = bool((q == np.floor(q)).all() and (p == np.floor(p)).all())
        total = sum(map(abs, map(int, p.tolist())), 0) if integral else 0
        if integral:
            total += sum(map(abs, map(int, q[np.triu_indices(self.n, 1)].tolist())), 0)
        self.whole = integral and total < 2**53
        self.budget = next(k for k, rule in enumerate(self.rules) if rule.name == "budget")

    def _pairs(self, there: Sequence[int]) -> list[float]:
        p, q = self.arrays["profits"], self.arrays["utilities"]
        pairs = [float(q[i, j]) for a, i in enumerate(there) for j in there[a + 1 :]]
        return [*(float(p[i]) for i in there), *pairs]

    def worth(self, there: Sequence[int]) -> arb:
        return sum((arb(x) for x in self._pairs(there)), ZERO)

    def scale(self, there: Sequence[int]) -> arb:
        return sum((abs(arb(x)) for x in self._pairs(there)), ZERO)

    def read_points(self, given: object) -> list[tuple[list[int], Floats]]:
        return read_rows(given, self.n, lambda k: k * (k - 1) // 2)

    def plane(self, job: Job) -> Plane:
        state, taken = job.state, job.state.taken
        q, p = self.arrays["utilities"], self.arrays["profits"]
        m = np.zeros((self.n, self.n))
        place = np.array(job.owners, dtype=np.int64)
        above, beside = np.triu_indices(len(place), 1)
        m[place[above], place[beside]] = job.row
        m[place[beside], place[above]] = -job.row
        c = sum((arb(float(q[i, j])) for a, i in enumerate(taken) for j in taken[a + 1 :]), ZERO)
        g = balls(p)
        for i in state.undecided:
            g[i] += sum((arb(float(q[i, j])) for j in taken), self._partners(state, i, m))
        return c, g

    def _partners(self, state: State, i: int, m: Floats) -> arb:
        """Return a bound on what the undecided add to item i, of what is left beside it."""
        rule = self.rules[self.budget]
        assert rule.most is not None
        spent = state.sums[self.budget] + rule.row[i]
        others = [j for j in state.undecided if j != i and rule.row[j] <= rule.most - spent]
        q = self.arrays["utilities"]
        values = [(arb(float(q[i, j])) + arb(float(m[i, j]))) / 2 for j in others]
        costs = [rule.entry(j) for j in others]
        left = rule.limit(1) - arb(spent) / rule.unit
        return knapsack(values, costs, left)


def knapsack(values: list[arb], costs: list[arb], left: arb) -> arb:
    """Return an upper bound on the worth that a budget buys: Dantzig's, by its dual.

    For any b >= 0 it is ``b left + sum of max(0, value - b cost)``; the best b is a ratio.
    """
    v = np.array([float(value) for value in values])
    a = np.array([float(cost) for cost in costs])
    b = 0.0
    paid = (a > 0) & (v > 0)
    with np.errstate(over="ignore", invalid="ignore"):
        ratios = v[paid] / a[paid]
        order = np.argsort(-ratios, kind="stable")
        full = np.flatnonzero(np.cumsum(a[paid][order]) > float(left))
    if full.size:
        b = float(ratios[order[full[0]]])
    need(math.isfinite(b), "A worth per cost is not finite.")
    dual, total = arb(b), arb(b) * left
    for value, cost in zip(values, costs, strict=True):
        total += (value - dual * cost).max(ZERO)
    return total


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
            for i in range(self.n):
                if self.first[i]:
                    continue
                alone = self.alone[i, u]
                g[i] += q * (part * alone + (1 - part) * (self.a[i, u] * steep).min(alone))
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
