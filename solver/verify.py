"""An independent check of an answer, sharing no code with what found it.

It recomputes cost and objective from the inputs by their definitions: slow, and from the arrays of
the problem alone. It does not prove the upper bound; it checks that the answer's own statements
agree with each other.
"""

import math
from functools import singledispatch

import numpy as np

from solver.model.errors import VerificationError
from solver.model.problem import AnyProblem, PairProblem, SetProblem, SignatureProblem
from solver.model.result import Result, Status
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.sets.sum import SumProblem

# A sum of costs may exceed its limit by this much, relative to it.
BUDGET_TOLERANCE = 1e-12

# Two objectives are called equal up to this much relative to the larger ...
TOLERANCE = 1e-9
# ... plus this much relative to the numbers whose difference they are: where all vectors are nearly
# the same, the objective is a small difference of large sums, and that much of it is rounding.
CANCELLATION = 1e-12

# Rows of pair utilities held at once.
_ROWS = 512
# Up to so many items the pairs are summed one by one.
_PAIRWISE = 4_096


@singledispatch
def _worth(problem: AnyProblem, present: np.ndarray) -> float:
    """Return the worth of everything that is there, sorted, by the objective's definition."""
    del present
    message = f"{type(problem).__name__} has no definition to verify an answer by."
    raise NotImplementedError(message)


@_worth.register
def _(problem: PairProblem, present: np.ndarray) -> float:
    total = float(problem.profits[present].sum())
    for start in range(0, len(present), _ROWS):
        rows, later = present[start : start + _ROWS], present[start:]
        total += float(np.triu(problem.utilities[np.ix_(rows, later)], k=1).sum())
    return total


@_worth.register
def _(problem: SignatureProblem, present: np.ndarray) -> float:
    total = float(problem.profits[present].sum())
    if len(present) > _PAIRWISE:
        return total + _all_pairs(problem, present)
    for start in range(0, len(present), _ROWS):
        rows, later = present[start : start + _ROWS], present[start:]
        left = np.asarray(problem.vectors[rows], dtype=np.float64)
        cosines = left @ np.asarray(problem.vectors[later], dtype=np.float64).T
        block = np.outer(problem.weights[rows], problem.weights[later]) * (1.0 - cosines)
        total += float(np.triu(block, k=1).sum())
    return total


def _all_pairs(problem: SignatureProblem, present: np.ndarray) -> float:
    """Return ``1/2 (t^2 - |v|^2 - c)``: the same sum, where pairs one by one take too long."""
    w = problem.weights[present]
    v, squares = np.zeros(problem.vectors.shape[1]), np.zeros(len(present))
    for start in range(0, len(present), _ROWS):
        rows = np.asarray(problem.vectors[present[start : start + _ROWS]], dtype=np.float64)
        v += w[start : start + _ROWS] @ rows
        squares[start : start + _ROWS] = np.einsum("ij,ij->i", rows, rows)
    return 0.5 * float(w.sum() ** 2 - v @ v - (w**2 * (1.0 - squares)).sum())


@_worth.register
def _(problem: FacilityProblem, present: np.ndarray) -> float:
    service = problem.served.copy()
    for item in present:
        row = problem.similarities[item]
        service = np.where(row > service, row, service)
    return float((service * problem.demands).sum())


@_worth.register
def _(problem: CoverageProblem, present: np.ndarray) -> float:
    there = problem.held + problem.amounts[present].sum(axis=0)
    worth = there / (there + 1.0)
    return float((worth * problem.weights).sum())


@_worth.register
def _(problem: DesignProblem, present: np.ndarray) -> float:
    inside = np.isin(np.repeat(np.arange(problem.n), problem.sizes), present)
    rows = problem.factors[inside]
    return float(np.linalg.slogdet(problem.prior + rows.T @ rows / problem.ridge)[1])


@_worth.register
def _(problem: SumProblem, present: np.ndarray) -> float:
    total = 0.0
    for share, term in zip(problem.shares, problem.terms, strict=True):
        total += float(share) * _worth(term, present)
    return total


@_worth.register
def _(problem: KCenterProblem, present: np.ndarray) -> float:
    farthest = 0.0
    for point, reach in enumerate(problem.reach):
        farthest = max(farthest, min([reach, *problem.distances[present, point]]))
    return 0.0 - float(farthest)


def _present(problem: AnyProblem, selected: np.ndarray) -> np.ndarray:
    """Return what is chosen and what was labelled before, sorted."""
    return np.union1d(selected, problem.constraints.labelled).astype(np.int64)


def _require(*, holds: bool, otherwise: str) -> None:
    if not holds:
        raise VerificationError(otherwise)


def slack(problem: AnyProblem, selected: np.ndarray, objective: float) -> float:
    """Return how far apart two values of the same selection may be and still be called equal."""
    if isinstance(problem, SetProblem):
        return TOLERANCE * abs(objective) + 16 * problem.resolution
    present = _present(problem, selected)
    terms = float(np.abs(problem.profits[present]).sum())
    if isinstance(problem, SignatureProblem):
        terms += 0.5 * float(problem.weights[present].sum()) ** 2
    return TOLERANCE * abs(objective) + CANCELLATION * terms


def _require_within(chosen: np.ndarray, costs: np.ndarray, limit: float, name: str) -> None:
    cost = math.fsum(costs[chosen])
    _require(
        holds=cost <= limit * (1.0 + BUDGET_TOLERANCE),
        otherwise=f"The selection costs {cost!r}, more than the {name} of {limit!r}.",
    )


def _require_number(number: int, least: int, most: int | None, name: str) -> None:
    _require(
        holds=least <= number and (most is None or number <= most),
        otherwise=f"The selection has {number} {name}; asked for are {least} to {most}.",
    )


def _verify_constraints(problem: AnyProblem, chosen: np.ndarray) -> None:
    rules = problem.constraints
    bought = rules.include[~np.isin(rules.include, rules.labelled)]
    _require(
        holds=bool(np.isin(bought, chosen).all()),
        otherwise="An item that must be included is missing.",
    )
    banned = np.union1d(rules.exclude, rules.labelled)
    _require(
        holds=not np.isin(chosen, banned).any(),
        otherwise="An item that is excluded, or labelled already, is chosen.",
    )
    _require(
        holds=not np.isin(rules.exclude, rules.labelled).any(),
        otherwise="An item that is excluded is labelled already; no selection keeps both rules.",
    )
    _require_number(len(chosen), rules.min_items, rules.max_items, "items")
    for group in rules.groups:
        inside = int(np.isin(chosen, group.items).sum())
        _require_number(inside, group.minimum, group.maximum, f"items of {group.name!r}")
    for resource in rules.resources:
        _require_within(chosen, resource.costs, resource.limit, f"limit of {resource.name!r}")


def verify(problem: AnyProblem, result: Result) -> None:
    """Check a result against its problem.

    Parameters
    ----------
    problem
        As it was given.
    result
        As it was returned.

    Raises
    ------
    VerificationError
        Naming the first statement that does not hold: the selection (indices in range, sorted, no
        item twice), the cost (equal to the sum, within the budget), the other rules, the objective
        (as its definition says, up to `slack`), the bound (not below the objective), or the status
        (``optimal`` only where bound and objective meet).
    """
    if result.status is Status.INFEASIBLE:
        _require(
            holds=len(result.selected) == 0 and result.explanation is not None,
            otherwise="An infeasible answer has a selection, or no explanation.",
        )
        return
    chosen = result.selected
    inside = bool(len(chosen) == 0 or (chosen[0] >= 0 and chosen[-1] < problem.n))
    _require(
        holds=inside and bool((np.diff(chosen) > 0).all()),
        otherwise="The selection is not a sorted list of distinct items of the problem.",
    )
    cost = math.fsum(problem.costs[chosen])
    _require(
        holds=abs(cost - result.total_cost) <= TOLERANCE * cost,
        otherwise=f"The selection costs {cost!r}, not {result.total_cost!r}.",
    )
    _require(
        holds=result.budget == problem.budget,
        otherwise=f"The budget is {problem.budget!r}, not {result.budget!r}.",
    )
    _require_within(chosen, problem.costs, problem.budget, "budget")
    _verify_constraints(problem, chosen)
    objective = _worth(problem, _present(problem, chosen))
    _require(
        holds=abs(objective - result.objective) <= slack(problem, chosen, objective),
        otherwise=f"The selection is worth {objective!r}, not {result.objective!r}.",
    )
    _require(
        holds=result.upper_bound >= result.objective,
        otherwise=f"The bound {result.upper_bound!r} is below {result.objective!r}.",
    )
    _require(
        holds=result.status != Status.OPTIMAL or result.upper_bound == result.objective,
        otherwise=f"The answer is called optimal with a gap of {result.gap!r}.",
    )
