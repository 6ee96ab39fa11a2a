"""The knee of a frontier: the budget beyond which more budget buys less and less.

References
----------
Satopaa, Albrecht, Irwin, Raghavan: Finding a "Kneedle" in a haystack: detecting knee points in
system behavior (2011). Offline and without smoothing: a frontier is no noisy measurement.
"""

from collections.abc import Sequence


def knee(budgets: Sequence[float], objectives: Sequence[float]) -> int:
    """Return the place of the knee.

    Both axes are scaled to [0, 1] from the first point to the last; the knee is the point that is
    highest above the straight line between those two, the first of them where several are.

    Parameters
    ----------
    budgets
        Ascending, at least one.
    objectives
        One for each budget.

    Returns
    -------
    int
        An index of `budgets`; 0 where nothing rises above the line.

    Raises
    ------
    ValueError
        When there is no point, or the two differ in length.
    """
    if not budgets or len(budgets) != len(objectives):
        message = "A knee needs as many objectives as budgets, and at least one."
        raise ValueError(message)
    width = budgets[-1] - budgets[0]
    rise = objectives[-1] - objectives[0]
    best, place = 0.0, 0
    for index, (budget, objective) in enumerate(zip(budgets, objectives, strict=True)):
        along = (budget - budgets[0]) / width if width > 0 else 0.0
        up = (objective - objectives[0]) / rise if rise > 0 else 0.0
        if up - along > best:
            best, place = up - along, index
    return place
