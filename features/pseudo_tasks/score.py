"""How much of a pool a first model gets right, trained on a seed, with pseudo-tasks as its labels.

The first model is a linear one, fitted by least squares to all tasks at once. With the parts of the
seed's scenes as rows ``Z``, their masses ``w`` and their classes ``Y`` (a column a class, 0 or 1),

    ``W = (Z' diag(w) Z + ridge I)^-1 Z' diag(w) Y``.

Both products are sums over scenes, kept scene by scene, so a seed costs a few additions and one
system of 65 equations. Its accuracy in a task is the share of what is not in the seed, by mass,
whose largest value is the right class. Classes count by their share: a mean over classes is a mean
over accidents of the words.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix

from features.errors import VectorsError
from features.pseudo_tasks.hints import SHRINKAGE
from features.pseudo_tasks.model import PseudoTasks

RIDGE: Final = 50.0 / 784.0
"""Precision of the weights' prior, in images: that of the probe of ``seedal evaluate``, whose unit
is a cell, of which an image has 784."""

_BIAS_RIDGE: Final = 1e-6
"""That of the bias: as good as none, but a seed without parts has a solution."""

HELD_OUT: Final = 5_000
"""Parts that accuracy is measured on, drawn by their mass; all where there are fewer."""

_NONE: Final = 1e-300
"""Below any mass: a class that is neither there nor guessed has no overlap."""

_FLOOR: Final = 1e-9
"""Least variance within classes."""

_REMEMBERED: Final = 2
"""Pools whose sums a process keeps."""

_KEPT_BYTES: Final = 2**28
"""Memory for the sums of scenes; those beyond are made when they are asked for."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class PseudoTaskScore:
    """Scores seeds of a pool by its pseudo-tasks; the same arguments give the same bits.

    Parameters
    ----------
    tasks
        Of the pool.
    ridge
        See :data:`RIDGE`.
    held_out
        See :data:`HELD_OUT`.
    seed
        Draws the parts that accuracy is measured on.

    Raises
    ------
    VectorsError
        No part has a mass.
    """

    def __init__(
        self, tasks: PseudoTasks, *, ridge: float = RIDGE, held_out: int = HELD_OUT, seed: int = 0
    ) -> None:
        self._tasks = tasks
        self._ridge = np.append(np.full(tasks.rows.shape[1], ridge), _BIAS_RIDGE)
        self._ends = np.cumsum(tasks.sizes)
        self._sums: dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
        size = 4 * self._ridge.size * (self._ridge.size + int(tasks.sizes.sum()))
        self._most = _KEPT_BYTES // size
        scene = np.repeat(np.arange(tasks.n), np.diff(tasks.offsets))
        heavy = np.flatnonzero(tasks.masses > 0)
        if not heavy.size:
            message = "pseudo-tasks need a part with a mass"
            raise VectorsError(message)
        if len(heavy) > held_out:
            shares = tasks.masses[heavy].astype(np.float64)
            rng = np.random.default_rng(seed)
            heavy = np.sort(rng.choice(heavy, held_out, replace=False, p=shares / shares.sum()))
            self._shares = np.ones(held_out)
        else:
            self._shares = tasks.masses[heavy].astype(np.float64)
        self._scene, self._rows = scene[heavy], _with_bias(tasks.rows[heavy])
        self._labels = tasks.labels[heavy]

    @property
    def tasks(self) -> int:
        """Number of tasks, those that no search looks at last."""
        return self._tasks.sizes.size

    @property
    def seen(self) -> int:
        """Number of tasks, the first ones, that a search may look at."""
        return self.tasks - self._tasks.unseen

    def accuracies(self, scenes: Iterable[int], *, all_tasks: bool = False) -> Floats:
        """Return the share that a first model of a seed gets right, in each task.

        Parameters
        ----------
        scenes
            Numbers of the seed's scenes.
        all_tasks
            Whether those that a search may not look at are wanted as well.

        Returns
        -------
        (seen,) or (tasks,) float64
            In [0, 1]; 0 where nothing is left to be told.
        """
        chosen = np.fromiter(scenes, dtype=np.int64)
        count = self.tasks if all_tasks else self.seen
        outside = np.isin(self._scene, chosen, invert=True)
        shares = self._shares[outside]
        if not shares.size or not chosen.size:
            return np.zeros(count)
        values = self._rows[outside] @ self._weights(chosen)[:, : self._ends[count - 1]]
        labels, total = self._labels[outside], shares.sum()
        found = np.empty(count)
        for task, best in enumerate(self._guesses(values, count)):
            found[task] = shares[best == labels[:, task]].sum() / total
        return found

    def overlaps(self, scenes: Iterable[int]) -> Floats:
        """Return how well a discriminant analysis of a seed finds each class, also small ones.

        Parameters
        ----------
        scenes
            Numbers of the seed's scenes.

        Returns
        -------
        (tasks,) float64
            Mean of the classes' intersections over unions, weighted by the roots of their shares;
            in [0, 1].
        """
        chosen = np.fromiter(scenes, dtype=np.int64)
        outside = np.isin(self._scene, chosen, invert=True)
        shares, labels = self._shares[outside], self._labels[outside]
        found = np.zeros(self.tasks)
        if not shares.size or not chosen.size:
            return found
        values = self._rows[outside] @ self._discriminants(chosen)
        for task, best in enumerate(self._guesses(values, self.tasks)):
            true = labels[:, task]
            end = int(self._ends[task])
            own = slice(end - int(self._tasks.sizes[task]), end)
            there, said = (np.bincount(names, shares, end)[own] for names in (true, best))
            both = np.bincount(true, shares * (best == true), end)[own]
            roots = np.sqrt(there)
            overlaps = both / np.maximum(there + said - both, _NONE)
            found[task] = float(roots @ overlaps / roots.sum())
        return found

    def _guesses(self, values: NDArray[np.float32], count: int) -> Iterator[NDArray[np.intp]]:
        """Yield the class of each row with the largest value, task by task."""
        for task in range(count):
            first = self._ends[task] - self._tasks.sizes[task]
            yield values[:, first : self._ends[task]].argmax(axis=1) + first

    def _discriminants(self, chosen: Ints) -> NDArray[np.float32]:
        """Return the linear discriminants of scenes, (k + 1, classes of all tasks).

        Least squares find too little of a class of 1 % of the mass; a Gaussian of each class, all
        of one covariance, does not care how large it is but for the offset (Fisher 1936, Rao 1948).
        """
        gram, right = self._summed(chosen)
        mass = max(float(gram[-1, -1]), _NONE)
        within = np.diag_indices(len(gram) - 1)
        found = np.empty_like(right)
        for end, size in zip(self._ends, self._tasks.sizes, strict=True):
            own = slice(end - size, end)
            masses = right[-1, own]
            means = right[:-1, own] / np.maximum(masses, _NONE)
            scatter = (gram[:-1, :-1] - (means * masses) @ means.T) / mass
            scatter[within] += SHRINKAGE * np.trace(scatter) / len(scatter) + _FLOOR
            axes = np.linalg.solve(scatter, means)
            priors = np.log(np.maximum(masses / mass, _NONE))
            found[:-1, own] = axes
            found[-1, own] = priors - 0.5 * np.einsum("kc,kc->c", means, axes)
        return found.astype(np.float32)

    def _weights(self, chosen: Ints) -> NDArray[np.float32]:
        """Return the first model of scenes, (k + 1, classes of all tasks)."""
        gram, right = self._summed(chosen)
        gram[np.diag_indices_from(gram)] += self._ridge
        return np.asarray(cho_solve(cho_factor(gram), right), dtype=np.float32)

    def _summed(self, chosen: Ints) -> tuple[Floats, Floats]:
        """Return ``Z' diag(w) Z`` and ``Z' diag(w) Y`` of scenes together."""
        sums = [self._sums_of(int(scene)) for scene in chosen]
        gram: Floats = np.sum([left for left, _ in sums], axis=0, dtype=np.float64)
        right: Floats = np.sum([right for _, right in sums], axis=0, dtype=np.float64)
        return gram, right

    def _sums_of(self, scene: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return ``Z' diag(w) Z`` and ``Z' diag(w) Y`` of a scene."""
        if scene in self._sums:
            return self._sums[scene]
        tasks = self._tasks
        parts = slice(tasks.offsets[scene], tasks.offsets[scene + 1])
        rows = _with_bias(tasks.rows[parts])
        heavy = rows * tasks.masses[parts, np.newaxis]
        labels = tasks.labels[parts]
        starts = np.arange(0, labels.size + 1, self.tasks)
        ones = np.ones(labels.size, dtype=np.float32)
        classes = csr_matrix((ones, labels.ravel(), starts), (len(labels), int(self._ends[-1])))
        sums = rows.T @ heavy, np.ascontiguousarray((classes.T @ heavy).T)
        if len(self._sums) < self._most:
            self._sums[scene] = sums
        return sums


@lru_cache(maxsize=_REMEMBERED)
def score_of(tasks: PseudoTasks) -> PseudoTaskScore:
    """Return the score of tasks, with its sums where the same tasks were asked for before."""
    return PseudoTaskScore(tasks)


def _with_bias(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([rows, np.ones((len(rows), 1), dtype=np.float32)], axis=1)
