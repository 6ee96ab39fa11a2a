"""Coverage, concave over modular: each further bit of the same content is worth less.

The worth of an amount t saturates as ``phi(t) = t / (1 + t)``: half of all there is to have is had
at t = 1.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from solver.model.problem import Floats, Mask, check_sum
from solver.sets.base import ConcaveProblem, matrix, per_point

if TYPE_CHECKING:
    from solver.model.constraints import Constraints


def _saturated(t: Floats) -> Floats:
    return np.asarray(t / (1.0 + t))


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

    def plane(self, x: Floats) -> tuple[float, Floats]:
        t = self.held + x @ self.amounts
        slope = 1.0 / (1.0 + t) ** 2
        constant = _saturated(t) - slope * (t - self.held)
        return float(self.weights @ constant), np.asarray(self.amounts @ (self.weights * slope))

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
