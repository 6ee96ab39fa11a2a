"""Subgradient steps on the undecided items of one node, and the bound as it is written down."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.model.problem import Floats
from solver.pairs.lagrangian import lagrangian
from solver.rules.arrays import IN, OUT

# Steps at the root in slices, between which a criterion may stop the search; and at other nodes.
_ROOT_STEPS, _ROOT_PATIENCE, _SLICE = 1500, 10, 2_000_000
_STEPS, _PATIENCE = 40, 4


@dataclass(frozen=True, eq=False, slots=True)
class PairProof:
    """A bound as it is written down.

    Parameters
    ----------
    items, multipliers
        The undecided items, shape (k,), and the upper triangle of M, shape (k (k - 1) / 2,).
    price, count_multiplier
        Of the budget and of the number of items.
    taken, refused
        Items that it decides.
    closes
        Whether it is at most the target.
    """

    items: npt.NDArray[np.int64]
    multipliers: npt.NDArray[np.generic]
    price: float
    count_multiplier: float
    taken: npt.NDArray[np.int64]
    refused: npt.NDArray[np.int64]
    closes: bool


class PairSteps:
    """What the steps on one node read and write; see `solver.pairs.lagrangian.lagrangian`.

    Parameters
    ----------
    shares
        The split of the utilities, shape (k, k); changed in place.
    profits, costs
        Shapes (k,).
    room, base
        What the budget leaves, and what is chosen already is worth.
    least, most, count_multiplier
        The range of the number of items, and a guess of its multiplier.
    """

    def __init__(
        self,
        shares: Floats,
        profits: Floats,
        costs: Floats,
        *,
        room: float,
        base: float,
        least: int,
        most: int,
        count_multiplier: float,
    ) -> None:
        self.shares, self.profits, self.costs = shares, profits, np.ascontiguousarray(costs)
        self.room, self.base = room, base
        self.least, self.most, self.count_multiplier = least, most, count_multiplier
        self.price = 0.0
        self.state = np.zeros(len(profits), np.int8)
        self.point, self.average = np.zeros(len(profits)), np.zeros(len(profits))

    def _make(
        self, shares: Floats, target: float, steps: int, patience: int, length: float
    ) -> tuple[float, float]:
        """Make some steps; return the bound, and the length to go on with."""
        bound, length, self.count_multiplier, self.price = lagrangian(
            shares,
            self.profits,
            self.costs,
            self.room,
            self.least,
            self.most,
            self.count_multiplier,
            self.base,
            target,
            steps,
            patience,
            length,
            self.state,
            self.point,
            self.average,
        )
        return bound, length

    def lower(self, target: float, interrupted: Callable[[], bool], *, root: bool) -> float:
        """Lower the bound until it is at the target, or steps no longer help; return it."""
        steps, patience, slices = _STEPS, _PATIENCE, 1
        if root:
            # About a tenth of a second each.
            steps = max(1, min(50, _SLICE // len(self.profits) ** 2))
            patience, slices = _ROOT_PATIENCE, _ROOT_STEPS // steps
        bound, length = math.inf, 1.0
        for _ in range(slices):
            found, length = self._make(self.shares, target, steps, patience, length)
            bound = min(bound, found)
            if bound <= target or length == 0.0 or interrupted():
                break
        return bound

    def written(
        self, utilities: Floats, items: npt.NDArray[np.intp], target: float, best: float
    ) -> tuple[float, PairProof]:
        """Bound a node again by the split as it is written down; return bound and proof.

        Single precision is enough but where a bound is just at the target. What is decided is what
        this very bound decides.

        Parameters
        ----------
        utilities
            Of the node's items, shape (k, k).
        items
            Their numbers, shape (k,).
        target, best
            What is to be proven, and the bound that the steps found.
        """
        k, average = len(items), self.average.copy()
        exact = np.triu(2.0 * self.shares - utilities, 1)
        bound, upper = math.inf, exact
        for precision in (np.float32, np.float64):
            with np.errstate(over="ignore"):
                upper = exact.astype(precision).astype(np.float64)
            if not np.isfinite(upper).all():  # beyond single precision
                continue
            self.state = np.zeros(k, np.int8)
            bound, _ = self._make(0.5 * (utilities + upper - upper.T), target, 1, 2, 1.0)
            if bound <= target or best > target:
                break
        self.average = average
        return bound, PairProof(
            items.astype(np.int64),
            upper[np.triu_indices(k, 1)],
            self.price,
            self.count_multiplier,
            items[self.state == IN],
            items[self.state == OUT],
            bound <= target,
        )
