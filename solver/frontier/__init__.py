"""Many budgets in one call: a selection and a bound for each, and where more budget stops paying.

`frontier` wires: a selection of one budget is the start of its neighbours (`search`), branch and
bound bounds each on one core, `nesting` makes every larger selection contain the smaller ones, and
`knee` marks the point of diminishing returns.
"""

from solver.frontier.frontier import BudgetResult, FrontierResult, frontier
from solver.frontier.knee import knee

__all__ = ["BudgetResult", "FrontierResult", "frontier", "knee"]
