"""What is answered: a selection, how good it is, and why the search ended."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class Status(StrEnum):
    """What the answer promises."""

    OPTIMAL = "optimal"
    """No feasible selection has an objective that is larger by more than rounding (1e-9 of it)."""
    FEASIBLE = "feasible"
    """The selection keeps every rule; how far it can be from the best is what the gap says."""
    INFEASIBLE = "infeasible"
    """No selection keeps every rule. With a budget alone this cannot happen: nothing costs 0."""


class StopReason(StrEnum):
    """Why the search ended."""

    PROVEN = "proven"
    """The bound met the objective."""
    SOLVER_TOLERANCE = "solver_tolerance"
    """A floating-point solver called its answer optimal; the bound includes its tolerances."""
    GAP_REACHED = "gap_reached"
    """The gap that was asked for is certified."""
    TIME_LIMIT = "time_limit"
    """The time allowed was used up."""
    CANCELLED = "cancelled"
    """The caller asked to stop."""
    EXHAUSTED = "exhausted"
    """The strategy has nothing more to try (a heuristic ended by itself)."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Result:
    """An answer and its quality.

    Parameters
    ----------
    status, stop_reason
        See `Status` and `StopReason`.
    selected
        Sorted indices of the chosen items, int64, shape (k,).
    objective
        Value of the selection: the sum of utilities over chosen pairs, and profits.
    upper_bound
        No feasible selection is worth more than this.
    total_cost, budget
        In the unit of the costs.
    seconds
        Wall-clock time of the whole search.
    strategy
        What was asked for.
    used
        What produced the selection: equal to `strategy` unless that is ``auto`` or fell back.
    notes
        Sentences for people, for example why a strategy fell back.
    """

    status: Status
    stop_reason: StopReason
    selected: npt.NDArray[np.int64]
    objective: float
    upper_bound: float
    total_cost: float
    budget: float
    seconds: float
    strategy: str
    used: str
    notes: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """How much better than `objective` anything could be, relative to it; at least 0."""
        return relative_gap(self.objective, self.upper_bound)


def relative_gap(objective: float, upper_bound: float) -> float:
    """Return ``(upper_bound - objective) / |objective|``, at least 0.

    Infinite where the objective is 0 and the bound is not.
    """
    slack = max(0.0, upper_bound - objective)
    if slack == 0.0:
        return 0.0
    return slack / abs(objective) if objective else math.inf
