"""The knee of a frontier: the budget beyond which more budget buys less and less.

This is the only rule for knees: the command line, the API and the page all show what it says.

References
----------
Satopaa, Albrecht, Irwin, Raghavan: Finding a "Kneedle" in a haystack: detecting knee points in
system behavior (2011). Offline and without smoothing: a frontier is no noisy measurement.
"""

import math
from collections.abc import Sequence
from typing import Final

LEAST_BEND: Final = 0.05
"""How far a knee lies above the chord at least: a curve that is flatter is as good as straight."""


def knee(budgets: Sequence[float], objectives: Sequence[float]) -> int | None:
    """Return the place of the knee, or None where the curve has none.

    Both axes are scaled to [0, 1] from the first point to the last; the knee is the point that is
    highest above the straight line between those two, the first of them where several are. There
    is none where no point lies more than `LEAST_BEND` above the line: a sum over pairs often rises
    ever faster.

    Parameters
    ----------
    budgets
        Ascending, at least one.
    objectives
        One for each budget; ``-inf`` where a budget has no selection, which is left out.

    Returns
    -------
    int | None
        An index of `budgets`.

    Raises
    ------
    ValueError
        When there is no point, or the two differ in length.
    """
    if not budgets or len(budgets) != len(objectives):
        message = "A knee needs as many objectives as budgets, and at least one."
        raise ValueError(message)
    places = [place for place, objective in enumerate(objectives) if math.isfinite(objective)]
    if not places:
        return None
    first, last = places[0], places[-1]
    width = budgets[last] - budgets[first]
    rise = objectives[last] - objectives[first]
    if width <= 0 or rise <= 0:
        return None
    heights = [
        (objectives[place] - objectives[first]) / rise - (budgets[place] - budgets[first]) / width
        for place in places
    ]
    highest = max(heights)
    return places[heights.index(highest)] if highest > LEAST_BEND else None
