"""The bound of signature problems of any size by their concave relaxation.

With t = w.x the only convex part of the objective is ``t^2``. On an interval ``l <= t <= u`` the
secant gives ``t^2 <= (l + u) t - l u``, so

    g(x) = gain.x + 1/2 ((l + u) w.x - l u - |V^T x|^2 - c.x)

with rows ``w_i m_i`` of V and ``c_i = w_i^2 (1 - |m_i|^2)`` is concave and at least the objective
wherever t falls into the interval. At any point z, ``f(x) <= g(z) + grad g(z).(x - z)``, and the
right side is largest, over the budget, at the solution of a fractional knapsack.
Frank-Wolfe steps move z to lower that value, and every step yields a valid bound. The bound of the
whole is the largest over a partition of ``[0, t_max]``; the interval that binds is halved until the
secant no longer matters.

The knapsack may be replaced by any inequality that follows from it. One that does is the
cardinality: no selection has more items than the cheapest ones that fit. Where costs are nearly
equal it is much the tighter of the two, because a fractional knapsack buys a part of one more item.

References
----------
Frank, Wolfe: An algorithm for quadratic programming (1956).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from solver.model.problem import Floats, SignatureProblem
from solver.model.stop import Stop
from solver.model.vectors import row_squares
from solver.search.best_first import OpenNodes
from solver.search.knapsack import fractional_knapsack, most_items

# Frank-Wolfe steps on one interval, and intervals that may be looked at.
_STEPS, _INTERVALS = 150, 200
# An interval is done when point and bound are this share of the gap apart.
_CONVERGED = 0.02
# An interval is halved while its secant may err by more than this share of the gap.
_HALVE = 0.02
# What rounding may have taken off a bound, relative to the numbers it is a difference of.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, slots=True)
class Relaxation:
    """The data of g on k items, and the inequality that stands for the budget.

    Parameters
    ----------
    gain
        What each item adds to nothing, shape (k,).
    weights, directions, diagonal
        w, V and c of the items, shapes (k,), (k, r) and (k,).
    costs, allowance
        The inequality ``costs.x <= allowance``.
    """

    gain: Floats
    weights: Floats
    directions: Floats
    diagonal: Floats
    costs: Floats
    allowance: float


@dataclass(frozen=True, eq=False, slots=True)
class _Interval:
    """A range of t, and the point that its best bound was found at, shape (k,)."""

    low: float
    high: float
    point: Floats


def _tighten(
    data: Relaxation,
    best: float,
    interval: _Interval,
    target: float,
    give_up: Callable[[], bool],
) -> tuple[float, _Interval]:
    """Lower an interval's best bound by Frank-Wolfe steps from its point."""
    low, high = interval.low, interval.high
    linear = data.gain + 0.5 * ((low + high) * data.weights - data.diagonal)
    constant = -0.5 * low * high
    x = interval.point
    image = data.directions.T @ x
    for _ in range(_STEPS):
        gradient = linear - data.directions @ image
        height = constant + float(linear @ x - 0.5 * image @ image)
        vertex = fractional_knapsack(gradient, data.costs, data.allowance)
        step = vertex - x
        slope = float(gradient @ step)
        best = min(best, height + slope)
        if best <= target or slope <= _CONVERGED * (best - target) or give_up():
            break
        step_image = data.directions.T @ step
        curvature = float(step_image @ step_image)
        length = 1.0 if curvature <= slope else slope / curvature
        x = x + length * step
        image = image + length * step_image
    return best, _Interval(low, high, x)


def relax(data: Relaxation, target: float, give_up: Callable[[], bool]) -> float:
    """Return an upper bound on everything that can be chosen.

    Parameters
    ----------
    data
        The items.
    target
        A bound at or below this is as good as any other: the search for a lower one ends there.
    give_up
        Polled between steps; what has been proven by then is returned.
    """
    reach = fractional_knapsack(data.weights, data.costs, data.allowance)
    top = float(data.weights @ reach)
    # Before any step: f <= the best gains + t^2 / 2.
    gains = float(data.gain @ fractional_knapsack(data.gain, data.costs, data.allowance))
    known = gains + 0.5 * top * top
    first = _Interval(0.0, top, reach)

    def tightened(bound: float, interval: _Interval) -> tuple[float, _Interval]:
        return _tighten(data, bound, interval, target, give_up)

    def split(bound: float, worst: _Interval) -> list[tuple[float, _Interval]]:
        secant_error = (worst.high - worst.low) ** 2 / 8.0
        if secant_error <= _HALVE * (bound - target):
            return []
        middle = 0.5 * (worst.low + worst.high)
        ends = ((worst.low, middle), (middle, worst.high))
        return [tightened(bound, _Interval(low, high, worst.point)) for low, high in ends]

    intervals: OpenNodes[_Interval] = OpenNodes()
    intervals.add(*tightened(known, first))
    intervals.refine(target, _INTERVALS, split, give_up)
    return intervals.bound()


def _triangle(matrix: Floats) -> Floats:
    """Return R of the QR factorisation, so that ``|R x| = |matrix x|`` for every x."""
    r: Floats = np.linalg.qr(matrix, mode="r")  # type: ignore[assignment]  # numpy types mode="r" wrongly
    return r


def _whole(problem: SignatureProblem) -> Relaxation:
    """Return the relaxation of a whole problem, under its budget."""
    w, m = problem.weights, problem.vectors
    directions = w[:, None] * m
    if problem.n < directions.shape[1]:
        # |V^T x| needs only the n x n triangle of V^T: fewer columns, the same norms.
        directions = np.ascontiguousarray(_triangle(directions.T).T)
    diagonal = w**2 * (1.0 - row_squares(m))
    return Relaxation(
        gain=problem.profits,
        weights=w,
        directions=directions,
        diagonal=diagonal,
        costs=problem.costs,
        allowance=problem.allowance,
    )


def _counted(data: Relaxation) -> Relaxation:
    """Return the relaxation with the largest number of items in place of the budget."""
    most = most_items(data.costs, data.allowance)
    return replace(data, costs=np.ones_like(data.costs), allowance=float(most))


def signature_bound(problem: SignatureProblem, incumbent: float, stop: Stop) -> float:
    """Return a value that no feasible selection exceeds.

    By the budget itself, and by the number of items that it buys at most; the lower of the two.

    Parameters
    ----------
    problem
        All of its items can be paid.
    incumbent
        A known objective; nothing is refined that cannot beat it.
    stop
        Asked with the incumbent; what has been proven by then is returned.
    """
    data = _whole(problem)

    def give_up() -> bool:
        return stop(incumbent, math.inf) is not None

    bound = relax(data, incumbent, give_up)
    if bound > incumbent:
        bound = min(bound, relax(_counted(data), incumbent, give_up))
    reach = fractional_knapsack(problem.weights, problem.costs, problem.allowance)
    scale = 0.5 * float(problem.weights @ reach)
    terms = scale * scale + float(np.abs(problem.profits).sum())
    return bound + _ROUNDING * terms
