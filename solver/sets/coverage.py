"""Coverage, concave over modular: each further bit of the same content is worth less.

The worth of an amount t saturates as ``phi(t) = t / (1 + t)``: half of all there is to have is had
at t = 1.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from solver.model.kernel import kernel
from solver.model.problem import Floats, Mask, check_sum
from solver.sets.base import ConcaveProblem, matrix, per_point

if TYPE_CHECKING:
    from solver.model.constraints import Constraints


def _saturated(t: Floats) -> Floats:
    return np.asarray(t / (1.0 + t))


class Contents(NamedTuple):
    """What items have, without zeros: item i has ``amounts[k]`` of content ``points[k]``.

    Here ``starts[i] <= k < starts[i + 1]``. `alone` is ``phi(held + amount) - phi(held)``: what
    nothing else has of the content makes of the amount. `weights` and `held` are those of all m.
    """

    starts: npt.NDArray[np.int64]
    points: npt.NDArray[np.int64]
    amounts: Floats
    alone: Floats
    weights: Floats
    held: Floats


_RAMP: Final = 0.2
"""How much less a content must come to item by item than by the tangent to count item by item.

Between, both ways have a part. So a plane changes little with x, and where both come to the same,
as at a selection in which one item has all of a content, rounding does not choose.
"""


@kernel
def _plane(contents: Contents, x: Floats) -> tuple[float, Floats]:
    """Return a plane that touches at x, or is below the tangent there.

    A content is counted by the tangent of phi to what x has of it, or, where that is less at x, as
    if each item were the only one that has it.
    """
    held, n = contents.held, len(x)
    there, alone = held.copy(), np.zeros(len(held))
    for i in range(n):
        for k in range(contents.starts[i], contents.starts[i + 1]):
            there[contents.points[k]] += x[i] * contents.amounts[k]
            alone[contents.points[k]] += x[i] * contents.alone[k]
    constant, slopes = 0.0, np.zeros(n)
    tangent, apart = np.zeros(len(held)), np.zeros(len(held))
    for u in range(len(held)):
        less, more = 1.0 + held[u], 1.0 + there[u]
        added = (there[u] - held[u]) / (less * more)
        if alone[u] < added:
            apart[u] = min(1.0, (1.0 - alone[u] / added) / _RAMP)
        tangent[u] = 1.0 / more**2
        touching = (there[u] / more) ** 2 + held[u] * tangent[u]
        mixed = apart[u] * held[u] / less + (1.0 - apart[u]) * touching
        constant += contents.weights[u] * mixed
    for i in range(n):
        for k in range(contents.starts[i], contents.starts[i + 1]):
            u = contents.points[k]
            least = min(contents.amounts[k] * tangent[u], contents.alone[k])
            mixed = apart[u] * contents.alone[k] + (1.0 - apart[u]) * least
            slopes[i] += contents.weights[u] * mixed
    return constant, slopes


@dataclass(frozen=True, eq=False, kw_only=True)
class CoverageProblem(ConcaveProblem):
    """Maximise ``sum_u q_u phi(held_u + sum over i in S of a_iu)``.

    Parameters
    ----------
    amounts
        ``a``, shape (n, m), at least 0: how much of content u (say, a visual word) item i has.
    weights
        ``q``, shape (m,), at least 0. Ones by default.
    held
        Shape (m,), at least 0: what is there without any item. Zeros by default.
    costs, budget, ids, constraints
        As in `solver.model.problem.SignatureProblem`.

    Raises
    ------
    InvalidProblemError
        When an array breaks one of these rules.

    References
    ----------
    Lin, Bilmes: A class of submodular functions for document summarization (2011).
    """

    amounts: Floats
    weights: Floats = field(default_factory=lambda: np.zeros(0))
    held: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.check_shared()
        object.__setattr__(self, "amounts", matrix("amounts", self.amounts, self.n))
        m = self.amounts.shape[1]
        for name, default in (("weights", 1.0), ("held", 0.0)):
            object.__setattr__(self, name, per_point(name, getattr(self, name), m, default))
        total = self.amounts.sum(axis=0) + self.held
        check_sum("amounts", total)
        check_sum("weights", self.weights)
        check_sum("amounts times weights", total * self.weights)

    def _there(self, chosen: Mask) -> Floats:
        return np.asarray(self.held + self.amounts[chosen].sum(axis=0))

    def value(self, chosen: Mask) -> float:
        return float(self.weights @ _saturated(self._there(chosen)))

    def more(self, items: npt.NDArray[np.int64], there: Floats) -> Floats:
        """Return what each of some items adds to given amounts, shape (k,)."""
        before = _saturated(there)
        after = _saturated(there + self.amounts[items])
        return np.asarray(np.maximum(after - before, 0.0) @ self.weights)

    def additions(self, chosen: Mask) -> Floats:
        worth, items = np.zeros(self.n), np.flatnonzero(~chosen)
        worth[items] = self.more(items, self._there(chosen))
        return worth

    def growing(self, chosen: Mask) -> "CoverageGrowth":
        return CoverageGrowth(self, self._there(chosen))

    def part(
        self,
        items: npt.NDArray[np.intp],
        fixed: Mask,
        budget: float,
        ids: tuple[str, ...],
        constraints: "Constraints",
    ) -> "CoverageProblem":
        return CoverageProblem(
            amounts=self.amounts[items],
            weights=self.weights,
            held=self._there(fixed),
            costs=self.costs[items],
            budget=budget,
            ids=ids,
            constraints=constraints,
        )

    @cached_property
    def contents(self) -> Contents:
        """What items have, without zeros."""
        items, points = np.nonzero(self.amounts)
        amounts, before = self.amounts[items, points], 1.0 + self.held[points]
        return Contents(
            starts=np.searchsorted(items, np.arange(self.n + 1)).astype(np.int64),
            points=points.astype(np.int64),
            amounts=amounts,
            alone=amounts / before / (before + amounts),
            weights=self.weights,
            held=self.held,
        )

    def plane(self, x: Floats) -> tuple[float, Floats]:
        """Return a plane, see :meth:`solver.sets.base.ConcaveProblem.plane`.

        What an item adds only falls as more is there, so a content is worth no more than the sum
        of what each item would add alone. That is far less than the tangent where few items have
        much of it: x may take a little of each, and a selection cannot.
        """
        return _plane(self.contents, x)

    @property
    def margin(self) -> float:
        return 16 * self.resolution

    @property
    def resolution(self) -> float:
        terms = 8 + self.n + len(self.weights)
        everything = self.value(np.ones(self.n, dtype=bool))
        return terms * float(np.finfo(float).eps) * everything


class CoverageGrowth:
    """How much of each content is there while greedy adds items."""

    def __init__(self, problem: CoverageProblem, there: Floats) -> None:
        self._problem, self._there = problem, there

    def marginal_gains(self, items: npt.NDArray[np.int64]) -> Floats:
        return self._problem.more(items, self._there)

    def add(self, item: int) -> None:
        self._there = self._there + self._problem.amounts[item]
