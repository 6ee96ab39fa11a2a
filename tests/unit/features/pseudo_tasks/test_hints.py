"""Hints: what a few labelled images show becomes the task that seeds are judged by."""

import numpy as np
import pytest
from numpy.typing import NDArray

from features.errors import VectorsError
from features.numeric import unit_rows
from features.pseudo_tasks import LabelledCells, PseudoTasks, PseudoTaskScore, taught
from features.pseudo_tasks.building import PseudoTaskBuilder
from features.pseudo_tasks.hints import SHRINKAGE

SCENES, PARTS, CHANNELS = 12, 40, 24
SMALL = 29
"""The kind of things that counts; few parts are of it, in four scenes."""
KNOWING = (1, 4, 6, 9)


def world(seed: int = 0) -> tuple[NDArray[np.float64], PseudoTasks, NDArray[np.intp]]:
    """Return what kinds look like, the tasks of scenes, and the kind of each part."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(30, CHANNELS))
    kinds = rng.integers(SMALL, size=SCENES * PARTS)
    for scene in KNOWING:
        kinds[scene * PARTS : scene * PARTS + 4] = SMALL
    parts = unit_rows(centres[kinds] + 0.3 * rng.normal(size=(len(kinds), CHANNELS)))
    masses = np.full(len(parts), 1.0 / PARTS)
    builder = PseudoTaskBuilder.fit(parts, masses)
    assert builder is not None
    for first in range(0, len(parts), PARTS):
        builder.add(parts[first : first + PARTS], masses[first : first + PARTS])
    return centres, builder.build(), kinds


def image(centres: NDArray[np.float64], seed: int, small: int = 20) -> LabelledCells:
    """Return an image of 100 cells, some of them of the kind that counts."""
    rng = np.random.default_rng(100 + seed)
    kinds = rng.integers(SMALL, size=100)
    kinds[:small] = SMALL
    rows = centres[kinds] + 0.3 * rng.normal(size=(100, CHANNELS))
    counts = np.zeros((100, 2), dtype=np.int64)
    counts[np.arange(100), (kinds == SMALL).astype(int)] = 64
    return LabelledCells(rows.astype(np.float32), counts)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_teachers_find_what_the_images_show(count: int) -> None:
    """Of the pool's parts nearly all are given the class that they are of, by every teacher."""
    centres, tasks, kinds = world()
    found = taught(tasks, [image(centres, k) for k in range(count)])
    assert len(found.sizes) >= (1 if count == 1 else 3)
    assert (found.sizes == 2).all()
    ends = np.cumsum(found.sizes)
    named = found.labels - (ends - found.sizes)
    assert (named == (kinds == SMALL)[:, np.newaxis]).mean() > 0.95


def test_a_seed_that_shows_what_counts_is_scored_higher() -> None:
    """Scenes with the small thing are worth more than as many without, though it is 1 in 30."""
    centres, tasks, _ = world()
    score = PseudoTaskScore(taught(tasks, [image(centres, k) for k in range(9)]))
    assert score.overlaps(KNOWING[:2]).mean() > score.overlaps([0, 2]).mean() + 0.1


def test_overlaps_are_those_of_counting() -> None:
    """The oracle counts intersections and unions class by class; roots of shares are weights."""
    centres, tasks, _ = world()
    found = taught(tasks, [image(centres, k) for k in range(3)])
    score = PseudoTaskScore(found)
    chosen = [1, 2, 5]
    scene = np.repeat(np.arange(found.n), np.diff(found.offsets))
    outside = ~np.isin(scene, chosen)
    rows = np.column_stack([found.rows, np.ones(len(scene), np.float32)])
    weights = score._discriminants(np.array(chosen))
    for task, end in enumerate(np.cumsum(found.sizes)):
        own = slice(end - found.sizes[task], end)
        guessed = (rows[outside] @ weights[:, own]).argmax(axis=1)
        true = found.labels[outside, task] - own.start
        worth = roots = 0.0
        for name in range(found.sizes[task]):
            both = ((guessed == name) & (true == name)).sum()
            either = ((guessed == name) | (true == name)).sum()
            root = np.sqrt((true == name).mean())
            worth, roots = worth + root * (both / either if either else 0.0), roots + root
        assert score.overlaps(chosen)[task] == pytest.approx(worth / roots, abs=1e-3)
    assert not score.overlaps([]).any()
    assert not score.overlaps(range(SCENES)).any()


def test_the_scored_first_model_is_a_discriminant_analysis() -> None:
    """The oracle has the formula from the parts themselves, class by class."""
    centres, tasks, _ = world()
    found = taught(tasks, [image(centres, k) for k in range(3)])
    scene = np.repeat(np.arange(found.n), np.diff(found.offsets))
    inside = np.isin(scene, chosen := [1, 4, 7])
    weights = PseudoTaskScore(found)._discriminants(np.array(chosen))
    rows, masses = found.rows[inside].astype(np.float64), found.masses[inside].astype(np.float64)
    for task, end in enumerate(np.cumsum(found.sizes)):
        first = end - found.sizes[task]
        names = found.labels[inside, task] - first
        within = np.zeros((rows.shape[1],) * 2)
        means = []
        for name in range(found.sizes[task]):
            own = names == name
            means.append(np.average(rows[own], axis=0, weights=masses[own]))
            apart = rows[own] - means[-1]
            within += apart.T @ (apart * masses[own, np.newaxis]) / masses.sum()
        within += SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
        for name, mean in enumerate(means):
            axis = np.linalg.solve(within, mean)
            prior = masses[names == name].sum() / masses.sum()
            assert weights[:-1, first + name] == pytest.approx(axis, rel=1e-3, abs=1e-3)
            offset = np.log(prior) - 0.5 * mean @ axis
            assert weights[-1, first + name] == pytest.approx(offset, rel=1e-3, abs=1e-2)


def test_what_teaches_nothing_is_one_sentence() -> None:
    """One class alone, and vectors of another kind than the pool's."""
    centres, tasks, _ = world()
    with pytest.raises(VectorsError, match="fewer than two classes"):
        taught(tasks, [image(centres, 0, small=0)])
    short = LabelledCells(np.ones((4, 3), np.float32), np.ones((4, 2), np.int64))
    with pytest.raises(VectorsError, match="have 3 numbers and the pool's 24"):
        taught(tasks, [short])
