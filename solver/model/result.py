"""What is answered: a selection, how good it is, and why the search ended."""

from __future__ import annotations  # options and their help are read without numpy

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Status(StrEnum):
    """What the answer promises."""

    OPTIMAL = "optimal"
    """No feasible selection has an objective that is larger by more than rounding (1e-9 of it)."""
    FEASIBLE = "feasible"
    """The selection keeps every rule; how far it can be from the best is what the gap says."""
    INFEASIBLE = "infeasible"
    """No selection keeps every rule, and the explanation says which ones conflict. With a budget
    alone this cannot happen: nothing costs 0."""


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
class Explanation:
    """Why there is no selection.

    Parameters
    ----------
    sentence
        For people: the rules that conflict, with their numbers and ids.
    rules
        Their names: ``budget``, ``include``, ``exclude``, ``labelled``, ``min_items``,
        ``max_items``, ``group NAME minimum``, ``group NAME maximum``, ``resource NAME``.
    items
        Sorted indices of the items that these rules name, int64, shape (k,).
    minimal
        Whether, without any one of the rules, there is proven to be a selection.
    """

    sentence: str
    rules: tuple[str, ...]
    items: npt.NDArray[np.int64]
    minimal: bool = True


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
    explanation
        Where the status is infeasible: which rules conflict. Then nothing is selected, and
        objective and bound are ``-inf``.
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
    explanation: Explanation | None = None

    @property
    def gap(self) -> float:
        """How much better than `objective` anything could be, relative to it; at least 0."""
        return relative_gap(self.objective, self.upper_bound)


def relative_gap(objective: float, upper_bound: float) -> float:
    """Return ``(upper_bound - objective) / |objective|``, at least 0.

    Infinite where the objective is 0 and the bound is not.
    """
    if upper_bound <= objective:  # also where both are -inf: there is no selection
        return 0.0
    slack = upper_bound - objective
    return slack / abs(objective) if objective else math.inf
