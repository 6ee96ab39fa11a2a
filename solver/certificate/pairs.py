"""Bounds of boxes for problems given by a matrix: Gallo, Hammer and Simeone's upper plane (1980).

``sum_i x_i (p_i + 1/2 sum_j q_ij x_j)``: each bracket by a fractional knapsack over what the budget
leaves beside i, the sum by one more. The form of a proof also has room for pair multipliers
(Caprara, Pisinger, Toth 1999), which the verifier knows and no proof made here uses.
"""

import math

import numpy as np

from solver.certificate.lines import budget_multiplier
from solver.certificate.proof import Leaf, PairCover, ProofPoint
from solver.model.problem import Floats, PairProblem
from solver.rules.rows import Box, RuleRows

# As in the verifier: worths that are all whole make a bound whole, where sums are exact.
_LARGEST_WHOLE = 2.0**40
_WHOLE_SLACK = 1e-6


def _line(worth: Floats, costs: Floats, left: float) -> float:
    left = max(0.0, left)
    multiplier, _ = budget_multiplier(worth, costs, left)
    return multiplier * left + float(np.maximum(worth - multiplier * costs, 0.0).sum())


class PairBounder:
    """Bounds boxes of one problem."""

    def __init__(self, problem: PairProblem, rules: RuleRows) -> None:
        self._rules = rules
        self._profits = problem.profits
        matrix = problem.utilities
        self._half = 0.5 * matrix
        self.points: list[ProofPoint] = []
        self._cover = PairCover()
        total = float(np.abs(matrix).sum() + np.abs(problem.profits).sum())
        whole = (matrix == np.floor(matrix)).all() and (
            problem.profits == np.floor(problem.profits)
        ).all()
        self._whole = bool(whole) and total < _LARGEST_WHOLE

    def _rounded(self, bound: Floats) -> Floats:
        return np.asarray(np.floor(bound + _WHOLE_SLACK)) if self._whole else bound

    def bound(self, box: Box, target: float, start: Leaf | None = None) -> Leaf:
        """Bound a box; see `solver.certificate.proof.Bounder`."""
        del target, start
        costs = self._rules.budget.coefficients
        free, n = np.flatnonzero(box.free), len(costs)
        worth = self._profits + self._half[:, box.taken].sum(axis=1)
        for item in np.flatnonzero(box.taken):
            worth[item] += _line(self._half[item, free], costs[free], box.left)
        for item in free:
            left = box.left - costs[item]
            others = free[(free != item) & (costs[free] <= max(0.0, left) * (1.0 + 1e-12))]
            worth[item] += _line(self._half[item, others], costs[others], left)
        multiplier, vertex = budget_multiplier(worth[free], costs[free], box.left)
        reduced = worth - multiplier * costs
        total = multiplier * box.left + float(worth[box.taken].sum())
        total += float(np.maximum(reduced[free], 0.0).sum())
        point = box.taken.astype(float)
        point[free] = vertex
        if_out, if_in = np.full(n, -math.inf), np.full(n, -math.inf)
        if_out[free] = total - np.maximum(reduced[free], 0.0)
        if_in[free] = total - np.maximum(-reduced[free], 0.0)
        bounds = self._rounded(np.concatenate([[total], if_out, if_in]))
        return Leaf(float(bounds[0]), self._cover, point, bounds[1 : n + 1], bounds[n + 1 :])
