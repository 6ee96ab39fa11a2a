"""A large pool of items as the relaxation sees it: points, steps, gains, and the core of doubt.

Every method costs a pass over the vectors or less (`solver.signatures.passes`); nothing n x n
exists, and no copy of the vectors.
"""

import math
from dataclasses import dataclass

import numpy as np

from solver.model.problem import Floats, Mask
from solver.search.knapsack import fractional, largest_total
from solver.signatures.dual import Linear
from solver.signatures.exchange import ExchangeCore
from solver.signatures.passes import Items, Passes

_EPS = float(np.finfo(np.float64).eps)


@dataclass(eq=False, slots=True)
class DualPoint:
    """A point of the relaxation: x, shape (n,), its v, shape (d,), its t, and the last price."""

    x: Floats
    image: Floats
    slope: float
    price: float


class LargePool:
    """Items under one budget, their vectors behind passes.

    Parameters
    ----------
    weights, profits, costs
        Shape (n,); profits of any sign.
    allowance
        The budget.
    passes
        Over the vectors.
    """

    def __init__(
        self, weights: Floats, profits: Floats, costs: Floats, allowance: float, passes: Passes
    ) -> None:
        self.passes = passes
        self.profits = profits
        self.affordable = costs <= allowance
        w = np.where(self.affordable, weights, 0.0)
        # x_i^2 = x_i: the diagonal of the quadratic form is worth the same as a linear term.
        self.diagonal = w**2 * (1.0 - passes.squares())
        top = largest_total(w, costs, allowance)
        worth = np.where(self.affordable, profits - 0.5 * self.diagonal, -1.0)
        self.data = Linear(weights=w, worth=worth, costs=costs, allowance=allowance, top=top)
        self.resolution = 8 * _EPS * float(w.max(initial=0.0)) * top
        """A difference between two gains that is still rounding."""

    def fits(self, chosen: Mask) -> bool:
        """Return whether a selection is within the budget."""
        return math.fsum(self.data.costs[chosen]) <= self.data.allowance

    def value(self, chosen: Mask) -> float:
        """Return the objective of a selection."""
        items = np.flatnonzero(chosen)
        w = self.data.weights[items]
        t, v = float(w.sum()), self.passes.combine(items, w)
        return 0.5 * (t * t - float(v @ v)) + float(self.data.worth[items].sum())

    def gains(self, chosen: Mask) -> Floats:
        """Return what each item adds to a selection, or is worth within it, shape (n,)."""
        items = np.flatnonzero(chosen)
        w = self.data.weights[items]
        products = self.passes.project(self.passes.combine(items, w))
        own = np.where(chosen, self.diagonal, 0.0)
        company = self.data.weights * (float(w.sum()) - products)
        return np.asarray(company - own + self.profits)

    # -- the relaxation -------------------------------------------------------------------------

    def relaxed_value(self, point: DualPoint) -> float:
        """Return the relaxation at a point, with ``t^2`` as it is there."""
        quadratic = point.slope * point.slope - float(point.image @ point.image)
        return 0.5 * quadratic + float(self.data.worth @ point.x)

    def start(self) -> DualPoint:
        """Return what the relaxation's gradient at nothing buys."""
        data = self.data
        return self._bought(data.worth + 0.5 * data.top * data.weights, 0.0)

    def _bought(self, worth: Floats, guess: float) -> DualPoint:
        """Return the point that a fractional knapsack buys; `guess` is where its price may be."""
        x = np.zeros(len(worth))
        _, price = fractional(worth, self.data.costs, self.data.allowance, guess, x)
        items = np.flatnonzero(x)
        amounts = self.data.weights[items] * x[items]
        image = self.passes.combine(items, amounts)
        return DualPoint(x, image, float(amounts.sum()), price)

    def step(self, point: DualPoint, slope: float | None = None) -> tuple[float, Mask]:
        """Move a point by one Frank-Wolfe step.

        Parameters
        ----------
        point
            Changed.
        slope
            Of ``t^2 / 2``; None for t itself, which makes the linear model a minorant that touches.

        Returns
        -------
        tuple[float, Mask]
            What the linear model promised, at least 0 but for rounding; and a selection: what the
            model buys whole.
        """
        data = self.data
        gradient = self.passes.project(point.image)
        np.subtract(point.slope if slope is None else slope, gradient, out=gradient)
        gradient *= data.weights
        gradient += data.worth
        vertex = self._bought(gradient, point.price)
        whole = vertex.x >= 1.0
        step = vertex.x - point.x
        image = vertex.image - point.image
        promise = float(gradient @ step)
        bend = float(image @ image)
        length = min(1.0, promise / bend) if bend > 0 else 1.0
        length = max(0.0, length)
        step *= length
        point.x += step
        point.image += length * image
        point.slope += length * (vertex.slope - point.slope)
        point.price = vertex.price
        return promise, whole

    # -- the core ---------------------------------------------------------------------------------

    def core(self, reduced: Floats, chosen: Mask, size: int) -> tuple[Items, ExchangeCore]:
        """Return the items of least reduced worth, and their problem given the rest of `chosen`.

        Parameters
        ----------
        reduced
            Gain less price times cost, shape (n,).
        chosen
            Decides whatever is not in the core, shape (n,).
        size
            Items in the core at most.
        """
        data = self.data
        alive = np.flatnonzero(self.affordable)
        if size < len(alive):
            alive = alive[np.argpartition(np.abs(reduced[alive]), size - 1)[:size]]
        items = np.sort(alive)
        fixed = chosen.copy()
        fixed[items] = False
        others = np.flatnonzero(fixed)
        w_others, w = data.weights[others], data.weights[items]
        rows = self.passes.rows(items).astype(np.float64)
        pairs = np.outer(w, w) * (1.0 - rows @ rows.T)
        pairs = 0.5 * (pairs + pairs.T)
        np.fill_diagonal(pairs, 0.0)
        company = rows @ self.passes.combine(others, w_others)
        core = ExchangeCore(
            worth=w * (float(w_others.sum()) - company) + self.profits[items],
            pairs=pairs,
            costs=data.costs[items],
            allowance=data.allowance - math.fsum(data.costs[others]),
            threshold=self.resolution,
        )
        return items, core
