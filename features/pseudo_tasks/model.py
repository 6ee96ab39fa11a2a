"""The pseudo-tasks of a pool, as they are stored beside its signatures."""

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.files.stored import read_arrays, write_arrays

VERSION: Final = 2
"""What `features.pseudo_tasks.building` makes of parts; to be changed with it."""

_FIELDS: Final = (
    "version",
    "offsets",
    "masses",
    "rows",
    "labels",
    "sizes",
    "unseen",
    "mean",
    "components",
)

_FINE: Final = "fine"

_log = logging.getLogger(__name__)


def tasks_path(signatures: Path) -> Path:
    """Return where the tasks belong of the scenes whose signatures lie in a file of the cache."""
    return signatures.parent.parent / "pseudo_tasks" / signatures.name


@dataclass(frozen=True, eq=False, slots=True)
class PseudoTasks:
    """The pseudo-tasks of a pool: the parts of its scenes, and the class of each in every task.

    Parameters
    ----------
    offsets : (n + 1,) int64
        Parts ``offsets[i]`` to ``offsets[i + 1]`` are those of scene i.
    masses : (m,) float32
        How many images a part makes up.
    rows : (m, k) float32
        What a first model is given of each part; the components' mean variance is 1.
    fine : (m, l) float16
        Further components, for hints: small things differ in what varies little.
    labels : (m, t) int32
        Class of each part in each task, classes numbered on from task to task.
    sizes : (t,) int64
        Number of classes of each task.
    unseen
        Number of tasks, the last ones, by which nothing is searched.
    mean : (d,) float64
        Of parts of length 1.
    components : (d, k + l) float64
        What is not the mean of a part times these is its row, and what is fine of it.

    Raises
    ------
    VectorsError
        The arrays do not fit each other, or a number is not finite.
    """

    offsets: NDArray[np.int64]
    masses: NDArray[np.float32]
    rows: NDArray[np.float32]
    fine: NDArray[np.float16]
    labels: NDArray[np.int32]
    sizes: NDArray[np.int64]
    unseen: int
    mean: NDArray[np.float64]
    components: NDArray[np.float64]

    def __post_init__(self) -> None:
        m, t = self.masses.size, self.sizes.size
        ends = np.cumsum(self.sizes)
        fits = (
            self.labels.shape == (m, t)
            and self.rows.shape[:1] == (m,)
            and self.offsets.size > 1
            and self.offsets[0] == 0
            and self.offsets[-1] == m
            and bool((np.diff(self.offsets) >= 0).all())
            and 0 <= self.unseen <= t
            and self.fine.shape[:1] == (m,)
            and self.components.shape == (*self.mean.shape, self.rows.shape[1] + self.fine.shape[1])
            and bool(((self.labels >= ends - self.sizes) & (self.labels < ends)).all())
        )
        numbers = (self.rows, self.fine, self.masses)
        if not (fits and all(np.isfinite(array).all() for array in numbers)):
            message = "pseudo-tasks must have a finite row and a class in each task for every part"
            raise VectorsError(message)

    @classmethod
    def none(cls, n: int) -> Self:
        """Return the tasks of n scenes that cannot be told apart, or are too many."""
        nothing = np.zeros((0, 0))
        return cls(
            offsets=np.zeros(n + 1, dtype=np.int64),
            masses=np.zeros(0, dtype=np.float32),
            rows=nothing.astype(np.float32),
            fine=nothing.astype(np.float16),
            labels=nothing.astype(np.int32),
            sizes=np.zeros(0, dtype=np.int64),
            unseen=0,
            mean=np.zeros(0),
            components=nothing,
        )

    @property
    def some(self) -> Self | None:
        """The tasks; None where there are none."""
        return self if self.sizes.size else None

    @property
    def n(self) -> int:
        """Number of scenes."""
        return len(self.offsets) - 1

    def project(self, parts: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return row and what is fine of parts (m, d) of length 1, shape (m, k + l)."""
        return np.asarray((parts - self.mean) @ self.components, dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write the tasks to an ``.npz`` file, all or nothing."""
        numbers = {"version": np.array([VERSION]), "unseen": np.array([self.unseen])}
        names = {*_FIELDS, _FINE} - numbers.keys()
        arrays = {name: getattr(self, name) for name in sorted(names)}
        write_arrays(path, **arrays, **numbers)

    @classmethod
    def load(cls, path: Path, oldest: int = VERSION) -> Self:
        """Read tasks that :meth:`save` wrote.

        Parameters
        ----------
        path
            The file.
        oldest
            Version that will do; tasks of version 1 have nothing fine.

        Raises
        ------
        VectorsError
            The file is missing, is not such a file, or is of another version.
        """
        version, *arrays = read_arrays(path, *_FIELDS, optional=(_FINE,))
        if version.tolist() not in [[k] for k in range(oldest, VERSION + 1)]:
            message = f"{path}: pseudo-tasks of another version"
            raise VectorsError(message)
        offsets, masses, rows, labels, sizes, unseen, mean, components, *more = arrays
        fine = more[0] if more else np.zeros((len(rows), 0), dtype=np.float16)
        if unseen.shape != (1,):
            message = f"{path}: pseudo-tasks without a number of those that are unseen"
            raise VectorsError(message)
        last = int(unseen[0])
        return cls(offsets, masses, rows, fine, labels, sizes, last, mean, components)


def stored_tasks(signatures: Path) -> PseudoTasks | None:
    """Return the pseudo-tasks that are stored with signatures; None where there are none."""
    path = tasks_path(signatures)
    if not path.exists():
        return None
    with suppress(OSError):
        os.utime(path)  # it is in use: old files may be removed
    try:
        found = PseudoTasks.load(path, oldest=1)
    except VectorsError as error:
        _log.warning("pseudo-tasks are not used: %s", error)
        return None
    return found.some
