"""Objectives by their definitions, for the verifier: slow, and sharing nothing with any search."""

from functools import singledispatch

import numpy as np

from solver.model.problem import SetProblem
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.sets.sum import SumProblem


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


@defined.register
def _(problem: CoverageProblem, present: np.ndarray) -> float:
    there = problem.held + problem.amounts[present].sum(axis=0)
    worth = there / (there + 1.0)
    return float((worth * problem.weights).sum())


@defined.register
def _(problem: DesignProblem, present: np.ndarray) -> float:
    inside = np.isin(np.repeat(np.arange(problem.n), problem.sizes), present)
    rows = problem.factors[inside]
    return float(np.linalg.slogdet(problem.prior + rows.T @ rows / problem.ridge)[1])


@defined.register
def _(problem: SumProblem, present: np.ndarray) -> float:
    total = 0.0
    for share, term in zip(problem.shares, problem.terms, strict=True):
        total += float(share) * defined(term, present)
    return total


@defined.register
def _(problem: KCenterProblem, present: np.ndarray) -> float:
    farthest = 0.0
    for point, reach in enumerate(problem.reach):
        farthest = max(farthest, min([reach, *problem.distances[present, point]]))
    return 0.0 - float(farthest)
