"""Chance: what every method has to beat, and the spread of its luck."""

import numpy as np
from numpy.typing import NDArray

from app.evaluation.baselines.budget_tracker import BudgetTracker
from app.evaluation.baselines.pool import BaselinePool


def random_fill(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Take scenes in a random order, passing over those that do not fit, until none does.

    Returns
    -------
    (k,) int64
    """
    order = np.random.default_rng(random_seed).permutation(pool.n)
    return BudgetTracker(pool.costs, budget).buy_what_fits(order.tolist()).bought
