"""What a baseline sees of the scenes, how far they are apart, and what it may still buy."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidRequestError
from features.numeric import row_lengths, squared_distances
from solver.model.constraints import LIMIT_TOLERANCE

MOST_SCENES: Final = 10_000
"""Some methods compare every scene with every other: 800 MB of distances."""

_LONGEST: Final = 1.0 + 1e-4  # a mean of unit vectors, and rounding


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class BaselinePool:
    """The scenes that may be chosen.

    Parameters
    ----------
    scene_ids
        n >= 1 of them, distinct.
    vectors : (n, d) float64
        One a scene: its direction, or the mean of its unit vectors; no longer than 1.
    weights : (n,) float64
        SeedAL's ``1 - intra``: how unlike each other a scene's own images are; at least 0.
    costs : (n,) float64
        At least 0, in the budget's unit.
    classes
        How many classes will be labelled, at least 1: known before any label is. ProbCover makes
        as many pseudo-labels. SeedAL's 13 by default.

    Raises
    ------
    InvalidRequestError
        A rule is broken; the sentence names the scene.
    """

    scene_ids: tuple[str, ...]
    vectors: NDArray[np.float64]
    weights: NDArray[np.float64]
    costs: NDArray[np.float64]
    classes: int = 13

    def __post_init__(self) -> None:
        for name in ("vectors", "weights", "costs"):
            array = np.array(getattr(self, name), dtype=np.float64, order="C")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        self._check_shapes()
        self._check_values()

    def _check_shapes(self) -> None:
        n = self.n
        if not 1 <= n <= MOST_SCENES:
            message = f"A pool has 1 to {MOST_SCENES:,} scenes, not {n:,}."
            raise InvalidRequestError(message)
        if len(set(self.scene_ids)) < n:
            twice = next(name for name in self.scene_ids if self.scene_ids.count(name) > 1)
            message = f"A pool's scene ids must be distinct; {twice!r} occurs twice."
            raise InvalidRequestError(message)
        shapes = (self.vectors.shape[:1], self.weights.shape, self.costs.shape)
        if self.vectors.ndim != 2 or shapes != ((n,),) * 3:  # noqa: PLR2004  (n, d)
            message = (
                f"A pool of {n} scenes needs vectors ({n}, d), weights ({n},) and costs ({n},), "
                f"not {self.vectors.shape}, {self.weights.shape} and {self.costs.shape}."
            )
            raise InvalidRequestError(message)
        if self.classes < 1:
            message = f"A pool has at least 1 class, not {self.classes}."
            raise InvalidRequestError(message)

    def _check_values(self) -> None:
        # Written so that what is not a number breaks the rule too.
        lengths = row_lengths(self.vectors)
        rules = (
            ("vector must be finite and no longer than 1", lengths <= _LONGEST),
            ("weight must be finite and at least 0", (self.weights >= 0) & (self.weights < np.inf)),
            ("cost must be finite and at least 0", (self.costs >= 0) & (self.costs < np.inf)),
        )
        for rule, kept in rules:
            if not kept.all():
                message = f"Scene {self.scene_ids[int(np.argmin(kept))]!r}: its {rule}."
                raise InvalidRequestError(message)

    @property
    def n(self) -> int:
        """Number of scenes."""
        return len(self.scene_ids)

    def take(self, scenes: Sequence[int] | NDArray[np.int64]) -> Self:
        """Return the pool of some scenes, in the order given."""
        rows = np.asarray(scenes, dtype=np.int64)
        return type(self)(
            scene_ids=tuple(self.scene_ids[k] for k in rows),
            vectors=self.vectors[rows],
            weights=self.weights[rows],
            costs=self.costs[rows],
            classes=self.classes,
        )


# The other half is left to the rounding of a sum in another order.
_TOLERANCE: Final = LIMIT_TOLERANCE / 2


class BudgetTracker:
    """A budget from which scenes are bought one at a time.

    Parameters
    ----------
    costs : (n,) float64
        At least 0.
    budget
        Finite and at least 0, in the unit of the costs.

    Raises
    ------
    InvalidRequestError
        The budget is negative or not finite.
    """

    def __init__(self, costs: NDArray[np.float64], budget: float) -> None:
        if not 0 <= budget < math.inf:
            message = f"A budget is a finite number of at least 0, not {budget:g}."
            raise InvalidRequestError(message)
        self._costs = costs
        self._allowance = budget * (1.0 + _TOLERANCE)
        self._spent = 0.0
        self._bought: list[int] = []
        self._free = np.ones(len(costs), dtype=bool)

    @property
    def bought(self) -> NDArray[np.int64]:
        """The scenes bought so far, in the order of buying, shape (k,)."""
        return np.array(self._bought, dtype=np.int64)

    def affordable(self) -> NDArray[np.bool_]:
        """Return which scenes are not bought yet and still fit, shape (n,)."""
        fits: NDArray[np.bool_] = self._free & (self._spent + self._costs <= self._allowance)
        return fits

    def affords(self, scene: int) -> bool:
        """Return whether a scene is not bought yet and still fits."""
        return bool(self._free[scene] and self._spent + self._costs[scene] <= self._allowance)

    def buy(self, scene: int) -> None:
        """Buy a scene that fits."""
        self._bought.append(scene)
        self._free[scene] = False
        # Added up anew, exactly: hundreds of rounded sums would drift past the tolerance.
        self._spent = math.fsum(self._costs[self._bought])

    def buy_what_fits(self, scenes: Iterable[int]) -> Self:
        """Buy scenes in the order given, passing over those that do not fit."""
        for scene in scenes:
            if self.affords(scene):
                self.buy(scene)
        return self


# Squares of vectors no longer than 1 come out exact to about 1e-15: below this they are equal.
_SAME: Final = 1e-14


def distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of every row to every other.

    Parameters
    ----------
    first : (n, d)
        No row much longer than 1.
    second : (m, d)
        Likewise.

    Returns
    -------
    (n, m) float64
        0 between rows that differ by rounding only.
    """
    squares = squared_distances(first, second)
    squares[squares < _SAME] = 0.0
    return np.sqrt(squares, out=squares)
