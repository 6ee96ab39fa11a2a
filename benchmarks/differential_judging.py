"""Whether an answer of the solver is right, beside all selections of its problem."""

import math
from collections.abc import Iterator

from differential_model import Array, Enumeration

from solver.model.result import Result, Status, StopReason

Disagreement = tuple[str, str]
"""What was looked at, and what is wrong with it."""


def judged(
    seen: Enumeration, allowed: Array, result: Result, *, proven: bool
) -> Iterator[Disagreement]:
    """Yield what is wrong with an answer.

    Parameters
    ----------
    seen, allowed
        All selections, and which of them keep the rules.
    result
        The solver's answer.
    proven
        Whether the answer must be optimal, unless its nodes were used up.
    """
    case, best = seen.case, seen.best(allowed)
    if (result.status is Status.INFEASIBLE) != (best == -math.inf):
        yield "feasibility", f"{result.status} where {int(allowed.sum())} selections keep the rules"
        return
    if best == -math.inf:
        yield from _explained(seen, result)
        return
    selected = result.selected.tolist()
    number = seen.number(selected)
    if selected != sorted(set(selected)) or not allowed[number]:
        yield "rules", f"{selected} breaks a rule"
        return
    cost = math.fsum(case.costs[selected])
    if result.total_cost != cost:
        yield "cost", f"{selected} costs {cost!r}, not {result.total_cost!r}"
    yield from bounded(seen, number, best, result.objective, result.upper_bound)
    short = best - float(seen.worth[number])
    if result.status is Status.OPTIMAL and short > seen.tolerance(number):
        yield "optimum", f"{selected} is {short!r} below the best of {best!r}"
    if result.status is Status.OPTIMAL and result.upper_bound != result.objective:
        yield "status", f"optimal with {result.objective!r} below {result.upper_bound!r}"
    ended = result.status is Status.OPTIMAL or result.stop_reason is StopReason.EXHAUSTED
    if proven and not ended:
        yield "proof", f"{result.status}, {result.stop_reason}, with a gap of {result.gap!r}"


def bounded(
    seen: Enumeration, number: int, best: float, objective: float, bound: float
) -> Iterator[Disagreement]:
    """Yield what is wrong with an objective and its bound, beside the best of all selections."""
    close = seen.tolerance(number)
    worth = float(seen.worth[number])
    if not abs(objective - worth) <= close:
        yield "objective", f"selection {number:b} is worth {worth!r}, not {objective!r}"
    if not bound >= best - close:
        yield "bound", f"a bound of {bound!r} where {best!r} is possible"
    if not bound >= objective:
        yield "bound", f"a bound of {bound!r} below the objective of {objective!r}"


def _explained(seen: Enumeration, result: Result) -> Iterator[Disagreement]:
    """Yield what is wrong with the rules that are said to conflict."""
    if result.explanation is None:
        yield "explanation", "there is none"
        return
    named = set(result.explanation.rules)
    if seen.allowed(dropped=lambda rule: rule not in named).any():
        yield "explanation", f"{sorted(named)} do not conflict"
    if not result.explanation.minimal:
        yield "explanation", f"{sorted(named)} is not proven to be minimal"
    for rule in sorted(named):
        fewer = named - {rule}
        if not seen.allowed(dropped=lambda other, kept=fewer: other not in kept).any():
            yield "explanation", f"{sorted(fewer)} conflict without {rule!r}"
