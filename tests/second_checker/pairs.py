"""Objectives of pairs of items, in balls of 128 bits: signatures, and the quadratic knapsack."""

from collections.abc import Sequence

import numpy as np
from flint import arb, arb_mat

from second_checker.definite import at_least
from second_checker.fields import fields, items, listed, number
from second_checker.planes import ZERO, Job, Objective, Plane, balls, knapsack, read_rows
from second_checker.problem import Floats
from second_checker.refusing import need
from second_checker.rules import TAKEN, UNDECIDED, State


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
