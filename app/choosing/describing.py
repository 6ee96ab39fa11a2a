"""Describe a selection: ranks, gains, near misses, and what each chosen scene stands for."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.choosing.question import Question
from features.index import SceneIndex
from features.index.directions import Directions
from solver.model.objective import gains, per_cost
from solver.model.problem import AnyProblem
from solver.ranking import rank

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ROWS: Final = 4096  # of cosines held at once


def nearest_of(vectors: Floats, chosen: Ints, index: SceneIndex | None = None) -> tuple[Ints, Ints]:
    """Return all scenes but the chosen, and the chosen one that each looks most like.

    Where one of a scene's stored neighbours is chosen, that settles it; the others are compared
    with all that are chosen. Cosines are rounded as in `features.index.directions`; of chosen
    scenes that are equally like it, the first is taken.

    Parameters
    ----------
    vectors
        Mean vectors of scenes, shape (n, d).
    chosen
        k >= 0 distinct scenes by their number.
    index
        Of these scenes; None where there is none, with the same answer.

    Returns
    -------
    others, nearest
        Numbers of scenes, ascending, and places in `chosen`; shape (n - k,) each, or empty where
        nothing is chosen.
    """
    if not len(chosen):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    others = np.setdiff1d(np.arange(len(vectors)), chosen)
    nearest = np.full(len(others), -1, dtype=np.int64)
    if index is not None and index.is_exact:
        for start in range(0, len(others), _ROWS):
            part = slice(start, start + _ROWS)
            nearest[part] = _stored(index, others[part], chosen)
    open_places = np.flatnonzero(nearest < 0)
    if open_places.size:
        nearest[open_places] = _compared(Directions(vectors), others[open_places], chosen)
    return others, nearest


def _stored(index: SceneIndex, others: Ints, chosen: Ints) -> Ints:
    """Return the places in `chosen` that the stored neighbours tell, -1 where they do not."""
    places = np.full(len(index.nearest), len(chosen), dtype=np.int64)
    places[chosen] = np.arange(len(chosen))
    candidates = places[index.nearest[others]]
    alike = np.where(candidates < len(chosen), index.similarities[others], -np.inf)
    most = alike.max(axis=1, initial=-np.inf)
    first = np.where(alike == most[:, None], candidates, len(chosen)).min(
        axis=1, initial=len(chosen)
    )
    # One that is chosen and not stored may be exactly as alike as the last that is stored.
    told = most > (-np.inf if index.is_complete else index.similarities[others, -1])
    return np.where(told, first, -1)


def _compared(directions: Directions, others: Ints, chosen: Ints) -> Ints:
    """Return the places in `chosen`: all are compared, in double precision where it is close."""
    unit = directions.units(chosen.astype(np.intp)).T
    nearest = np.empty(len(others), dtype=np.int64)
    for start in range(0, len(others), _ROWS):
        part = others[start : start + _ROWS].astype(np.intp)
        products = directions.units(part) @ unit
        close = products >= products.max(axis=1, keepdims=True) - 2 * directions.slack
        nearest[start : start + _ROWS] = products.argmax(axis=1)
        for row in np.flatnonzero(np.count_nonzero(close, axis=1) > 1).tolist():
            candidates = np.flatnonzero(close[row])
            alike = directions.cosines(int(part[row]), chosen[candidates].astype(np.intp))
            nearest[start + row] = candidates[alike.argmax()]
    return nearest


def represented_by(
    vectors: Floats, chosen: Ints, labelled: Ints, scene: int, index: SceneIndex | None = None
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return the scenes that a chosen one stands for, most alike first, and their cosines.

    Parameters
    ----------
    vectors
        Mean vectors of scenes, shape (n, d).
    chosen
        The seed's scenes, in the order of their ranks.
    labelled
        Scenes that are labelled already: what looks like one of them is represented by it.
    scene
        The place in `chosen` of the one that is asked about.
    index
        As in `nearest_of`.
    """
    company = np.setdiff1d(labelled, chosen)
    others, nearest = nearest_of(vectors, np.concatenate([chosen, company]), index)
    members = others[nearest == scene]
    alike = Directions(vectors).cosines(int(chosen[scene]), members.astype(np.intp))
    order = np.argsort(-alike, kind="stable")
    return members[order], alike[order]


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
