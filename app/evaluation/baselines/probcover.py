"""ProbCover: as many scenes as possible within a small ball around a chosen one."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.baselines.clusters import assign
from app.evaluation.baselines.pool import BaselinePool, BudgetTracker, distances
from solver.model.objective import per_cost

PURITY: Final = 0.95
"""The share of balls that must hold one pseudo-label only; the paper's number."""


def probcover(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Take, again and again, the scene whose ball covers most that is not covered yet.

    The paper's images cost the same. Here two greedy selections are made, by newly covered scenes
    per cost and by newly covered scenes alone, and the one that covers more is kept (the first
    where they cover the same): each alone can be arbitrarily bad, the better one is not (Khuller,
    Moss and Naor 1999). Where all costs are equal both are the paper's.

    Once all that can be covered is, the paper has no preference. Here covering begins again from
    nothing, so that the rest of the budget, too, goes where scenes are dense.

    Returns
    -------
    (k,) int64

    Notes
    -----
    Yehuda, Dekel, Hacohen and Weinshall, "Active Learning Through a Covering Lens" (NeurIPS 2022),
    section 3 and algorithm 1. Khuller, Moss and Naor, "The Budgeted Maximum Coverage Problem"
    (Information Processing Letters 70, 1999).
    """
    labels, _ = assign(pool, pool.classes, random_seed)
    apart = distances(pool.vectors, pool.vectors)
    balls = balls_within(apart, radius(apart, labels))
    found = [_greedy(balls, pool.costs, budget, priced=priced) for priced in (True, False)]
    return max(found, key=lambda chosen: int(balls[chosen].any(axis=0).sum()))


def radius(apart: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the largest radius at which enough open balls hold one pseudo-label only.

    A ball is pure exactly up to the nearest scene of another label, so the radius is one of these
    distances and needs no search (the paper tries a grid).

    Parameters
    ----------
    apart : (n, n)
        Distances.
    labels : (n,)
        Pseudo-labels.

    Returns
    -------
    float
        Infinite where enough scenes have no scene of another label.
    """
    others = labels[:, None] != labels
    pure_up_to = np.sort(np.where(others, apart, np.inf).min(axis=1))
    return float(pure_up_to[int((1.0 - PURITY) * len(labels) + 1e-9)])


def balls_within(apart: NDArray[np.float64], delta: float) -> NDArray[np.bool_]:
    """Return which scenes lie in the open ball around each, itself always, shape (n, n)."""
    balls: NDArray[np.bool_] = apart < delta
    np.fill_diagonal(balls, val=True)
    return balls


def _greedy(
    balls: NDArray[np.bool_], costs: NDArray[np.float64], budget: float, *, priced: bool
) -> NDArray[np.int64]:
    tracker = BudgetTracker(costs, budget)
    covered = np.zeros(len(balls), dtype=bool)
    gains = balls.sum(axis=1).astype(np.float64)
    while (fits := tracker.affordable()).any():
        if not gains[fits].any():
            covered[:] = False
            gains = balls.sum(axis=1).astype(np.float64)
        scores = per_cost(gains, costs) if priced else gains
        scene = int(np.argmax(np.where(fits, scores, -np.inf)))
        tracker.buy(scene)
        newly = balls[scene] & ~covered
        covered |= newly
        gains = gains - balls[:, newly].sum(axis=1)
    return tracker.bought
