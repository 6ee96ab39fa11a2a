"""The scenes that a seed left out last: what the next part of a budget would buy."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from solver.model.objective import per_cost
from solver.model.problem import AnyProblem

MOST: Final = 12
"""How many are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedScene:
    """A scene that was not chosen.

    Parameters
    ----------
    scene_id, cost
        As in the pool.
    gain
        What it would add to the objective beside the seed.
    represented_by
        The chosen scene that it looks most like; None where a labelled one is more like it, or
        nothing is chosen.
    """

    scene_id: str
    cost: float
    gain: float
    represented_by: str | None


def near_misses(
    problem: AnyProblem,
    inside: npt.NDArray[np.bool_],
    worth: npt.NDArray[np.float64],
    representative: npt.NDArray[np.int64],
) -> tuple[MissedScene, ...]:
    """Return up to 12 scenes outside of a seed, by gain per cost, the best first.

    Parameters
    ----------
    problem
        The question as the solver takes it; what it excludes is no near miss.
    inside
        What is chosen or labelled, shape (n,).
    worth
        What each scene adds, shape (n,); one whose gain is not finite is no near miss.
    representative
        The chosen scene that each scene outside looks most like, by number, shape (n,); -1 where
        there is none.
    """
    free = ~inside & np.isfinite(worth)
    free[problem.constraints.exclude] = False
    items = np.flatnonzero(free)
    ratios = per_cost(worth[items], problem.costs[items])
    # Of those that are free of charge, or worth the same for their cost, the larger gain.
    best = items[np.lexsort((-worth[items], -ratios))[:MOST]].tolist()
    return tuple(
        MissedScene(
            scene_id=problem.ids[item],
            cost=float(problem.costs[item]),
            gain=float(worth[item]),
            represented_by=None if (near := representative[item]) < 0 else problem.ids[near],
        )
        for item in best
    )
