"""Bounds of boxes, for both forms of a problem.

For a matrix: Gallo, Hammer and Simeone's upper plane (1980),
``sum_i x_i (p_i + 1/2 sum_j q_ij x_j)``. Each bracket is a fractional knapsack over what the budget
leaves beside i, the sum is one more. The form of a proof also has room for pair multipliers
(Caprara, Pisinger, Toth 1999). The verifier knows them, and no proof that is made here uses them.

For signatures: the concave relaxation of `solver.signatures.relaxation` on all items at once. What
is decided is simply 0 or 1. A point found for one box is valid for every other, so a child first
looks at its parent's points and improves only what is still above the target.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.certificate.lines import Multipliers, budget_multiplier, height
from solver.certificate.proof import Leaf, PairCover, ProofPoint, SignatureCover, Stretch
from solver.model.problem import Floats, PairProblem, SignatureProblem
from solver.rules.rows import Box, RuleRow, RuleRows
from solver.search.best_first import OpenNodes

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


# Frank-Wolfe steps on one stretch at most, and rounds of steps and multipliers.
_STEPS = 80
_ROUNDS = 2
# Stretches of one box at most.
_STRETCHES = 60
# A stretch is halved while its secant may err by more than this share of the gap.
_HALVE = 0.1
# Steps end when point and bound are this share of the gap apart.
_CONVERGED = 0.03
# A point's values are written with so many digits: any point is valid.
_DIGITS = 9
# What is added at both ends of t against rounding, relative to t.
_MARGIN = 1e-9
# A gap between stretches and the range of t below this part of t is rounding.
_SLIVER = 1e-6


@dataclass(frozen=True, eq=False, slots=True)
class _Piece:
    """A stretch with its bound, the worth of items on it, and its point; shapes (n,)."""

    bound: float
    stretch: Stretch
    worth: Floats
    point: Floats


class SignatureBounder:
    """Bounds boxes of one problem; keeps every tangent point that it finds."""

    def __init__(
        self,
        problem: SignatureProblem,
        rules: RuleRows,
        give_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._rules = rules
        self._give_up = give_up
        self._w = np.asarray(problem.weights, dtype=np.float64)
        vectors = np.asarray(problem.vectors, dtype=np.float64)
        self._rows = self._w[:, None] * vectors
        squares = np.einsum("ij,ij->i", vectors, vectors)
        self._linear = problem.profits - 0.5 * self._w**2 * (1.0 - squares)
        if problem.n < vectors.shape[1]:
            # Norms of V^T x need only the triangle of V^T: fewer columns.
            triangle = np.linalg.qr(self._rows.T, mode="r")
            self._rows = np.ascontiguousarray(np.asarray(triangle).T)
        self.points: list[ProofPoint] = []
        self._tangents: list[tuple[Floats, Floats, float]] = []

    def _add(self, x: Floats) -> int:
        """Keep a tangent point; return its number."""
        x = np.round(x, _DIGITS)
        items = np.flatnonzero(x)
        u = x[items] @ self._rows[items]
        self.points.append(ProofPoint(tuple(items.tolist()), tuple(x[items].tolist())))
        self._tangents.append((x, self._rows @ u, 0.5 * float(u @ u)))
        return len(self.points) - 1

    def _worth(self, low: float, high: float, point: int) -> tuple[Floats, float]:
        """Return the linear worth of items on a stretch, and the constant beside it."""
        _, image, half = self._tangents[point]
        slope = 0.5 * (low + high)
        line = max(0.5 * low * low - slope * low, 0.5 * high * high - slope * high)
        return self._linear + slope * self._w - image, half + line

    def _evaluate(
        self, low: float, high: float, point: int, lines: Multipliers
    ) -> tuple[_Piece, Floats]:
        """Return the piece of a known point, and the vertex of its free items."""
        worth, constant = self._worth(low, high, point)
        bound, vertex, named = lines.vertex(worth)
        piece = _Piece(
            constant + bound, Stretch(low, high, point, named), worth, self._tangents[point][0]
        )
        return piece, vertex

    def _descend(self, piece: _Piece, box: Box, lines: Multipliers, target: float) -> _Piece:
        """Lower a piece's bound by Frank-Wolfe steps from its point."""
        low, high = piece.stretch.low, piece.stretch.high
        slope = 0.5 * (low + high)
        line = max(0.5 * low * low - slope * low, 0.5 * high * high - slope * high)
        linear = self._linear + slope * self._w
        x = np.where(box.free, piece.point, box.taken.astype(float))
        u = x @ self._rows
        best, best_x = math.inf, x
        for _ in range(_STEPS):
            worth = linear - self._rows @ u
            bound, vertex, _ = lines.vertex(worth)
            bound += line + 0.5 * float(u @ u)
            if bound < best:
                best, best_x = bound, x.copy()
            step = box.taken.astype(float)
            step[box.free] = vertex
            step -= x
            rise = float(worth @ step)
            if best <= target or rise <= _CONVERGED * (best - target) or self._give_up():
                break
            move = step @ self._rows
            curvature = float(move @ move)
            length = 1.0 if curvature <= rise else rise / curvature
            x = x + length * step
            u = u + length * move
        if best >= piece.bound:
            return piece
        better, _ = self._evaluate(low, high, self._add(best_x), lines)
        return min(better, piece, key=lambda some: some.bound)

    def _tighten(self, piece: _Piece, box: Box, lines: Multipliers, target: float) -> _Piece:
        """Lower a piece's bound until it is at the target, or nothing more helps."""
        for _ in range(_ROUNDS):
            before = piece.bound
            if piece.bound <= target or self._give_up():
                break
            lines.improve(piece.worth)
            low, high = piece.stretch.low, piece.stretch.high
            again, _ = self._evaluate(low, high, piece.stretch.point, lines)
            piece = min(piece, again, key=lambda some: some.bound)
            if piece.bound > target:
                piece = self._descend(piece, box, lines, target)
            if before - piece.bound <= _HALVE * max(0.0, before - target):
                break
        return piece

    def _inherited(
        self, box: Box, start: Leaf | None, rows: dict[str, RuleRow]
    ) -> tuple[float, list[tuple[float, float, int, dict[str, float]]]]:
        """Return the multiplier that bounds t, and the stretches to begin with."""
        _, _, named = Multipliers(box, rows).vertex(self._w)
        reach = named["budget"]
        top = height(self._w, box, rows, {"budget": reach})[0] * (1.0 + _MARGIN)
        bottom = float(self._w[box.taken].sum()) * (1.0 - _MARGIN)
        if start is None or not isinstance(start.cover, SignatureCover):
            x = box.taken.astype(float)
            x[box.free] = Multipliers(box, rows).vertex(self._w)[1]
            return reach, [(bottom, top, self._add(x), {})]
        kept = [
            (max(bottom, s.low), min(top, s.high), s.point, dict(s.multipliers))
            for s in start.cover.stretches
            if s.high >= bottom and s.low <= top
        ]
        if not kept:
            x = box.taken.astype(float)
            return reach, [(bottom, top, self._add(x), {})]
        # A parent's stretches reach as far as its children's t; where rounding says otherwise the
        # stretch is lengthened, and a start from elsewhere gets what it lacks.
        low, high, point, named = kept[0]
        if low - bottom > _SLIVER * top:
            kept.insert(0, (bottom, low, point, named))
        else:
            kept[0] = (min(low, bottom), high, point, named)
        low, high, point, named = kept[-1]
        if top - high > _SLIVER * top:
            kept.append((high, top, point, named))
        else:
            kept[-1] = (low, max(high, top), point, named)
        return reach, kept

    def bound(self, box: Box, target: float, start: Leaf | None = None) -> Leaf:
        """Bound a box; see `Bounder`."""
        rows = {**self._rules.rows, "count": self._rules.count(box)}
        reach, known = self._inherited(box, start, rows)
        lines = Multipliers(box, rows)

        def tightened(
            low: float, high: float, point: int, named: dict[str, float]
        ) -> tuple[float, _Piece]:
            lines.fixed = {key: value for key, value in named.items() if key != "budget"}
            piece, _ = self._evaluate(low, high, point, lines)
            piece = self._tighten(piece, box, lines, target)
            return piece.bound, piece

        def split(bound: float, worst: _Piece) -> list[tuple[float, _Piece]]:
            low, high, point = worst.stretch.low, worst.stretch.high, worst.stretch.point
            if (high - low) ** 2 / 8.0 <= _HALVE * (bound - target):
                return []
            middle, named = 0.5 * (low + high), dict(worst.stretch.multipliers)
            return [tightened(*ends, point, named) for ends in ((low, middle), (middle, high))]

        pieces: OpenNodes[_Piece] = OpenNodes()
        for start_piece in known:
            pieces.add(*tightened(*start_piece))
        pieces.refine(target, _STRETCHES - len(pieces), split, self._give_up)
        return self._leaf(box, rows, reach, pieces)

    def _leaf(
        self, box: Box, rows: dict[str, RuleRow], reach: float, pieces: OpenNodes[_Piece]
    ) -> Leaf:
        if_out, if_in = np.full(len(self._w), -math.inf), np.full(len(self._w), -math.inf)
        for piece in pieces:
            _, left = height(piece.worth, box, rows, piece.stretch.multipliers)
            if_out = np.maximum(if_out, piece.bound - np.maximum(left, 0.0))
            if_in = np.maximum(if_in, piece.bound - np.maximum(-left, 0.0))
        stretches = sorted((piece.stretch for piece in pieces), key=lambda some: some.low)
        bound, worst = pieces.top
        return Leaf(bound, SignatureCover(reach, tuple(stretches)), worst.point, if_out, if_in)
