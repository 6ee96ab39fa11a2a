"""Pseudo-tasks: made of parts alone, the same each time, and scored as the formula says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from features.errors import FeatureError, VectorsError
from features.files.stored import write_arrays
from features.numeric import unit_rows
from features.pseudo_tasks import PseudoTasks, PseudoTaskScore, stored_tasks, tasks_path
from features.pseudo_tasks.building import PseudoTaskBuilder

SCENES, PARTS, CHANNELS = 12, 40, 24


def parts_of(seed: int = 0, kinds: int = 30) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return parts of 12 scenes that show some of 30 kinds of things, and their masses."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(kinds, CHANNELS))
    shown = rng.integers(kinds, size=SCENES * PARTS)
    rows = centres[shown] + 0.3 * rng.normal(size=(SCENES * PARTS, CHANNELS))
    return unit_rows(rows), rng.uniform(0.5, 1.5, SCENES * PARTS) / PARTS


def tasks_of(seed: int = 0) -> PseudoTasks:
    """Return the tasks of such scenes."""
    parts, masses = parts_of(seed)
    builder = PseudoTaskBuilder.fit(parts, masses)
    assert builder is not None
    for first in range(0, len(parts), PARTS):
        builder.add(parts[first : first + PARTS], masses[first : first + PARTS])
    return builder.build()


@pytest.fixture(scope="module")
def tasks() -> PseudoTasks:
    """Return tasks that no test changes."""
    return tasks_of()


def test_the_same_parts_make_the_same_tasks(tasks: PseudoTasks, tmp_path: Path) -> None:
    """Twice the same, and the same from a file."""
    tasks.save(tmp_path / "tasks.npz")
    for other in (tasks_of(), PseudoTasks.load(tmp_path / "tasks.npz")):
        for name in ("offsets", "masses", "rows", "labels", "sizes"):
            np.testing.assert_array_equal(getattr(other, name), getattr(tasks, name))
        assert other.unseen == tasks.unseen == 4


def test_tasks_have_the_classes_that_were_asked_for(tasks: PseudoTasks) -> None:
    """Each has up to 16, 32 or 64 classes, numbered on, and every part has one in each."""
    assert tasks.sizes.tolist()[:4] == [32] * 4
    assert tasks.sizes.tolist()[8:12] == [16, 16, 64, 64]
    ends = np.cumsum(tasks.sizes)
    assert ((tasks.labels >= ends - tasks.sizes) & (tasks.labels < ends)).all()
    assert tasks.n == SCENES
    variances = np.average(np.square(tasks.rows), axis=0, weights=tasks.masses)
    assert variances.mean() == pytest.approx(1.0, rel=1e-3)


def test_what_looks_alike_has_one_class(tasks: PseudoTasks) -> None:
    """Parts of one kind share their class in most tasks; parts of any two kinds do not."""
    parts, _ = parts_of()
    alike = parts @ parts.T > 0.93
    np.fill_diagonal(alike, val=False)
    same = (tasks.labels[:, np.newaxis] == tasks.labels[np.newaxis]).mean(axis=2)
    assert same[alike].mean() > 0.8
    assert same[~alike].mean() < 0.2


@pytest.mark.parametrize("chosen", [[3], [0, 5, 7], list(range(SCENES - 1))])
def test_accuracy_is_that_of_ridge_regression(tasks: PseudoTasks, chosen: list[int]) -> None:
    """The oracle solves the whole least-squares system and counts what is right outside."""
    found = PseudoTaskScore(tasks, ridge=0.1).accuracies(chosen, all_tasks=True)
    scene = np.repeat(np.arange(tasks.n), np.diff(tasks.offsets))
    inside = np.isin(scene, chosen)
    rows = np.column_stack([tasks.rows, np.ones(len(scene))]).astype(np.float64)
    roots = np.sqrt(tasks.masses[inside].astype(np.float64))[:, np.newaxis]
    k = rows.shape[1]
    prior = np.diag(np.sqrt(np.append(np.full(k - 1, 0.1), 1e-6)))
    left = np.vstack([rows[inside] * roots, prior])
    ends = np.cumsum(tasks.sizes)
    for task, (first, end) in enumerate(zip(ends - tasks.sizes, ends, strict=True)):
        wanted = np.eye(end - first)[tasks.labels[:, task] - first]
        right = np.vstack([wanted[inside] * roots, np.zeros((k, end - first))])
        weights = np.linalg.lstsq(left, right, rcond=None)[0]
        guessed = (rows[~inside] @ weights).argmax(axis=1)
        hits = guessed == tasks.labels[~inside, task] - first
        expected = np.average(hits, weights=tasks.masses[~inside])
        assert found[task] == pytest.approx(expected, abs=0.02)


def test_a_sample_of_parts_estimates_all(tasks: PseudoTasks) -> None:
    """Accuracy on parts that were drawn by their mass is that on all, but for chance."""
    chosen = [1, 4, 8]
    whole = PseudoTaskScore(tasks).accuracies(chosen)
    drawn = [PseudoTaskScore(tasks, held_out=200, seed=k).accuracies(chosen) for k in range(20)]
    assert np.mean(drawn, axis=0) == pytest.approx(whole, abs=0.04)


def test_the_order_of_scenes_does_not_count(tasks: PseudoTasks) -> None:
    """A seed is a set."""
    score = PseudoTaskScore(tasks)
    np.testing.assert_allclose(score.accuracies([2, 9, 4]), score.accuracies([9, 4, 2]), atol=0.01)


def test_nothing_to_learn_from_or_to_tell_is_no_accuracy(tasks: PseudoTasks) -> None:
    """An empty seed, and one of all scenes, have 0."""
    score = PseudoTaskScore(tasks)
    assert not score.accuracies([]).any()
    assert not score.accuracies(range(SCENES)).any()
    assert len(score.accuracies([1])) == score.seen == 12
    assert score.tasks == 16


@pytest.mark.parametrize("parts", [np.eye(24)[:2], np.tile(np.eye(24)[:1], (300, 1))])
def test_parts_that_cannot_be_told_apart_make_no_tasks(parts: NDArray[np.float64]) -> None:
    """Two patches, or three hundred that are the same."""
    assert PseudoTaskBuilder.fit(parts, np.ones(len(parts))) is None


def test_damaged_tasks_are_refused(tasks: PseudoTasks, tmp_path: Path) -> None:
    """Arrays that do not fit each other are one sentence."""
    with pytest.raises(VectorsError, match="a class in each task for every part"):
        replace(tasks, labels=tasks.labels + 500)
    with pytest.raises(VectorsError, match="a class in each task for every part"):
        replace(tasks, mean=tasks.mean[1:])
    with pytest.raises(FeatureError):
        PseudoTasks.load(tmp_path / "none.npz")


def test_tasks_of_version_1_serve_what_was_made_with_them(
    tasks: PseudoTasks, tmp_path: Path
) -> None:
    """A dataset that is registered already keeps its tasks; what is made anew has more."""
    signatures = tmp_path / "signatures" / "key.npz"
    path = tasks_path(signatures)
    path.parent.mkdir()
    k = tasks.rows.shape[1]
    write_arrays(
        path,
        version=np.array([1]),
        unseen=np.array([tasks.unseen]),
        components=tasks.components[:, :k],
        **{n: getattr(tasks, n) for n in ("offsets", "masses", "rows", "labels", "sizes", "mean")},
    )
    found = stored_tasks(signatures)
    assert found is not None
    assert np.array_equal(found.rows, tasks.rows)
    assert found.fine.shape == (len(tasks.rows), 0)
    with pytest.raises(VectorsError, match="another version"):
        PseudoTasks.load(path)
