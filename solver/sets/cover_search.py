"""k-center by bisection over the radius: each step asks whether a cover can be afforded.

The radius of a selection is one of the distances. For a radius r, "is there a selection that keeps
every rule and has an item within r of every point" is an integer programme (OR-Tools' CP-SAT).
No means that the radius is above r; yes comes with a selection. Costs are rounded in favour of the
selection (`solver.rules.feasibility`), so no is always true; yes is checked. Before that, radii are
ruled out by packings: points of which no item covers two need an item each.

This is no branch and bound: one range of radii is halved, nothing is kept open beside it, and a
probe is a whole programme. So it has a loop of its own, which asks the criterion as the others do.

References
----------
Minieka: The m-center problem (1970), on radius by radius.
"""

from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from solver.model.errors import BackendUnavailableError
from solver.model.problem import Floats, Mask
from solver.model.result import StopReason
from solver.model.stop import Stop
from solver.rules.book import keeps
from solver.rules.feasibility import rule_model
from solver.search.best_first import Attempt
from solver.sets.k_center import KCenterProblem

# Seconds between two looks at the criterion while CP-SAT works.
_LOOK = 0.05
# Beyond so many points, finding those that do not matter takes longer than it saves.
_COMPARED = 2_000
# A sum of costs may be off by this much, relative to the budget.
_ROUNDING = 1e-9


def needed_points(within: np.ndarray) -> np.ndarray:
    """Return the points that matter: without those that are covered whenever another is.

    Parameters
    ----------
    within
        Which item covers which point, shape (n, m).
    """
    if within.shape[1] > _COMPARED:
        return np.arange(within.shape[1])
    columns, first = np.unique(within, axis=1, return_index=True)
    sizes = columns.sum(axis=0)
    order = np.argsort(sizes, kind="stable")
    counts = columns.astype(np.float32)
    contained = counts.T @ counts == sizes  # [j, k]: what covers k covers j
    kept = np.zeros(len(sizes), dtype=bool)
    for k in order:
        kept[k] = not (contained[k] & kept).any()
    return np.asarray(np.sort(first[kept]))


def _packing_cost(within: np.ndarray, costs: Floats) -> float:
    """Return what points that no item covers two of cost at least, each by its cheapest item."""
    cheapest = np.where(within, costs[:, None], np.inf).min(axis=0, initial=np.inf)
    used, total = np.zeros(len(costs), dtype=bool), 0.0
    # Points that few items cover leave more room for others.
    for point in np.lexsort((-cheapest, within.sum(axis=0))):
        if not (within[:, point] & used).any():
            total += float(cheapest[point])
            used |= within[:, point]
    return total


class RadiusSearch:
    """Bisection over the distances of one problem."""

    def __init__(self, problem: KCenterProblem, start: Mask, stop: Stop) -> None:
        self.problem, self.stop, self.chosen = problem, stop, start
        self.objective = problem.value(start) if keeps(problem, start) else -np.inf
        # No point gets nearer than its nearest item.
        least, most = 0.0 - problem.value(np.ones(problem.n, dtype=bool)), -self.objective
        every = np.append(problem.distances, problem.reach)
        self.radii = np.unique(every[(every >= least) & (every <= most)])
        self.low = 0
        """The radius is at least `radii[low]`."""

    @property
    def bound(self) -> float:
        """The negative of the least radius that is not ruled out."""
        return 0.0 - float(self.radii[self.low]) if self.radii.size else 0.0

    def _within(self, radius: float) -> np.ndarray:
        """Return which item covers which point that is not near enough already."""
        points = np.flatnonzero(self.problem.reach > radius)
        return np.asarray(self.problem.distances[:, points] <= radius)

    def pack(self) -> None:
        """Rule out radii at which far points alone cost too much."""
        problem, high = self.problem, len(self.radii)
        limit = problem.allowance * (1.0 + _ROUNDING)
        while self.low < high - 1 and self.stop(self.objective, self.bound) is None:
            middle = (self.low + high - 1) // 2
            if _packing_cost(self._within(float(self.radii[middle])), problem.costs) > limit:
                self.low = middle + 1
            else:
                high = middle
            if high <= self.low:
                break

    def cover(self, radius: float) -> bool | None:
        """Return whether a selection of at most this radius exists; None where it is not known."""
        problem = self.problem
        within = self._within(radius)
        if not within.any(axis=0).all():
            return False
        for favour in (True, False):
            answer = self._solve(within[:, needed_points(within)], favour=favour)
            if answer is None:
                return None
            found, chosen = answer
            if not found:
                # Rounded against the selection, "none" proves nothing.
                return False if favour else None
            if keeps(problem, chosen) and problem.value(chosen) >= -radius:
                if problem.value(chosen) > self.objective:
                    self.chosen, self.objective = chosen, problem.value(chosen)
                return True
        return None

    def _solve(self, within: np.ndarray, *, favour: bool) -> tuple[bool, Mask] | None:
        try:
            from ortools.sat.python import cp_model  # noqa: PLC0415 - loading takes half a second
        except ImportError as error:
            message = "k-center needs the package ortools."
            raise BackendUnavailableError(message) from error
        model, x = rule_model(self.problem, kind=favour)
        for point in range(within.shape[1]):
            model.add_bool_or([x[i] for i in np.flatnonzero(within[:, point])])
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 2
        solver.parameters.random_seed = 0
        # The criterion is asked here, in the caller's own thread, while CP-SAT works in another.
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(solver.solve, model)
            while wait([answer], timeout=_LOOK).not_done:
                if self.stop(self.objective, self.bound) is not None:
                    solver.stop_search()
            status = answer.result()
        if status in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return True, np.array([solver.boolean_value(v) for v in x], dtype=bool)
        if status == cp_model.INFEASIBLE:
            return False, np.zeros(self.problem.n, dtype=bool)
        return None

    def run(self, probes: int | None) -> Attempt:
        """Bisect until the radius is known, or the criterion says stop."""
        reason, made = StopReason.PROVEN, 0
        while self.objective < self.bound:
            said = self.stop(self.objective, self.bound)
            if said is not None or (probes is not None and made >= probes):
                reason = said or StopReason.EXHAUSTED
                break
            high = int(np.searchsorted(self.radii, -self.objective))
            middle = (self.low + min(high, len(self.radii) - 1)) // 2
            covered = self.cover(float(self.radii[middle]))
            made += 1
            if covered is None:
                reason = self.stop(self.objective, self.bound) or StopReason.EXHAUSTED
                break
            if not covered:
                if middle + 1 >= len(self.radii):
                    break
                self.low = middle + 1
        return Attempt(self.chosen, max(self.bound, self.objective), reason, made)


def cover_search(
    problem: KCenterProblem, start: Mask, stop: Stop, nodes: int | None = None
) -> Attempt:
    """Solve k-center by bisection.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    start
        The selection to beat.
    stop
        Asked with incumbent and bound, also while CP-SAT works.
    nodes
        Radii that are asked about at most.

    Returns
    -------
    Attempt
        Its bound holds whenever the search ended.

    Raises
    ------
    BackendUnavailableError
        When OR-Tools is not installed.
    """
    search = RadiusSearch(problem, start, stop)
    search.pack()
    return search.run(nodes)
