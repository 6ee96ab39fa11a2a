"""The concave relaxation that bounds and branch and bound share.

With t = w.x the only convex part of the objective is ``t^2``. On an interval ``l <= t <= u`` the
secant gives ``t^2 <= (l + u) t - l u``, so

    g(x) = base + gain.x + 1/2 ((l + u) w.x - l u - |V^T x|^2 - c.x)

with rows ``w_i m_i`` of V and ``c_i = w_i^2 (1 - |m_i|^2)`` is concave and at least the objective
wherever t falls into the interval. At any point z, ``f(x) <= g(z) + grad g(z).(x - z)``, and the
right side is largest, over the budget, at the solution of a fractional knapsack: a sort.
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

from collections.abc import Callable
from dataclasses import dataclass

from solver.model.problem import Floats
from solver.search.best_first import OpenNodes
from solver.search.knapsack import fractional_knapsack


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try.

    Parameters
    ----------
    steps
        Frank-Wolfe steps on one interval.
    intervals
        Intervals that may be looked at.
    converged
        An interval is done when point and bound are this share of the gap apart.
    halve
        An interval is halved while its secant may err by more than this share of the gap.
    """

    steps: int
    intervals: int
    converged: float
    halve: float


THOROUGH = Effort(steps=150, intervals=200, converged=0.02, halve=0.02)
QUICK = Effort(steps=60, intervals=12, converged=0.05, halve=0.2)


@dataclass(frozen=True, eq=False, slots=True)
class Relaxation:
    """The data of g on k undecided items, and the inequality that stands for the budget.

    Parameters
    ----------
    base
        Worth of what is decided already.
    gain
        What each undecided item adds to that, shape (k,).
    weights, directions, diagonal
        w, V and c of the undecided items, shapes (k,), (k, r) and (k,).
    costs, allowance
        The inequality ``costs.x <= allowance``.
    """

    base: float
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


@dataclass(frozen=True, eq=False, slots=True)
class Relaxed:
    """A bound, and the point at which it was found, shape (k,)."""

    bound: float
    point: Floats


def _tighten(
    data: Relaxation,
    best: float,
    interval: _Interval,
    target: float,
    effort: Effort,
    give_up: Callable[[], bool],
) -> tuple[float, _Interval]:
    """Lower an interval's best bound by Frank-Wolfe steps from its point."""
    low, high = interval.low, interval.high
    linear = data.gain + 0.5 * ((low + high) * data.weights - data.diagonal)
    constant = data.base - 0.5 * low * high
    x = interval.point
    image = data.directions.T @ x
    for _ in range(effort.steps):
        gradient = linear - data.directions @ image
        height = constant + float(linear @ x - 0.5 * image @ image)
        vertex = fractional_knapsack(gradient, data.costs, data.allowance)
        step = vertex - x
        slope = float(gradient @ step)
        best = min(best, height + slope)
        if best <= target or slope <= effort.converged * (best - target) or give_up():
            break
        step_image = data.directions.T @ step
        curvature = float(step_image @ step_image)
        length = 1.0 if curvature <= slope else slope / curvature
        x = x + length * step
        image = image + length * step_image
    return best, _Interval(low, high, x)


def relax(
    data: Relaxation,
    target: float,
    effort: Effort,
    give_up: Callable[[], bool],
    start: Floats | None = None,
) -> Relaxed:
    """Return an upper bound on everything that can still be chosen.

    Parameters
    ----------
    data
        What is undecided.
    target
        A bound at or below this is as good as any other: the search for a lower one ends there.
    effort
        How hard to try.
    give_up
        Polled between steps; whatever has been proven by then is returned.
    start
        A feasible point to start from, shape (k,).

    Returns
    -------
    Relaxed
        The bound holds whenever the search ended.
    """
    reach = fractional_knapsack(data.weights, data.costs, data.allowance)
    top = float(data.weights @ reach)
    # Before any step: f <= base + the best gains + t^2 / 2.
    gains = float(data.gain @ fractional_knapsack(data.gain, data.costs, data.allowance))
    known = data.base + gains + 0.5 * top * top
    first = _Interval(0.0, top, reach if start is None else start)

    def tightened(bound: float, interval: _Interval) -> tuple[float, _Interval]:
        return _tighten(data, bound, interval, target, effort, give_up)

    def split(bound: float, worst: _Interval) -> list[tuple[float, _Interval]]:
        secant_error = (worst.high - worst.low) ** 2 / 8.0
        if secant_error <= effort.halve * (bound - target):
            return []
        middle = 0.5 * (worst.low + worst.high)
        ends = ((worst.low, middle), (middle, worst.high))
        return [tightened(bound, _Interval(low, high, worst.point)) for low, high in ends]

    intervals: OpenNodes[_Interval] = OpenNodes()
    intervals.add(*tightened(known, first))
    intervals.refine(target, effort.intervals, split, give_up)
    bound, worst = intervals.top
    return Relaxed(bound, worst.point)
