"""A weighted sum of concave objectives: two ideas of a good selection at once."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from solver.model.errors import InvalidProblemError
from solver.model.problem import Floats, Growing, Mask, floats
from solver.sets.base import ConcaveProblem

if TYPE_CHECKING:
    from solver.model.constraints import Constraints


def _summed(parts: list[Floats]) -> Floats:
    total: Floats = np.sum(parts, axis=0)
    return total


@dataclass(frozen=True, eq=False, kw_only=True)
class SumProblem(ConcaveProblem):
    """Maximise ``sum over k of share_k f_k(S)``.

    A sum of planes bounds the sum, so nothing of a bound is lost but what its terms lose.

    Parameters
    ----------
    terms
        The f_k, at least one, all with the same items and costs as this. Their budgets and
        constraints are replaced by those of the sum: what a term says of selections holds under
        these only.
    shares
        Shape (terms,), above 0.
    costs, budget, ids, constraints
        As in `solver.model.problem.SignatureProblem`.

    Raises
    ------
    InvalidProblemError
        There is no term, a share is not above 0, or a term is about other costs.
    """

    terms: tuple[ConcaveProblem, ...]
    shares: Floats

    def __post_init__(self) -> None:
        self.check_shared()
        object.__setattr__(self, "terms", tuple(self.terms))
        object.__setattr__(self, "shares", floats("shares", self.shares, 1))
        if not self.terms or self.shares.shape != (len(self.terms),) or (self.shares <= 0).any():
            message = "A sum has at least one term, and for each a share above 0."
            raise InvalidProblemError(message)
        for term in self.terms:
            if not np.array_equal(term.costs, self.costs):
                message = "All terms of a sum are about the same costs."
                raise InvalidProblemError(message)
        object.__setattr__(self, "terms", tuple(self._adopted(term) for term in self.terms))

    def _adopted(self, term: ConcaveProblem) -> ConcaveProblem:
        if term.budget == self.budget and term.constraints is self.constraints:
            return term
        return replace(term, budget=self.budget, constraints=self.constraints)

    def value(self, chosen: Mask) -> float:
        return float(sum(s * term.value(chosen) for s, term in self._pairs()))

    def additions(self, chosen: Mask) -> Floats:
        return _summed([s * term.additions(chosen) for s, term in self._pairs()])

    def losses(self, chosen: Mask) -> Floats:
        return _summed([s * term.losses(chosen) for s, term in self._pairs()])

    def growing(self, chosen: Mask) -> "SumGrowth":
        return SumGrowth([(s, term.growing(chosen)) for s, term in self._pairs()])

    def part(
        self,
        items: npt.NDArray[np.intp],
        fixed: Mask,
        budget: float,
        ids: tuple[str, ...],
        constraints: "Constraints",
    ) -> "SumProblem":
        return SumProblem(
            terms=tuple(self._part(term, items, fixed, budget, constraints) for term in self.terms),
            shares=self.shares,
            costs=self.costs[items],
            budget=budget,
            ids=ids,
            constraints=constraints,
        )

    @staticmethod
    def _part(
        term: ConcaveProblem,
        items: npt.NDArray[np.intp],
        fixed: Mask,
        budget: float,
        constraints: "Constraints",
    ) -> ConcaveProblem:
        part = term.part(items, fixed, budget, (), constraints)
        if not isinstance(part, ConcaveProblem):
            message = f"A part of {type(term).__name__} is no concave objective."
            raise TypeError(message)
        return part

    def plane(self, x: Floats) -> tuple[float, Floats]:
        constant, slopes = 0.0, np.zeros(self.n)
        for share, term in self._pairs():
            c, g = term.plane(x)
            constant += share * c
            slopes += share * g
        return constant, slopes

    @property
    def margin(self) -> float:
        return float(sum(s * term.margin for s, term in self._pairs())) + self.resolution

    @property
    def resolution(self) -> float:
        return float(sum(s * term.resolution for s, term in self._pairs()))

    def _pairs(self) -> list[tuple[float, ConcaveProblem]]:
        return list(zip(self.shares.tolist(), self.terms, strict=True))


class SumGrowth:
    """The terms of a sum while greedy adds items."""

    def __init__(self, terms: list[tuple[float, Growing]]) -> None:
        self._terms = terms

    def marginal_gains(self, items: npt.NDArray[np.int64]) -> Floats:
        return _summed([share * term.marginal_gains(items) for share, term in self._terms])

    def add(self, item: int) -> None:
        for _, term in self._terms:
            term.add(item)
