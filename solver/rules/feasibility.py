"""Is there any selection? An example, a proof that there is none, or, rarely, "not known".

With one budget, numbers of items and disjoint groups, the cheapest selection that reaches every
minimum is found by greed: within a group the cheapest items are always right, so a group's cost is
convex in how many are taken, and the cheapest next item is right too. It keeps every rule or none
does. With several budgets the same is tried for each of them and for mixtures; what that leaves
open is an integer programme (`solver.rules.completion`).

References
----------
Federgruen, Groenevelt: The greedy procedure for resource allocation problems (1986), on greed under
laminar limits with convex costs.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from solver.model.problem import AnyProblem, Budgeted, Floats, Mask
from solver.rules.completion import search
from solver.rules.reduction import reduce

# Mixtures of the budgets' costs that are tried before the integer programme.
_MIXTURES = 8


class Verdict(StrEnum):
    """What is known about the existence of a selection."""

    YES = "yes"
    """There is one, and it is shown."""
    NO = "no"
    """Proven: no selection keeps every rule."""
    UNKNOWN = "unknown"
    """Neither was found out in time, or the answer lies within rounding of several budgets."""


@dataclass(frozen=True, eq=False, slots=True)
class Feasibility:
    """An answer.

    Parameters
    ----------
    verdict
        See `Verdict`.
    chosen
        A selection that keeps every rule where the verdict is yes, nothing otherwise; shape (n,).
    """

    verdict: Verdict
    chosen: Mask


def keeps(problem: Budgeted, chosen: Mask) -> bool:
    """Return whether a selection keeps the budgets and every limit on numbers.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`): nothing is included, excluded or labelled.
    chosen
        Shape (n,).
    """
    rules, count = problem.constraints, int(chosen.sum())
    if count < rules.min_items or (rules.max_items is not None and count > rules.max_items):
        return False
    for group in rules.groups:
        inside = int(chosen[group.items].sum())
        if inside < group.minimum or (group.maximum is not None and inside > group.maximum):
            return False
    if math.fsum(problem.costs[chosen]) > problem.allowance:
        return False
    return all(math.fsum(r.costs[chosen]) <= r.allowance for r in rules.resources)


def cheapest(problem: Budgeted, costs: Floats) -> Mask | None:
    """Return the selection that reaches every minimum at the least cost; None where numbers clash.

    Parameters
    ----------
    problem
        Reduced; its budgets are not looked at.
    costs
        Shape (n,), at least 0; equal costs are taken in the order of the items.
    """
    rules, n = problem.constraints, problem.n
    chosen, open_items = np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
    for group in rules.groups:
        order = group.items[np.argsort(costs[group.items], kind="stable")]
        if len(order) < group.minimum:
            return None
        chosen[order[: group.minimum]] = True
        open_items[order[len(order) if group.maximum is None else group.maximum :]] = False
    count = int(chosen.sum())
    if rules.max_items is not None and max(count, rules.min_items) > rules.max_items:
        return None
    # Within a group the cheapest come first, so the ones beyond its maximum are never needed.
    rest = np.flatnonzero(open_items & ~chosen)
    missing = max(0, rules.min_items - count)
    if missing > len(rest):
        return None
    chosen[rest[np.argsort(costs[rest], kind="stable")[:missing]]] = True
    return chosen


def complete(problem: Budgeted, time_limit_s: float = 2.0) -> Feasibility:
    """Find a selection that keeps every rule, or prove that there is none.

    Parameters
    ----------
    problem
        Reduced.
    time_limit_s
        Seconds for the integer programme, which only several budgets can need.
    """
    nothing = np.zeros(problem.n, dtype=bool)
    budgets = [(problem.costs, problem.allowance)]
    budgets += [(r.costs, r.allowance) for r in problem.constraints.resources]
    for costs, allowance in budgets:
        chosen = cheapest(problem, costs)
        if chosen is None or math.fsum(costs[chosen]) > allowance:
            return Feasibility(Verdict.NO, nothing)
        if keeps(problem, chosen):
            return Feasibility(Verdict.YES, chosen)
    # Multiplicative weights: whichever budget the last try broke counts for more in the next.
    shares = [costs / max(allowance, 1e-300) for costs, allowance in budgets]
    weights = np.ones(len(budgets))
    for _ in range(_MIXTURES):
        mixture = np.minimum(1e200, np.einsum("r,rn->n", weights / weights.sum(), np.array(shares)))
        chosen = cheapest(problem, mixture)
        if chosen is not None and keeps(problem, chosen):
            return Feasibility(Verdict.YES, chosen)
        if chosen is not None:
            use = np.array([min(4.0, float(share[chosen].sum())) for share in shares])
            weights *= np.exp(use - use.min())
    found = search(problem, time_limit_s)
    if found.impossible:
        return Feasibility(Verdict.NO, nothing)
    for chosen in found.candidates:
        if keeps(problem, chosen):
            return Feasibility(Verdict.YES, chosen)
    return Feasibility(Verdict.UNKNOWN, nothing)


def is_possible(problem: AnyProblem, time_limit_s: float = 2.0) -> Verdict:
    """Return whether any selection keeps every rule of a problem as it was asked."""
    reduced = reduce(problem)
    if reduced.broken:
        return Verdict.NO
    return complete(reduced.problem, time_limit_s).verdict
