"""Rows of facility location, from the problem that is searched back to the one that was asked.

What is fixed covers or informs in the reduced problem from the start. A point z says nothing of it:
what is taken counts as 1 in every plane. Levels do: they start from what fixed items give.
"""

import numpy as np
import numpy.typing as npt

from solver.model.problem import Floats
from solver.search.proof_log import ProofPoint
from solver.sets.facility import FacilityProblem


def original_levels(
    problem: FacilityProblem, part: FacilityProblem, point: ProofPoint
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return a row of levels as the original problem has it: its points, and a level for each.

    Parameters
    ----------
    problem, part
        As it was asked, and as it was searched: with the same points.
    point
        From the log of the search, with a level for every point.
    """
    given = problem.demands * (part.served - problem.served)
    return point.items, np.asarray(given[point.items] + point.values)
