"""The linearised model through OR-Tools' CP-SAT.

CP-SAT works on integers. Costs that are whole numbers stay exact; others, and the utilities, are
scaled and rounded so that the model is a relaxation and its bound holds for the problem as given.
"""

import math
from typing import Any

import numpy as np

from solver.classical.linearised import Linearised, checked, linearise
from solver.model.errors import BackendFailedError, BackendUnavailableError
from solver.model.problem import Floats, Mask, Problem
from solver.model.result import StopReason
from solver.rules.book import budgets, counts
from solver.search.best_first import Attempt

# Sums must stay well inside 63 bits. Finer objectives make CP-SAT slower; coarser ones leave a gap
# of (pairs / range), which must stay below the verifier's tolerance for 40 items: 780 / 2^44.
_COST_RANGE = 2**50
_OBJECTIVE_RANGE = 2**44


def _integer_costs(costs: Floats, allowance: float) -> tuple[list[int], int]:
    """Return costs and budget as integers such that no affordable selection is cut off."""
    total = math.fsum(costs)
    whole = bool((costs == np.floor(costs)).all()) and total < _COST_RANGE
    scale = 1.0 if whole or total == 0 else _COST_RANGE / total
    scaled = [math.floor(cost * scale) for cost in costs]
    return scaled, math.floor(min(allowance, total) * scale)


def _integer_objective(model: Linearised) -> tuple[list[int], list[int], float]:
    """Return utilities and profits rounded up at a common scale, and the scale."""
    total = math.fsum(np.abs(model.utilities)) + math.fsum(np.abs(model.profits))
    scale = _OBJECTIVE_RANGE / total if total else 1.0
    pairs = [math.ceil(utility * scale) for utility in model.utilities]
    return pairs, [math.ceil(profit * scale) for profit in model.profits], scale


def _model(problem: Problem, data: Linearised) -> tuple[Any, list[Any], float]:
    """Return the model, its variables, one an item, and the scale of its objective."""
    from ortools.sat.python import cp_model  # noqa: PLC0415 - loading takes half a second

    model = cp_model.CpModel()
    x = [model.new_bool_var(f"x{i}") for i in range(problem.n)]
    for rule in budgets(problem):
        scaled, budget = _integer_costs(rule.costs, rule.allowance)
        model.add(cp_model.LinearExpr.weighted_sum(x, scaled) <= budget)
    for count in counts(problem):
        inside = cp_model.LinearExpr.sum([x[i] for i in count.items])
        model.add_linear_constraint(inside, count.least, count.at_most)
    pair_worth, item_worth, scale = _integer_objective(data)
    y = []
    for i, j, worth in zip(data.first, data.second, pair_worth, strict=True):
        pair = model.new_bool_var(f"y{i}_{j}")
        y.append(pair)
        if worth > 0:
            model.add_implication(pair, x[i])
            model.add_implication(pair, x[j])
        else:
            model.add_bool_or([pair, ~x[i], ~x[j]])
    model.maximize(cp_model.LinearExpr.weighted_sum(x + y, item_worth + pair_worth))
    return model, x, scale


def cp_sat(problem: Problem, time_limit_s: float, start: Mask, random_seed: int = 0) -> Attempt:
    """Solve the linearised model with CP-SAT, starting from a known selection.

    Parameters
    ----------
    problem
        At most `solver.classical.linearised.MAX_ITEMS` items.
    time_limit_s
        Wall-clock seconds.
    start
        A feasible selection, given as a hint.
    random_seed
        CP-SAT's seed. One worker is used, so the same call gives the same answer.

    Raises
    ------
    BackendUnavailableError
        When OR-Tools is not installed or the problem is too large.
    BackendFailedError
        When CP-SAT ends without a usable selection.
    """
    try:
        from ortools.sat.python import cp_model  # noqa: PLC0415 - loading takes half a second
    except ImportError as error:
        message = "CP-SAT needs the package ortools."
        raise BackendUnavailableError(message) from error
    model, x, scale = _model(problem, linearise(problem))
    for variable, hint in zip(x, start, strict=True):
        model.add_hint(variable, bool(hint))

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2  # without the LP 30 items take minutes, not 0.2 s
    solver.parameters.random_seed = random_seed
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        message = f"CP-SAT found no selection in {time_limit_s:.3g} s."
        raise BackendFailedError(message)
    chosen = np.array([solver.boolean_value(variable) for variable in x], dtype=bool)
    reason = StopReason.PROVEN if status == cp_model.OPTIMAL else StopReason.TIME_LIMIT
    bound = solver.best_objective_bound / scale
    return Attempt(checked(problem, chosen, "CP-SAT"), bound, reason)
