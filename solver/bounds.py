"""Upper bounds: no feasible selection is worth more.

For signatures the only convex part of the objective is ``t^2``, and t is one number. On an
interval ``l <= t <= u`` the secant gives ``t^2 <= (l + u) t - l u``, so

    g(x) = 1/2 ((l + u) w.x - l u - |V^T x|^2 - c.x)

with rows ``w_i m_i`` of V and ``c_i = w_i^2 (1 - |m_i|^2)`` is concave and at least f wherever t
falls into the interval. At any point z, ``f(x) <= g(z) + grad g(z).(x - z)``, and the right side is
largest, over the budget, at the solution of a fractional knapsack: a sort. Frank-Wolfe steps move
z to lower that value, and every step yields a valid bound. The problem's bound is the largest over
a partition of ``[0, t_max]``; the interval that binds is halved until the secant no longer matters.

For pair matrices the bound is Gallo, Hammer and Simeone's upper plane (1980): each item is
credited with half of the best company that the rest of the budget could buy.

References
----------
Frank, Wolfe: An algorithm for quadratic programming (1956).
Gallo, Hammer, Simeone: Quadratic knapsack problems (1980).
"""

import heapq
import math
from dataclasses import dataclass, field

import numpy as np

from solver.objective import per_cost, profits
from solver.problem import Floats, PairProblem, Problem, SignatureProblem, take
from solver.stop import Stop

# Frank-Wolfe steps on one interval before it is halved or given up.
_STEPS = 150
# Intervals looked at in all; below a secant error of this share of the gap halving is useless.
_INTERVALS = 200
_SECANT_SHARE = 0.02
# What rounding may have taken off a bound, relative to it.
_ROUNDING = 1e-12


def fractional_knapsack(worth: Floats, costs: Floats, allowance: float) -> Floats:
    """Return the x in [0, 1]^n with ``costs.x <= allowance`` that maximises ``worth.x``.

    Dantzig (1957): by worth per cost, the last item that fits only in part taken in part.
    """
    order = np.argsort(-per_cost(worth, costs), kind="stable")
    order = order[worth[order] > 0]
    ends = np.cumsum(costs[order])
    whole = int(np.searchsorted(ends, allowance, side="right"))
    x = np.zeros(len(worth))
    x[order[:whole]] = 1.0
    if whole < len(order):
        left = allowance - (ends[whole - 1] if whole else 0.0)
        x[order[whole]] = max(0.0, left) / costs[order[whole]]
    return x


@dataclass(frozen=True, eq=False, slots=True)
class _Relaxation:
    """The arrays of g that do not depend on the interval."""

    weights: Floats
    directions: Floats
    diagonal: Floats
    costs: Floats
    allowance: float


@dataclass(order=True, slots=True)
class _Interval:
    """A range of t with the best bound known on it; heap order is largest bound first."""

    key: float
    low: float = field(compare=False)
    high: float = field(compare=False)
    point: Floats = field(compare=False)

    @property
    def bound(self) -> float:
        return -self.key

    @property
    def secant_error(self) -> float:
        return (self.high - self.low) ** 2 / 8.0


def _tighten(data: _Relaxation, interval: _Interval, incumbent: float, stop: Stop) -> _Interval:
    """Lower an interval's bound by Frank-Wolfe steps from its point."""
    low, high = interval.low, interval.high
    linear = 0.5 * ((low + high) * data.weights - data.diagonal)
    x, best = interval.point, interval.bound
    image = data.directions.T @ x
    for _ in range(_STEPS):
        gradient = linear - data.directions @ image
        height = float(linear @ x - 0.5 * low * high - 0.5 * image @ image)
        vertex = fractional_knapsack(gradient, data.costs, data.allowance)
        step = vertex - x
        slope = float(gradient @ step)
        best = min(best, height + slope)
        # Converged: what is left between point and bound is small beside the gap to close.
        if best <= incumbent or slope <= _SECANT_SHARE * (best - incumbent):
            break
        if stop(incumbent, math.inf) is not None:
            break
        step_image = data.directions.T @ step
        curvature = float(step_image @ step_image)
        length = 1.0 if curvature <= slope else slope / curvature
        x = x + length * step
        image = image + length * step_image
    return _Interval(-best, low, high, x)


def _triangle(matrix: Floats) -> Floats:
    """Return R of the QR factorisation, so that ``|R x| = |matrix x|`` for every x."""
    r: Floats = np.linalg.qr(matrix, mode="r")  # type: ignore[assignment]  # numpy types mode="r" wrongly
    return r


def _signature_bound(problem: SignatureProblem, incumbent: float, stop: Stop) -> float:
    w, m = problem.weights, problem.vectors
    directions = w[:, None] * m
    if problem.n < directions.shape[1]:
        # |V^T x| needs only the n x n triangle of V^T: fewer columns, the same norms.
        directions = np.ascontiguousarray(_triangle(directions.T).T)
    diagonal = w**2 * (1.0 - np.einsum("ij,ij->i", m, m))
    data = _Relaxation(w, directions, diagonal, problem.costs, problem.allowance)
    reach = fractional_knapsack(w, problem.costs, problem.allowance)
    top = float(w @ reach)
    # Before any step: f <= t^2 / 2.
    heap = [_tighten(data, _Interval(-0.5 * top * top, 0.0, top, reach), incumbent, stop)]
    for _ in range(_INTERVALS):
        worst = heap[0]
        settled = worst.secant_error <= _SECANT_SHARE * (worst.bound - incumbent)
        if worst.bound <= incumbent or settled or stop(incumbent, worst.bound) is not None:
            break
        heapq.heappop(heap)
        middle = 0.5 * (worst.low + worst.high)
        for low, high in ((worst.low, middle), (middle, worst.high)):
            half = _Interval(worst.key, low, high, worst.point)
            heapq.heappush(heap, _tighten(data, half, incumbent, stop))
    return heap[0].bound


def _pair_bound(problem: PairProblem) -> float:
    helpful = np.maximum(problem.utilities, 0.0)
    worth = profits(problem).copy()
    for item in range(problem.n):
        rest = problem.allowance - problem.costs[item]
        if rest < 0:
            worth[item] = 0.0
            continue
        company = fractional_knapsack(helpful[item], problem.costs, rest)
        worth[item] += 0.5 * float(helpful[item] @ company)
    return float(worth @ fractional_knapsack(worth, problem.costs, problem.allowance))


def upper_bound(problem: Problem, incumbent: float, stop: Stop) -> float:
    """Return a value that no feasible selection exceeds.

    Parameters
    ----------
    problem
        The problem.
    incumbent
        A known objective; intervals that cannot beat it are not refined.
    stop
        Asked with the incumbent and the bound so far; whatever has been proven by then is returned.

    Returns
    -------
    float
        At least `incumbent`.
    """
    affordable = problem.costs <= problem.allowance
    if not affordable.all():
        # What no budget of this size can buy only blurs the bound.
        problem = take(problem, np.flatnonzero(affordable))
    if isinstance(problem, SignatureProblem):
        bound = _signature_bound(problem, incumbent, stop)
    else:
        bound = _pair_bound(problem)
    return max(incumbent, bound + _ROUNDING * abs(bound))
