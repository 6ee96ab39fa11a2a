"""A selection that keeps several budgets at once, as an integer programme (OR-Tools' CP-SAT).

Costs become integers by a power of two and a rounding. Rounded in favour of the selection, "there
is none" is true of the original costs too; rounded against it, what is found keeps the original
budgets. So neither answer is ever wrong. The caller still checks every candidate.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.model.problem import Budgeted, Floats, Mask

# The largest cost or limit after scaling; sums over a million items stay below 2^63.
_BITS = 40


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """What the integer programme said.

    Parameters
    ----------
    impossible
        Whether it proved that there is no selection.
    candidates
        Selections worth checking, each of shape (n,).
    """

    impossible: bool
    candidates: tuple[Mask, ...]


def _scaled(costs: Floats, allowance: float, *, kind: bool) -> tuple[list[int], int]:
    """Return costs and limit as integers, rounded in the selection's favour if `kind`.

    A power of two times a float is exact, so all rounding is in floor and ceil. A limit gets one
    unit more in favour: a sum that is rounded to the nearest float may hide half a digit.
    """
    scale = 2.0 ** (_BITS - math.frexp(allowance)[1]) if allowance > 0 else 1.0
    with np.errstate(over="ignore"):
        numbers = np.minimum(costs * scale, 2.0 ** (_BITS + 1))
    rounded = np.floor(numbers) if kind else np.ceil(numbers)
    limit = math.ceil(allowance * scale) + 1 if kind else math.floor(allowance * scale)
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
    rules = problem.constraints
    budgets = [(problem.costs, problem.allowance)]
    budgets += [(r.costs, r.allowance) for r in rules.resources]
    for costs, allowance in budgets:
        numbers, limit = _scaled(costs, allowance, kind=kind)
        model.add(cp_model.LinearExpr.weighted_sum(x, numbers) <= limit)
    most = problem.n if rules.max_items is None else rules.max_items
    model.add_linear_constraint(sum(x), rules.min_items, most)
    for group in rules.groups:
        most = len(group.items) if group.maximum is None else group.maximum
        model.add_linear_constraint(sum(x[k] for k in group.items), group.minimum, most)
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


def search(problem: Budgeted, time_limit_s: float) -> Found:
    """Look for a selection that keeps every rule; without OR-Tools nothing is found.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    time_limit_s
        Wall-clock seconds for each of at most two programmes.
    """
    candidates: list[Mask] = []
    try:
        for kind in (True, False):
            impossible, chosen = _solve(problem, time_limit_s, kind=kind)
            if impossible:
                return Found(impossible=kind, candidates=tuple(candidates))
            if chosen is not None:
                candidates.append(chosen)
    except ImportError:
        pass
    return Found(impossible=False, candidates=tuple(candidates))
