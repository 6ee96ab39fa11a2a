"""Is there any selection? An example, a proof that there is none, or, rarely, "not known".

With one budget, numbers of items and disjoint groups, the cheapest selection that reaches every
minimum is found by greed: within a group the cheapest items are always right, so a group's cost is
convex in how many are taken, and the cheapest next item is right too. It keeps every rule or none
does. With several budgets the same is tried for each of them and for mixtures.

What that leaves open is an integer programme (OR-Tools' CP-SAT). Costs become integers by a power
of two and a rounding. Rounded in favour of the selection, "there is none" is true of the original
costs too; rounded against it, what is found keeps the original budgets. So neither answer is ever
wrong, and every selection found is checked.

References
----------
Federgruen, Groenevelt: The greedy procedure for resource allocation problems (1986), on greed under
laminar limits with convex costs.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from solver.model.problem import AnyProblem, Budgeted, Floats, Mask
from solver.rules.book import budgets, counts, keeps
from solver.rules.reduction import reduce

# The largest cost or limit after scaling; sums over a million items stay below 2^63.
_BITS = 40
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


def _scaled(costs: Floats, allowance: float, *, kind: bool) -> tuple[list[int], int]:
    """Return costs and limit as integers, rounded in the selection's favour if `kind`.

    A power of two times a float is exact, so all rounding is in floor and ceil. A limit gets one
    unit more in favour: a sum that is rounded to the nearest float may hide half a digit.
    """
    # As an exponent: for the smallest limits the power itself is beyond the largest float.
    exponent = _BITS - math.frexp(allowance)[1] if allowance > 0 else 0
    with np.errstate(over="ignore"):
        numbers = np.minimum(np.ldexp(costs, exponent), 2.0 ** (_BITS + 1))
    rounded = np.floor(numbers) if kind else np.ceil(numbers)
    most = math.ldexp(allowance, exponent)
    limit = math.ceil(most) + 1 if kind else math.floor(most)
    return [int(number) for number in rounded], limit


def rule_model(problem: Budgeted, *, kind: bool) -> tuple[Any, list[Any]]:
    """Return a model of the rules and its 0-1 variables, one an item.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    kind
        Whether budgets are rounded in favour of the selection, or against it.

    Raises
    ------
    ImportError
        When OR-Tools is not installed.
    """
    from ortools.sat.python import cp_model  # noqa: PLC0415 - loading takes half a second

    model = cp_model.CpModel()
    x = [model.new_bool_var(f"x{k}") for k in range(problem.n)]
    for rule in budgets(problem):
        numbers, limit = _scaled(rule.costs, rule.allowance, kind=kind)
        model.add(cp_model.LinearExpr.weighted_sum(x, numbers) <= limit)
    for count in counts(problem):
        model.add_linear_constraint(sum(x[k] for k in count.items), count.least, count.at_most)
    return model, x


def _solve(problem: Budgeted, time_limit_s: float, *, kind: bool) -> tuple[bool, Mask | None]:
    """Return whether the programme is infeasible, and its solution if there is one."""
    from ortools.sat.python import cp_model  # noqa: PLC0415 - loading takes half a second

    model, x = rule_model(problem, kind=kind)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    status = solver.solve(model)
    if status in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return False, np.array([solver.boolean_value(var) for var in x], dtype=bool)
    return status == cp_model.INFEASIBLE, None


def _programme(problem: Budgeted, time_limit_s: float) -> Feasibility:
    """Ask the integer programme; without OR-Tools nothing is found out.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    time_limit_s
        Wall-clock seconds for each of at most two programmes.
    """
    nothing = np.zeros(problem.n, dtype=bool)
    try:
        for kind in (True, False):
            impossible, chosen = _solve(problem, time_limit_s, kind=kind)
            if chosen is not None and keeps(problem, chosen):
                return Feasibility(Verdict.YES, chosen)
            if impossible:
                # Rounded against the selection, "there is none" proves nothing.
                return Feasibility(Verdict.NO if kind else Verdict.UNKNOWN, nothing)
    except ImportError:
        pass
    return Feasibility(Verdict.UNKNOWN, nothing)


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
    limits = budgets(problem)
    for limit in limits:
        chosen = cheapest(problem, limit.costs)
        if chosen is None or not limit.holds(chosen):
            return Feasibility(Verdict.NO, nothing)
        if keeps(problem, chosen):
            return Feasibility(Verdict.YES, chosen)
    # Multiplicative weights: the budget that the last try broke counts for more in the next.
    shares = [limit.costs / max(limit.allowance, 1e-300) for limit in limits]
    weights = np.ones(len(limits))
    for _ in range(_MIXTURES):
        mixture = np.minimum(1e200, np.einsum("r,rn->n", weights / weights.sum(), np.array(shares)))
        chosen = cheapest(problem, mixture)
        if chosen is not None and keeps(problem, chosen):
            return Feasibility(Verdict.YES, chosen)
        if chosen is not None:
            use = np.array([min(4.0, float(share[chosen].sum())) for share in shares])
            weights *= np.exp(use - use.min())
    return _programme(problem, time_limit_s)


def is_possible(problem: AnyProblem, time_limit_s: float = 2.0) -> Verdict:
    """Return whether any selection keeps every rule of a problem as it was asked."""
    reduced = reduce(problem)
    if reduced.broken:
        return Verdict.NO
    return complete(reduced.problem, time_limit_s).verdict
