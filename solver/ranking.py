"""The order in which to label what was chosen: greedy's, by gain per cost.

A set has no order, and work queues need one: those who stop early have labelled a good set then.
"""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from solver.model.constraints import Constraints
from solver.model.objective import gains, pair_matrix, per_cost, resolution
from solver.model.problem import (
    AnyProblem,
    Floats,
    Mask,
    PairProblem,
    SetProblem,
    SignatureProblem,
    take,
)
from solver.model.vectors import row_squares
from solver.search.greedy import additions

# Items of which all pairs are held at once (200 MB).
_MATRIX = 5_000

# Directions in which sums of vectors are followed exactly, and the share of all items that are
# looked at one by one before a pass over all sharpens the bounds. Neither changes the order, and
# from 8 to 32 and from 0.1 to 1 hardly the time.
_DIRECTIONS = 16
_SHARE = 0.25


def rank(problem: AnyProblem, selected: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Put chosen items into the order in which greedy, by gain per cost, would take them.

    Parameters
    ----------
    problem
        The problem.
    selected
        Indices of the chosen items, shape (k,).

    Returns
    -------
    npt.NDArray[np.int64]
        The same indices, first to label first. Items that only harm come last. Of equal items the
        one whose id comes first does, in whatever order the items lie.
    """
    if problem.ids:
        selected = np.array(sorted(selected.tolist(), key=problem.ids.__getitem__), dtype=np.int64)
    present = np.zeros(problem.n, dtype=bool)
    present[problem.constraints.labelled] = True
    # All of it is chosen already: no rule is left, and what was labelled before is company.
    inner = _alone(problem, selected, present)
    if isinstance(inner, SignatureProblem):
        order = signature_order(inner)
    else:
        order = list(additions(inner, np.zeros(inner.n, dtype=bool), per_cost))
    rest = sorted(set(range(inner.n)) - set(order))
    return selected[np.array([*order, *rest], dtype=np.int64)]


def _alone(problem: AnyProblem, selected: npt.NDArray[np.int64], present: Mask) -> AnyProblem:
    """Return the problem of choosing all of some items, beside what is there already."""
    budget = math.fsum(problem.costs[selected])
    if isinstance(problem, SetProblem):
        return problem.part(selected, present, budget, (), Constraints())
    inner = replace(
        take(problem, selected, budget=budget),
        profits=gains(problem, present)[selected],
        constraints=Constraints(),
    )
    if isinstance(inner, PairProblem) or inner.n > _MATRIX:
        return inner
    # All pairs in one product: row by row, each would read every vector again.
    return PairProblem(
        utilities=pair_matrix(inner),
        profits=inner.profits,
        costs=inner.costs,
        budget=inner.budget,
        ids=inner.ids,
    )


class _SignatureGains:
    """Gains of a selection that grows from nothing: exact for some items, bounded for all.

    Greedy reads every vector at every step. Here a step reads few: with ``t`` and ``v`` the sums of
    weights and of weighted vectors of what was added, the gain of item i is
    ``p_i + w_i (t - m_i . v)``, and since ``v`` was ``v_0``,

        m_i . v >= m_i . v_0 + (P m_i) . (P d) - |m_i - P m_i| |d - P d|,   d = v - v_0

    for the projection P on a few directions (Cauchy and Schwarz). Directions in which the vectors
    are long take up most of ``d``, for greedy spreads the rest; so the bound is sharp, and only
    items whose bound reaches the best gain are looked at.
    """

    def __init__(self, problem: SignatureProblem) -> None:
        self._problem = problem
        self._tolerance = resolution(problem)
        m = self._m = np.asarray(problem.vectors, dtype=np.float64)
        weighted = problem.weights[:, None] * m
        spread = np.linalg.eigh(weighted.T @ weighted).eigenvectors
        self._directions = spread[:, -_DIRECTIONS:]
        self._along = m @ self._directions
        # Differences of squares may be wrong by this much of them; they must not be too small.
        rounding = self._rounding = 4 * m.shape[1] * np.finfo(float).eps
        squares = row_squares(m)
        across = np.maximum(0.0, squares - row_squares(self._along))
        self._beside = np.sqrt(across + rounding * squares)
        self._t, self._v = 0.0, np.zeros(m.shape[1])
        self._since, self._known = self._v, np.zeros(problem.n)  # v_0 and m_i . v_0
        self._looked = 0

    def add(self, item: int) -> None:
        """Add an item to the selection."""
        w = self._problem.weights[item]
        self._t, self._v = self._t + w, self._v + w * self._m[item]

    def scores(self, left: Mask) -> Floats:
        """Return gain per cost, shape (n,), of those left that may be the best; others ``-inf``."""
        problem = self._problem
        candidates = self._candidates(left)
        if self._looked > _SHARE * problem.n and self._since is not self._v:
            self._since, self._known, self._looked = self._v, self._m @ self._v, 0
            candidates = self._candidates(left)
        gain = self._gain(candidates)
        scores = np.full(problem.n, -np.inf)
        scores[candidates] = per_cost(gain, problem.costs[candidates])
        scores[candidates[gain < -self._tolerance]] = -np.inf
        return scores

    def _candidates(self, left: Mask) -> npt.NDArray[np.intp]:
        """Return the items whose bound reaches what the one of the best bound is worth."""
        costs = self._problem.costs
        scores = per_cost(self._bounds(), costs)
        scores[~left] = -np.inf
        most = np.argmax(scores, keepdims=True)
        reached = self._gain(most)
        if reached[0] < -self._tolerance:
            candidates = np.flatnonzero(left)
        else:
            candidates = np.flatnonzero(left & (scores >= per_cost(reached, costs[most])))
        self._looked += len(candidates)
        return candidates

    def _gain(self, items: npt.NDArray[np.intp]) -> Floats:
        problem = self._problem
        # einsum, for the product of a row must not depend on where the row lies: equals stay equal.
        company = np.einsum("ij,j->i", self._m[items], self._v)
        return np.asarray(problem.profits[items] + problem.weights[items] * (self._t - company))

    def _bounds(self) -> Floats:
        problem, change = self._problem, self._v - self._since
        inside = self._directions.T @ change
        square = float(change @ change)
        outside = math.sqrt(max(0.0, square - float(inside @ inside)) + self._rounding * square)
        products = self._known + self._along @ inside - outside * self._beside
        return np.asarray(
            problem.profits + problem.weights * (self._t - products) + self._tolerance
        )


def signature_order(problem: SignatureProblem) -> list[int]:
    """Return what greedy, by gain per cost, adds to nothing, in its order, where all is affordable.

    Parameters
    ----------
    problem
        Without constraints, and with a budget for all items.
    """
    grown = _SignatureGains(problem)
    left = np.ones(problem.n, dtype=bool)
    order: list[int] = []
    # Nothing is chosen, so no pair tells items apart: look at each item's pairs with all.
    everything = np.ones(problem.n, dtype=bool)
    scores = per_cost(0.5 * (gains(problem, everything) + problem.profits), problem.costs)
    scores[problem.profits < -resolution(problem)] = -np.inf
    while True:
        item = int(np.argmax(scores))
        if scores[item] == -np.inf:
            return order
        order.append(item)
        left[item] = False
        grown.add(item)
        scores = grown.scores(left)
