"""The linearised model through OR-Tools' MathOpt: SCIP (SeedAL's own choice) and HiGHS."""

import time
from datetime import timedelta
from typing import Any

import numpy as np

from solver.classical.linearised import Linearised, checked, linearise
from solver.model.errors import BackendFailedError, BackendUnavailableError
from solver.model.problem import Problem
from solver.model.result import StopReason
from solver.rules.rows import side_rows
from solver.search.best_first import Attempt

# What MathOpt takes to build the model and hand it over; measured on two shared cores.
_SECONDS_PER_PAIR = 1e-4


def _model(problem: Problem, data: Linearised) -> tuple[Any, list[Any]]:
    """Return the model and its variables, one an item."""
    from ortools.math_opt.python import mathopt  # noqa: PLC0415 - loading takes half a second

    # Solvers' tolerances are absolute: costs are divided by the budget, utilities by the largest.
    unit = problem.budget or 1.0
    model = mathopt.Model()
    x = [model.add_binary_variable() for _ in range(problem.n)]
    y = [model.add_variable(lb=0.0, ub=1.0) for _ in data.utilities]
    spent = mathopt.fast_sum(cost / unit * var for cost, var in zip(problem.costs, x, strict=True))
    model.add_linear_constraint(spent <= problem.allowance / unit)
    for row in side_rows(problem):
        terms = (c * var for c, var in zip(row.coefficients, x, strict=True) if c)
        total = mathopt.fast_sum(terms)
        model.add_linear_constraint(lb=row.least, ub=row.most, expr=total)
    for i, j, worth, pair in zip(data.first, data.second, data.utilities, y, strict=True):
        if worth > 0:
            model.add_linear_constraint(pair <= x[i])
            model.add_linear_constraint(pair <= x[j])
        else:
            model.add_linear_constraint(pair >= x[i] + x[j] - 1)
    worths = [*(data.profits / data.scale), *(data.utilities / data.scale)]
    model.maximize(mathopt.fast_sum(w * var for w, var in zip(worths, [*x, *y], strict=True)))
    return model, x


def mip(problem: Problem, solver: str, time_limit_s: float) -> Attempt:
    """Solve the linearised model with SCIP or HiGHS.

    Parameters
    ----------
    problem
        At most `solver.classical.linearised.MAX_ITEMS` items.
    solver
        ``"scip"`` or ``"highs"``.
    time_limit_s
        Wall-clock seconds.

    Returns
    -------
    Attempt
        An incumbent at the time limit is kept, with the solver's bound and its tolerance.

    Raises
    ------
    BackendUnavailableError
        When OR-Tools is not installed or the problem is too large.
    BackendFailedError
        When the solver ends without a usable selection.
    """
    try:
        from ortools.math_opt.python import mathopt  # noqa: PLC0415 - loading takes half a second
    except ImportError as error:
        message = f"{solver} needs the package ortools."
        raise BackendUnavailableError(message) from error
    started = time.perf_counter()
    data = linearise(problem, time_limit_s, _SECONDS_PER_PAIR)
    model, x = _model(problem, data)
    kind = {"scip": mathopt.SolverType.GSCIP, "highs": mathopt.SolverType.HIGHS}[solver]
    left = max(0.0, time_limit_s - (time.perf_counter() - started))
    parameters = mathopt.SolveParameters(
        time_limit=timedelta(seconds=left), relative_gap_tolerance=0.0
    )
    if kind is mathopt.SolverType.GSCIP:
        parameters.threads = 1  # the same answer every time; HiGHS runs this model on one anyway
    result = mathopt.solve(model, kind, params=parameters)
    if not result.has_primal_feasible_solution():
        message = f"{solver} found no selection in {time_limit_s:.3g} s."
        raise BackendFailedError(message)
    values = result.variable_values(x)
    chosen = np.array([value > 0.5 for value in values], dtype=bool)  # noqa: PLR2004 - a 0-1 value
    proven = result.termination.reason == mathopt.TerminationReason.OPTIMAL
    bound = float(result.termination.objective_bounds.dual_bound) * data.scale + data.tolerance
    reason = StopReason.SOLVER_TOLERANCE if proven else StopReason.TIME_LIMIT
    return Attempt(checked(problem, chosen, solver), bound, reason)
