"""Points of objectives that evaluate themselves, from the reduced problem back to the original.

What is fixed serves, covers or informs in the reduced problem from the start. A point z says nothing
of it: what is taken counts as 1 in every plane. Levels of facility location do: they start from what
fixed items give.
"""

from dataclasses import replace

import numpy as np

from solver.model.problem import SetProblem
from solver.rules.reduction import Reduced
from solver.search.proof_log import ProofPoint
from solver.sets.facility import FacilityProblem


def original_point(
    problem: SetProblem, reduced: Reduced[SetProblem], point: ProofPoint
) -> ProofPoint:
    """Return a row of a reduced problem's log as the original problem has it.

    Parameters
    ----------
    problem, reduced
        As it was asked, and without what is decided.
    point
        Of the reduced problem: its items are items, but points of facility location.
    """
    part = reduced.problem
    if isinstance(problem, FacilityProblem) and isinstance(part, FacilityProblem):
        # A point that fixed items serve already has a level for that, and for what comes on top.
        given = problem.demands * (part.served - problem.served)
        values = np.asarray(given[point.items] + point.values, dtype=np.float64)
        return replace(point, values=values)
    return replace(point, items=reduced.items[point.items])
