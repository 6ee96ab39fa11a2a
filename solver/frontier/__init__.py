"""Many budgets in one call: a selection and a bound for each, and where more budget stops paying.

`frontier` dispatches by family, as `solver.solve.solve` does. Where a budget is the only rule of a
small problem of pairs, a selection of one budget is the start of its neighbours (`search`, `walk`),
and branch and bound bounds each on one core. Everything else is solved budget by budget. `knee`
marks the point of diminishing returns.
"""

from solver.frontier.frontier import BudgetResult, FrontierResult, frontier
from solver.frontier.knee import knee

__all__ = ["BudgetResult", "FrontierResult", "frontier", "knee"]
