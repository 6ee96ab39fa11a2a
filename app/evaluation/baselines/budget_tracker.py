"""What is bought, and what can still be: the budget's book-keeping of every baseline."""

import math
from collections.abc import Iterable
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidRequestError
from solver.model.constraints import LIMIT_TOLERANCE

# The other half is left to the rounding of whoever adds the costs up in another order.
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
