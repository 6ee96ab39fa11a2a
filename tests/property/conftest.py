"""The oracle that knows the best selection of a small problem, constraints and all."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from sets import by_definition

from solver.model.constraints import Constraints
from solver.model.problem import (
    AnyProblem,
    Budgeted,
    Floats,
    Mask,
    PairProblem,
    Problem,
    SetProblem,
)


def _matrix(problem: Problem) -> Floats:
    """Pair utilities by their definition, one pair at a time."""
    if isinstance(problem, PairProblem):
        return problem.utilities
    n = problem.n
    matrix = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                cosine = float(np.dot(problem.vectors[i], problem.vectors[j]))
                matrix[i, j] = problem.weights[i] * problem.weights[j] * (1.0 - cosine)
    return matrix


def _kept(masks: Mask, problem: Budgeted, rules: Constraints) -> Mask:
    """Which selections keep every rule, by the rules' wording."""
    counts = masks.sum(axis=1)
    kept = masks @ problem.costs <= problem.allowance
    kept &= counts >= rules.min_items
    kept &= counts <= (math.inf if rules.max_items is None else rules.max_items)
    bought = np.setdiff1d(rules.include, rules.labelled)
    kept &= masks[:, bought].all(axis=1) & ~masks[:, rules.exclude].any(axis=1)
    kept &= ~masks[:, rules.labelled].any(axis=1)
    if np.intersect1d(rules.exclude, np.union1d(rules.include, rules.labelled)).size:
        kept[:] = False
    for group in rules.groups:
        inside = masks[:, group.items].sum(axis=1)
        kept &= inside >= group.minimum
        kept &= inside <= (math.inf if group.maximum is None else group.maximum)
    for resource in rules.resources:
        kept &= masks @ resource.costs <= resource.allowance
    return kept


def _enumerate(problem: AnyProblem) -> tuple[Mask, Floats]:
    """All selections that keep every rule, and what each is worth with what is labelled."""
    masks = ((np.arange(2**problem.n)[:, None] >> np.arange(problem.n)) & 1).astype(bool)
    masks = masks[_kept(masks, problem, problem.constraints)]
    present = masks.copy()
    present[:, problem.constraints.labelled] = True
    if isinstance(problem, SetProblem):
        worths = [by_definition(problem, np.flatnonzero(there)) for there in present]
        return masks, np.array(worths, dtype=float)
    there = present.astype(float)
    pairs = 0.5 * np.einsum("si,ij,sj->s", there, _matrix(problem), there, optimize=True)
    return masks, pairs + there @ problem.profits


def _exhaustive(problem: Problem) -> float:
    """Look at all selections and return the best value; -inf where no rule-keeping one exists."""
    return float(_enumerate(problem)[1].max(initial=-math.inf))


@pytest.fixture(scope="session")
def best_value() -> Callable[[Problem], float]:
    """Exhaustive search."""
    return _exhaustive


@pytest.fixture(scope="session")
def feasible_selections() -> Callable[[Problem], tuple[Mask, Floats]]:
    """Every selection that keeps the rules, shape (k, n), and their values, shape (k,)."""
    return _enumerate
