"""k-center under a budget: no point is far from the nearest item that is there."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from solver.model.problem import Floats, Mask, SetProblem
from solver.sets.base import matrix, per_point
from solver.sets.cover import radii

if TYPE_CHECKING:
    from solver.model.constraints import Constraints

# Distances that differ by less, relatively, differ by rounding.
_ALIKE = 1e-12


@dataclass(frozen=True, eq=False, kw_only=True)
class KCenterProblem(SetProblem):
    """Minimise the radius ``max_j min(reach_j, min over i in S of d_ij)``.

    Objective and bound are the negative radius, so that larger is better, as everywhere.

    Parameters
    ----------
    distances
        ``d``, shape (n, m), at least 0: how far point j is from item i.
    reach
        Shape (m,), at least 0: how far point j is from what is there without any item. The largest
        distance of all by default: then nothing chosen is as good as the worst choice.
    costs, budget, ids, constraints
        As in `solver.model.problem.SignatureProblem`. What is labelled is a center.

    Raises
    ------
    InvalidProblemError
        When an array breaks one of these rules, or the matrix has more than 25 million entries.

    References
    ----------
    Hochbaum, Shmoys: A best possible heuristic for the k-center problem (1985).
    Sener, Savarese: Active learning for convolutional neural networks: a core-set approach (2018).
    """

    distances: Floats
    reach: Floats = field(default_factory=lambda: np.zeros(0))

    submodular: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.check_shared()
        object.__setattr__(self, "distances", matrix("distances", self.distances, self.n))
        m = self.distances.shape[1]
        farthest = float(self.distances.max(initial=0.0))
        object.__setattr__(self, "reach", per_point("reach", self.reach, m, farthest))

    def nearest(self, chosen: Mask) -> Floats:
        """Return how far each point is from what is there, shape (m,)."""
        rows = self.distances[chosen]
        return np.asarray(np.minimum(self.reach, rows.min(axis=0, initial=np.inf)))

    def value(self, chosen: Mask) -> float:
        return 0.0 - float(self.nearest(chosen).max(initial=0.0))

    def additions(self, chosen: Mask) -> Floats:
        worth, items = np.zeros(self.n), np.flatnonzero(~chosen)
        near = self.nearest(chosen)
        worth[items] = near.max(initial=0.0) - radii(self.distances, items, near)
        return worth

    def growing(self, chosen: Mask) -> "CenterGrowth":
        return CenterGrowth(self, self.nearest(chosen))

    def part(
        self,
        items: npt.NDArray[np.intp],
        fixed: Mask,
        budget: float,
        ids: tuple[str, ...],
        constraints: "Constraints",
    ) -> "KCenterProblem":
        return KCenterProblem(
            distances=self.distances[items],
            reach=self.nearest(fixed),
            costs=self.costs[items],
            budget=budget,
            ids=ids,
            constraints=constraints,
        )

    @property
    def resolution(self) -> float:
        return 0.0


class CenterGrowth:
    """Farthest first: an item promises what it takes off the farthest point's distance.

    Where several points are the farthest, as all are at first, it promises the mean over them: the
    choice does not depend on the order of points.
    """

    def __init__(self, problem: KCenterProblem, near: Floats) -> None:
        self._problem, self._near = problem, near

    def marginal_gains(self, items: npt.NDArray[np.int64]) -> Floats:
        if not self._near.size:
            return np.zeros(len(items))
        farthest = self._near.max()
        points = np.flatnonzero(self._near >= farthest * (1.0 - _ALIKE))
        nearer = self._problem.distances[np.ix_(items, points)]
        np.subtract(farthest, nearer, out=nearer)  # at first this is as large as the matrix
        return np.asarray(np.maximum(nearer, 0.0, out=nearer).mean(axis=1))

    def add(self, item: int) -> None:
        self._near = np.minimum(self._near, self._problem.distances[item])
