"""What is to be said of a selection: ranks and gains, near misses, and what each stands for."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.choosing.question import Question
from app.choosing.representing import nearest_of
from solver.model.objective import gains, per_cost
from solver.model.problem import AnyProblem
from solver.ranking import rank

_MISSED: Final = 12
"""How many near misses are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedScene:
    """One scene of a seed.

    Parameters
    ----------
    scene_id, cost
        As in the pool.
    rank
        From 1: the order in which to label.
    gain
        What the objective loses without this scene.
    represents
        Number of scenes outside the seed to which this one is the nearest of the seed.
    """

    scene_id: str
    rank: int
    cost: float
    gain: float
    represents: int


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


def describe(
    question: Question, problem: AnyProblem, selected: npt.NDArray[np.int64]
) -> tuple[tuple[RankedScene, ...], tuple[MissedScene, ...]]:
    """Return the chosen scenes in the order in which to label them, and the near misses."""
    order = rank(problem, selected)
    there = np.union1d(order, problem.constraints.labelled)
    inside = np.zeros(problem.n, dtype=bool)
    inside[there] = True
    worth = gains(problem, inside)
    # What looks like a labelled scene is represented by that one.
    company = np.setdiff1d(there, order)
    others, nearest = nearest_of(
        question.signatures.vectors, np.concatenate([order, company]), question.index
    )
    counts = np.bincount(nearest, minlength=len(order))
    chosen = nearest < len(order)
    representative = np.full(problem.n, -1)
    representative[others[chosen]] = order[nearest[chosen]]
    scenes = tuple(
        RankedScene(
            scene_id=question.scene_ids[k],
            rank=place,
            cost=float(question.costs[k]),
            gain=float(worth[k]),
            represents=int(count),
        )
        for place, (k, count) in enumerate(zip(order, counts, strict=False), start=1)
    )
    return scenes, _near_misses(problem, inside, worth, representative)


def _near_misses(
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
    best = items[np.lexsort((-worth[items], -ratios))[:_MISSED]].tolist()
    return tuple(
        MissedScene(
            scene_id=problem.ids[item],
            cost=float(problem.costs[item]),
            gain=float(worth[item]),
            represented_by=None if (near := representative[item]) < 0 else problem.ids[near],
        )
        for item in best
    )
