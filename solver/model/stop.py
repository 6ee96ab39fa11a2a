"""When to stop: a criterion looks at the incumbent and the bound and may name a reason."""

import math
import time
from collections.abc import Callable
from typing import Protocol

from solver.model.errors import InvalidOptionError
from solver.model.result import StopReason, relative_gap


class Stop(Protocol):
    """A stopping criterion."""

    def __call__(self, objective: float, upper_bound: float) -> StopReason | None:
        """Return why to stop now, or None to go on."""
        ...


class TimeLimit:
    """Stop once `seconds` have passed since construction."""

    def __init__(self, seconds: float) -> None:
        if math.isnan(seconds) or seconds < 0:
            message = f"A time limit is at least 0 seconds, not {seconds}."
            raise InvalidOptionError(message)
        self._deadline = time.perf_counter() + seconds

    def __call__(self, objective: float, upper_bound: float) -> StopReason | None:
        """Return `StopReason.TIME_LIMIT` after the deadline."""
        del objective, upper_bound
        return StopReason.TIME_LIMIT if self.remaining() <= 0 else None

    def remaining(self) -> float:
        """Return the seconds left, at least 0."""
        return max(0.0, self._deadline - time.perf_counter())


class GapReached:
    """Stop once the certified relative gap is at most `gap`."""

    def __init__(self, gap: float) -> None:
        if math.isnan(gap) or gap < 0:
            message = f"A gap is at least 0, not {gap}."
            raise InvalidOptionError(message)
        self._gap = gap

    def __call__(self, objective: float, upper_bound: float) -> StopReason | None:
        """Return `StopReason.PROVEN` at gap 0, `StopReason.GAP_REACHED` at the gap asked for."""
        gap = relative_gap(objective, upper_bound)
        if gap == 0:
            return StopReason.PROVEN
        return StopReason.GAP_REACHED if gap <= self._gap else None


class Cancelled:
    """Stop once `flag` returns True."""

    def __init__(self, flag: Callable[[], bool]) -> None:
        self._flag = flag

    def __call__(self, objective: float, upper_bound: float) -> StopReason | None:
        """Return `StopReason.CANCELLED` when the flag is up."""
        del objective, upper_bound
        return StopReason.CANCELLED if self._flag() else None


class FirstOf:
    """Stop by the first of several criteria that names a reason."""

    def __init__(self, *criteria: Stop) -> None:
        self._criteria = criteria

    def __call__(self, objective: float, upper_bound: float) -> StopReason | None:
        """Return the first reason, or None."""
        for criterion in self._criteria:
            reason = criterion(objective, upper_bound)
            if reason is not None:
                return reason
        return None
