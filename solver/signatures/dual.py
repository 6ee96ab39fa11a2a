"""A valid upper bound from one direction, at every t, in a handful of operations per item.

For any direction u, slope s, price ``p >= 0`` and range ``l <= t <= r``, from
``-|v|^2 / 2 <= |u|^2 / 2 - u.v`` and from ``t^2 / 2 <= s t - l r / 2`` with ``s = (l + r) / 2``,

    f(x) <= |u|^2 / 2 - l r / 2 + p B + sum_i max(0, w_i (s - m_i.u) + q_i - p a_i)

for every affordable x whose t lies in the range, where ``q_i`` is the linear worth of an item (its
profit less half of ``w_i^2 (1 - |m_i|^2)``). The products ``m_i.u`` are one pass over the vectors;
after it s, p and a factor on u are free at O(n). As v grows in proportion to t, the direction for s
is u times ``s / t`` of the point that u comes from. So one pass bounds all of ``[0, t_max]``.

Rounding: each product is off by at most ``(d + 2) 2^-53 |m_i| |u|`` (`solver.signatures.passes`),
and the other operations on an item by a few units of its terms. That much is added to each item's
term before it is compared with 0, and the error of the sums to the total, so the bound holds for
real numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.model.problem import Floats
from solver.search.best_first import OpenNodes
from solver.search.knapsack import unit_price

_UNIT = 2.0**-53
# Norms of vectors after float32 arithmetic stay below this.
_LONGEST = 1.0001


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Linear:
    """What an item is worth and costs, but for the company it is in.

    Parameters
    ----------
    weights, worth, costs
        ``w``, ``q`` and ``a``, shape (n,). Items that cost more than the allowance have weight 0
        and a worth below 0, so that nothing counts them.
    allowance
        B.
    top
        No affordable selection has a larger t.
    """

    weights: Floats
    worth: Floats
    costs: Floats
    allowance: float
    top: float

    @property
    def rounding(self) -> Floats:
        """8 units of the worth of each item, shape (n,)."""
        return np.asarray((8 * _UNIT) * np.abs(self.worth))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Direction:
    """A direction u, and the products of all vectors with it.

    Parameters
    ----------
    length
        ``|u|``.
    slope
        t of the point it comes from, above 0.
    products
        ``m_i.u``, shape (n,).
    dimension
        d.
    """

    length: float
    slope: float
    products: Floats
    dimension: int

    @property
    def error(self) -> float:
        """No product is further off than this."""
        return _LONGEST * (self.dimension + 2) * _UNIT * self.length


def direction(vector: Floats, slope: float, products: Floats) -> Direction:
    """Return a direction from u, the t of its point, and the products of all vectors with u."""
    # Any factor on u is valid: where t is 0 it does not matter which.
    return Direction(
        length=float(np.linalg.norm(vector)),
        slope=slope if slope > 0 else 1.0,
        products=products,
        dimension=len(vector),
    )


@dataclass(frozen=True, slots=True)
class DualBound:
    """A bound on one range of t, and the s, the factor on u and the price that prove it."""

    bound: float
    slope: float
    factor: float
    price: float
    using: Direction


def scores(data: Linear, proof: DualBound) -> Floats:
    """Return each item's reduced worth ``w (s - m.u) + q - p a``, shape (n,)."""
    company = proof.slope - proof.factor * proof.using.products
    return data.weights * company + data.worth - proof.price * data.costs


def bound_between(
    data: Linear, using: Direction, low: float, high: float, guess: float = 0.0
) -> DualBound:
    """Return a bound on every affordable selection whose t lies in [low, high].

    `guess` is where the price may be (`solver.search.knapsack.unit_price`).
    """
    slope = 0.5 * (low + high)
    factor = slope / using.slope
    alone = using.products * -factor
    alone += slope
    alone *= data.weights
    alone += data.worth
    price = unit_price(alone, data.costs, data.allowance, guess)
    # Of each item's term: the product's error, and 8 units of everything that it is made of.
    each = factor * using.error + (8 * _UNIT) * (slope + factor * _LONGEST * using.length)
    terms = alone
    terms -= (price * (1.0 - 8 * _UNIT)) * data.costs
    terms += each * data.weights
    terms += data.rounding
    total = float(np.maximum(terms, 0.0, out=terms).sum())
    norm = 0.5 * (factor * using.length) ** 2
    budget = price * data.allowance
    # A sum of n numbers of one sign is off by n units of it at most, |u|^2 by d.
    units = (len(terms) + using.dimension + 16) * _UNIT
    slack = units * (total + norm + budget + 0.5 * low * high)
    return DualBound(norm - 0.5 * low * high + budget + total + slack, slope, factor, price, using)


@dataclass(frozen=True, slots=True)
class _Range:
    """A range of t; `seen` directions have been tried on it, and the best gave the proof."""

    low: float
    high: float
    seen: int
    proof: DualBound


class Ranges:
    """A partition of ``[0, t_max]`` with the best bound known on each of its ranges.

    It is refined where it binds, and only as far as that matters for a target. What has been proven
    stays proven: another target or another direction goes on from there.

    Parameters
    ----------
    data
        The items.
    first
        The first direction.
    known
        A bound known already.
    """

    def __init__(self, data: Linear, first: Direction, known: float = np.inf) -> None:
        self._data = data
        self._using = [first]
        proof = bound_between(data, first, 0.0, data.top)
        self._open: OpenNodes[_Range] = OpenNodes()
        self._open.add(min(proof.bound, known), _Range(0.0, data.top, 1, proof))

    def add(self, another: Direction) -> None:
        """Let a further direction bound what the ones so far bound badly."""
        self._using.append(another)

    @property
    def directions(self) -> int:
        """Number of directions."""
        return len(self._using)

    @property
    def bound(self) -> float:
        """No affordable selection is worth more."""
        return self._open.top[0]

    @property
    def binding(self) -> DualBound:
        """The proof of the range that binds."""
        return self._open.top[1].proof

    def pieces(self) -> list[tuple[float, DualBound]]:
        """Return the upper end of each range and its proof, from the lowest range to the highest.

        The proof of a range that was only ever bounded by what was known before is its own.
        """
        return sorted(((one.high, one.proof) for one in self._open), key=lambda piece: piece[0])

    def _retried(self, known: float, worst: _Range) -> tuple[float, _Range]:
        """Bound a range by the directions that it has not seen."""
        best, bound = worst.proof, known
        for one in self._using[worst.seen :]:
            proof = bound_between(self._data, one, worst.low, worst.high, best.price)
            if proof.bound < bound:
                best, bound = proof, proof.bound
        return bound, _Range(worst.low, worst.high, len(self._using), best)

    def _halves(self, known: float, worst: _Range) -> list[tuple[float, _Range]]:
        middle, guess = 0.5 * (worst.low + worst.high), worst.proof.price
        halves = []
        for low, high in ((worst.low, middle), (middle, worst.high)):
            proofs = [bound_between(self._data, one, low, high, guess) for one in self._using]
            best = min(proofs, key=lambda proof: proof.bound)
            halves.append((min(best.bound, known), _Range(low, high, len(self._using), best)))
        return halves

    def refine(
        self, target: float, *, most: int, halve: float = 0.1, give_up: Callable[[], bool]
    ) -> None:
        """Lower the bound.

        Parameters
        ----------
        target
            A known objective: a range bounded by it is not looked at again.
        most
            How many ranges may be looked at.
        halve
            The range that binds is halved while its secant may err by more than this share of what
            is left between bound and target.
        give_up
            Polled.
        """

        def split(bound: float, worst: _Range) -> list[tuple[float, _Range]]:
            if worst.seen < len(self._using):
                return [self._retried(bound, worst)]
            secant_error = (worst.high - worst.low) ** 2 / 8.0
            return self._halves(bound, worst) if secant_error > halve * (bound - target) else []

        self._open.refine(target, most, split, give_up)
