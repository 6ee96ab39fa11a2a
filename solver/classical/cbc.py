"""The linearised model through PuLP and the CBC solver that its wheel brings."""

import math
import time
from typing import Any

import numpy as np

from solver.classical.linearised import Linearised, checked, linearise
from solver.model.errors import BackendFailedError, BackendUnavailableError
from solver.model.objective import value
from solver.model.problem import Problem
from solver.model.result import StopReason
from solver.rules.rows import side_rows
from solver.search.best_first import Attempt

# What PuLP takes to build the model and write it to a file; measured on two shared cores.
_SECONDS_PER_PAIR = 4e-4


def _model(problem: Problem, data: Linearised) -> tuple[Any, list[Any]]:
    """Return the model and its variables, one an item."""
    import pulp  # noqa: PLC0415 - an optional cross-check, loaded when asked for

    unit = problem.budget or 1.0
    model = pulp.LpProblem("seed", pulp.LpMaximize)
    x = [model.add_variable(f"x{i}", cat=pulp.LpBinary) for i in range(problem.n)]
    y = [model.add_variable(f"y{k}", 0, 1) for k in range(len(data.utilities))]
    worths = [*(data.profits / data.scale), *(data.utilities / data.scale)]
    model += pulp.LpAffineExpression(zip([*x, *y], worths, strict=True))
    costs = problem.costs / unit
    model += pulp.LpAffineExpression(zip(x, costs, strict=True)) <= problem.allowance / unit
    for row in side_rows(problem):
        used = np.flatnonzero(row.coefficients)
        total = pulp.LpAffineExpression((x[i], row.coefficients[i]) for i in used)
        if row.least > 0:
            model += total >= row.least
        model += total <= row.most
    for i, j, worth, pair in zip(data.first, data.second, data.utilities, y, strict=True):
        if worth > 0:
            model += pair <= x[i]
            model += pair <= x[j]
        else:
            model += pair >= x[i] + x[j] - 1
    return model, x


def cbc(problem: Problem, time_limit_s: float) -> Attempt:
    """Solve the linearised model with CBC.

    Parameters
    ----------
    problem
        At most `solver.classical.linearised.MAX_ITEMS` items.
    time_limit_s
        Wall-clock seconds.

    Returns
    -------
    Attempt
        PuLP does not pass CBC's bound on, so ``upper_bound`` is the objective and CBC's tolerance
        where CBC called it optimal, and ``inf`` where it did not.

    Raises
    ------
    BackendUnavailableError
        When PuLP is not installed or the problem is too large.
    BackendFailedError
        When CBC ends without a usable selection.
    """
    try:
        import pulp  # noqa: PLC0415 - an optional cross-check, loaded when asked for
    except ImportError as error:
        message = "The strategy pulp needs the package PuLP."
        raise BackendUnavailableError(message) from error
    started = time.perf_counter()
    data = linearise(problem, time_limit_s, _SECONDS_PER_PAIR)
    model, x = _model(problem, data)
    solver = pulp.COIN_CMD(
        path=pulp.PULP_CBC_CMD.pulp_cbc_path,  # the binary in PuLP's wheel
        msg=False,
        timeLimit=max(0.0, time_limit_s - (time.perf_counter() - started)),
        gapRel=0.0,
        threads=1,
    )
    model.solve(solver)
    if model.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        message = f"CBC found no selection in {time_limit_s:.3g} s."
        raise BackendFailedError(message)
    values = [variable.value() or 0.0 for variable in x]
    chosen = checked(problem, np.array([v > 0.5 for v in values], dtype=bool), "CBC")  # noqa: PLR2004 - a 0-1 value
    if model.sol_status == pulp.LpSolutionOptimal:
        bound = value(problem, chosen) + data.tolerance
        return Attempt(chosen, bound, StopReason.SOLVER_TOLERANCE)
    return Attempt(chosen, math.inf, StopReason.TIME_LIMIT)
