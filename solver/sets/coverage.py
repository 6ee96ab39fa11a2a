"""Coverage, concave over modular: each further bit of the same content is worth less."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from solver.model.errors import InvalidProblemError
from solver.model.problem import Floats, Mask, check_sum
from solver.sets.concave import ConcaveProblem
from solver.sets.matrices import matrix, per_point

if TYPE_CHECKING:
    from solver.model.constraints import Constraints

# Planes touch at no less than this share of all there is: the root is infinitely steep at 0.
_LEAST = 1e-7
# The slope of a capped content fades out over this share of its cap, so that steps settle.
_FADE = 0.05


class Saturation(StrEnum):
    """How the worth of a content grows with its amount t."""

    SQRT = "sqrt"
    """``sqrt(t)``."""
    LOG = "log"
    """``log(1 + t)``."""
    RATIO = "ratio"
    """``t / (1 + t)``: half of all there is to have at t = 1."""
    CAPPED = "capped"
    """``min(t, cap)``."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CoverageProblem(ConcaveProblem):
    """Maximise ``sum_u q_u phi(held_u + sum over i in S of a_iu)``.

    Parameters
    ----------
    amounts
        ``a``, shape (n, m), at least 0: how much of content u (say, a visual word) item i has.
    weights
        ``q``, shape (m,), at least 0. Ones by default.
    saturation
        ``phi``: see `Saturation`.
    caps
        Shape (m,), at least 0, for ``capped`` only. Ones by default.
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
    saturation: str = "sqrt"
    caps: Floats = field(default_factory=lambda: np.zeros(0))
    held: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.check_shared()
        object.__setattr__(self, "amounts", matrix("amounts", self.amounts, self.n))
        m = self.amounts.shape[1]
        for name, default in (("weights", 1.0), ("caps", 1.0), ("held", 0.0)):
            object.__setattr__(self, name, per_point(name, getattr(self, name), m, default))
        names = tuple(Saturation)
        if self.saturation not in names:
            message = f"There is no saturation {self.saturation!r}; there are {', '.join(names)}."
            raise InvalidProblemError(message)
        total = self.amounts.sum(axis=0) + self.held
        check_sum("amounts", total)
        check_sum("weights", self.weights)
        check_sum("amounts times weights", total * self.weights)

    def _phi(self, t: Floats) -> Floats:
        match self.saturation:
            case Saturation.SQRT:
                return np.asarray(np.sqrt(t))
            case Saturation.LOG:
                return np.asarray(np.log1p(t))
            case Saturation.RATIO:
                return np.asarray(t / (1.0 + t))
            case _:
                return np.asarray(np.minimum(t, self.caps))

    def _slope(self, t: Floats) -> Floats:
        match self.saturation:
            case Saturation.SQRT:
                return np.asarray(0.5 / np.sqrt(t))
            case Saturation.LOG:
                return np.asarray(1.0 / (1.0 + t))
            case Saturation.RATIO:
                return np.asarray(1.0 / (1.0 + t) ** 2)
            case _:
                width = np.maximum(_FADE * self.caps, np.finfo(float).tiny)
                return np.asarray(np.clip(0.5 - (t - self.caps) / width, 0.0, 1.0))

    def _there(self, chosen: Mask) -> Floats:
        return np.asarray(self.held + self.amounts[chosen].sum(axis=0))

    def value(self, chosen: Mask) -> float:
        return float(self.weights @ self._phi(self._there(chosen)))

    def more(self, items: npt.NDArray[np.int64], there: Floats) -> Floats:
        """Return what each of some items adds to given amounts, shape (k,)."""
        before = self._phi(there)
        after = self._phi(there + self.amounts[items])
        return np.asarray(np.maximum(after - before, 0.0) @ self.weights)

    def additions(self, chosen: Mask) -> Floats:
        worth, items = np.zeros(self.n), np.flatnonzero(~chosen)
        worth[items] = self.more(items, self._there(chosen))
        return worth

    def growing(self, chosen: Mask) -> "_Growing":
        return _Growing(self, self._there(chosen))

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
            saturation=self.saturation,
            caps=self.caps,
            held=self._there(fixed),
            costs=self.costs[items],
            budget=budget,
            ids=ids,
            constraints=constraints,
        )

    def plane(self, x: Floats) -> tuple[float, Floats]:
        total = self.held + self.amounts.sum(axis=0)
        t = np.maximum(self.held + x @ self.amounts, _LEAST * total)
        t = np.where(t > 0.0, t, 1.0)  # a content that nothing has: any plane will do
        slope = self._slope(t)
        if self.saturation == Saturation.CAPPED:
            # min(t, cap) <= (1 - s) cap + s t for any s in [0, 1], here one that fades out.
            constant = (1.0 - slope) * self.caps + slope * self.held
        else:
            constant = self._phi(t) - slope * (t - self.held)
        return float(self.weights @ constant), np.asarray(self.amounts @ (self.weights * slope))

    def pace(self, step: int) -> float:
        return 2.0 / (step + 2.0) if self.saturation == Saturation.CAPPED else 1.0

    @property
    def margin(self) -> float:
        return 16 * self.resolution

    @property
    def resolution(self) -> float:
        terms = 8 + self.n + len(self.weights)
        everything = self.value(np.ones(self.n, dtype=bool))
        return terms * float(np.finfo(float).eps) * everything


class _Growing:
    def __init__(self, problem: CoverageProblem, there: Floats) -> None:
        self._problem, self._there = problem, there

    def marginal_gains(self, items: npt.NDArray[np.int64]) -> Floats:
        return self._problem.more(items, self._there)

    def add(self, item: int) -> None:
        self._there = self._there + self._problem.amounts[item]
