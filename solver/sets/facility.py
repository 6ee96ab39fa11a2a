"""Facility location: every point is served by the most similar item that is there."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from solver.model.problem import Floats, Mask, SetProblem, check_sum
from solver.sets.base import matrix, per_point
from solver.sets.cover import serve, two_best

if TYPE_CHECKING:
    from solver.model.constraints import Constraints


@dataclass(frozen=True, eq=False, kw_only=True)
class FacilityProblem(SetProblem):
    """Maximise ``sum_j demand_j max(served_j, max over i in S of s_ij)``.

    Parameters
    ----------
    similarities
        ``s``, shape (n, m), at least 0: how well item i stands for point j.
    demands
        Shape (m,), at least 0: how much point j counts. Ones by default.
    served
        Shape (m,), at least 0: how well point j is served without any item. Zeros by default.
    costs, budget, ids, constraints
        As in `solver.model.problem.SignatureProblem`. What is labelled serves as what is chosen
        does.

    Raises
    ------
    InvalidProblemError
        When an array breaks one of these rules, or the matrix has more than 25 million entries.

    References
    ----------
    Cornuejols, Fisher, Nemhauser: Location of bank accounts to optimize float (1977).
    """

    similarities: Floats
    demands: Floats = field(default_factory=lambda: np.zeros(0))
    served: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.check_shared()
        object.__setattr__(self, "similarities", matrix("similarities", self.similarities, self.n))
        m = self.similarities.shape[1]
        object.__setattr__(self, "demands", per_point("demands", self.demands, m, 1.0))
        object.__setattr__(self, "served", per_point("served", self.served, m, 0.0))
        best = np.maximum(self.similarities.max(axis=0, initial=0.0), self.served)
        check_sum("similarities", best)
        check_sum("demands", self.demands)
        check_sum("similarities times demands", best * self.demands)

    def _service(self, chosen: Mask) -> Floats:
        rows = self.similarities[chosen]
        return np.asarray(np.maximum(self.served, rows.max(axis=0, initial=0.0)))

    def value(self, chosen: Mask) -> float:
        return float(self.demands @ self._service(chosen))

    def additions(self, chosen: Mask) -> Floats:
        items = np.flatnonzero(~chosen)
        worth = np.zeros(self.n)
        worth[items] = serve(self.similarities, items, self.demands, self._service(chosen))
        return worth

    def losses(self, chosen: Mask) -> Floats:
        lost = np.zeros(self.n)
        items = np.flatnonzero(chosen)
        best, who, second = two_best(self.similarities, items, self.served)
        mine = who >= 0
        np.add.at(lost, who[mine], (self.demands * (best - second))[mine])
        return lost

    def growing(self, chosen: Mask) -> "FacilityGrowth":
        return FacilityGrowth(self, self._service(chosen))

    def part(
        self,
        items: npt.NDArray[np.intp],
        fixed: Mask,
        budget: float,
        ids: tuple[str, ...],
        constraints: "Constraints",
    ) -> "FacilityProblem":
        return FacilityProblem(
            similarities=self.similarities[items],
            demands=self.demands,
            served=self._service(fixed),
            costs=self.costs[items],
            budget=budget,
            ids=ids,
            constraints=constraints,
        )

    @property
    def resolution(self) -> float:
        everything = self.value(np.ones(self.n, dtype=bool))
        return 8 * float(np.finfo(float).eps) * everything


class FacilityGrowth:
    """How well points are served while greedy adds items."""

    def __init__(self, problem: FacilityProblem, service: Floats) -> None:
        self._problem, self._service = problem, service

    def marginal_gains(self, items: npt.NDArray[np.int64]) -> Floats:
        problem = self._problem
        return serve(problem.similarities, items, problem.demands, self._service)

    def add(self, item: int) -> None:
        self._service = np.maximum(self._service, self._problem.similarities[item])
