"""Objectives by their definitions, for the verifier: slow, and sharing nothing with any search."""

from functools import singledispatch

import numpy as np

from solver.problem import SetProblem
from solver.sets.facility import FacilityProblem


@singledispatch
def defined(problem: SetProblem, present: np.ndarray) -> float:
    """Return the objective of what is there, from the inputs alone.

    Parameters
    ----------
    problem
        As it was asked.
    present
        Sorted indices of what is chosen or was labelled before.
    """
    del present
    message = f"{type(problem).__name__} has no definition to verify an answer by."
    raise NotImplementedError(message)


@defined.register
def _(problem: FacilityProblem, present: np.ndarray) -> float:
    service = problem.served.copy()
    for item in present:
        row = problem.similarities[item]
        service = np.where(row > service, row, service)
    return float((service * problem.demands).sum())
