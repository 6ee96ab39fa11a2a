"""Tasks from a hint: a few images whose cells are labelled, of which teachers label the whole pool.

Where what counts is small, no task that is made without a label knows it. A teacher is a linear
discriminant analysis (Fisher 1936; Rao 1948) of the cells of labelled images, in the space of what
a first model is given. It names a class for every part of the pool, and that is a task. Any one
teacher is wrong in its own way. So there are twelve, each of another two thirds of the images
(bagging, Breiman 1996), and their tasks count alike.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.files.stored import read_arrays, write_arrays
from features.numeric import unit_rows
from features.pseudo_tasks.model import PseudoTasks

_TEACHERS: Final = 12

_FEW: Final = 3
"""So many images are taken together in every way that leaves one out, and all at once."""

_MOST_TAUGHT_BY: Final = 32
"""Images of a teacher: more teach it hardly more."""

SHRINKAGE: Final = 0.05
"""Of the mean variance, what is added to each variance within classes."""

FEWEST_CELLS: Final = 3
"""A class that fewer cells of a teacher's show is not taught by it."""

_FEWEST_CLASSES: Final = 2


class LabelledCells(NamedTuple):
    """An image of a hint.

    Parameters
    ----------
    vectors : (cells, d) float32
        Patches as the pool's parts are made of.
    counts : (cells, classes) int64
        Labelled pixels of each class.
    """

    vectors: NDArray[np.float32]
    counts: NDArray[np.int64]


def write_cells(path: Path, images: Sequence[LabelledCells], notes: Sequence[str]) -> None:
    """Keep what a hint shows, and sentences on what it cannot teach, all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(
        path,
        vectors=np.stack([image.vectors for image in images]),
        counts=np.stack([image.counts for image in images]),
        notes=np.array(notes, dtype=np.str_),
    )


def read_cells(path: Path) -> tuple[list[LabelledCells], tuple[str, ...]]:
    """Return what :func:`write_cells` kept.

    Raises
    ------
    DamagedError, VectorsError
        See `features.files.stored.read_arrays`.
    """
    vectors, counts, notes = read_arrays(path, "vectors", "counts", "notes")
    with suppress(OSError):
        os.utime(path)  # it is in use: old files may be removed
    return list(map(LabelledCells, vectors, counts)), tuple(notes.tolist())


def taught(tasks: PseudoTasks, images: Sequence[LabelledCells], seed: int = 0) -> PseudoTasks:
    """Return the tasks that a hint makes of a pool's parts.

    Parameters
    ----------
    tasks
        Of the pool.
    images
        Of the hint, at least one.
    seed
        Decides which images teach together.

    Raises
    ------
    VectorsError
        The vectors are not of the pool's dimension, or no teacher has two classes to tell apart.
    """
    groups = _groups(len(images), np.random.default_rng(seed))
    shown = {
        place: _shown(tasks, images[place]) for place in np.unique(np.concatenate(groups)).tolist()
    }
    parts = np.concatenate([tasks.rows, tasks.fine.astype(np.float32)], axis=1)
    labels = []
    for group in groups:
        rows = np.concatenate([shown[place][0] for place in group.tolist()])
        classes = np.concatenate([shown[place][1] for place in group.tolist()])
        named = _discriminate(rows.astype(np.float64), classes, parts)
        if named is not None:
            labels.append(np.unique(named, return_inverse=True)[1])
    if not labels:
        message = "the hint's images show fewer than two classes that can be told apart"
        raise VectorsError(message)
    sizes = np.array([label.max() + 1 for label in labels], dtype=np.int64)
    first = np.cumsum(sizes) - sizes
    return PseudoTasks(
        offsets=tasks.offsets,
        masses=tasks.masses,
        rows=parts,
        fine=np.zeros((len(parts), 0), dtype=np.float16),
        labels=(np.stack(labels, axis=1) + first).astype(np.int32),
        sizes=sizes,
        unseen=0,
        mean=tasks.mean,
        components=tasks.components,
    )


def _shown(
    tasks: PseudoTasks, image: LabelledCells
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return what a first model is given of an image's labelled cells, and their classes."""
    if image.vectors.shape[1:] != tasks.mean.shape:
        message = (
            f"the hint's vectors have {image.vectors.shape[1]} numbers and the pool's "
            f"{tasks.mean.size}"
        )
        raise VectorsError(message)
    cells = image.counts.any(axis=1)
    rows = tasks.project(unit_rows(image.vectors[cells].astype(np.float64)))
    return rows, image.counts[cells].argmax(axis=1)


def _groups(count: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return which images teach together."""
    everyone = np.arange(count)
    if count <= _FEW:
        without_one = [np.delete(everyone, place) for place in range(count)]
        return [everyone, *without_one] if count > 1 else [everyone]
    together = min(2 * count // 3, _MOST_TAUGHT_BY)
    return [np.sort(rng.choice(count, together, replace=False)) for _ in range(_TEACHERS)]


def _discriminate(
    rows: NDArray[np.float64], classes: NDArray[np.intp], asked: NDArray[np.float32]
) -> NDArray[np.intp] | None:
    """Return the most probable class of each row that is asked about; None with fewer than two."""
    names, members = np.unique(classes, return_counts=True)
    names = names[members >= FEWEST_CELLS]
    if len(names) < _FEWEST_CLASSES:
        return None
    kept = np.isin(classes, names)
    rows, places = rows[kept], np.searchsorted(names, classes[kept])
    shares = np.bincount(places) / len(places)
    means = np.stack([rows[places == place].mean(axis=0) for place in range(len(names))])
    apart = rows - means[places]
    within = apart.T @ apart / len(rows)
    within[np.diag_indices_from(within)] += SHRINKAGE * np.trace(within) / len(within)
    axes = np.linalg.solve(within, means.T)
    offsets = np.log(shares) - 0.5 * np.einsum("cd,dc->c", means, axes)
    return np.asarray(names[(asked @ axes + offsets).argmax(axis=1)])
