"""What a first model might be asked to tell apart, made of a pool's own parts without a label.

The parts of all scenes are named by visual words, and words that look alike are merged until as
many are left as a dataset has classes: a segmentation of the pool that no one has drawn. One such
task is arbitrary. So there are several: each sees the channels of the features through one of
several *views* (a random half of them), blurs the distances between words at random, and merges
them by one of two rules to 16, 32 or 64 classes. The tasks of the last views are kept apart:
nothing is searched by them, so they tell how well a search by the others carries over.

Source: merging words by Ward's rule (Ward 1963) and by average linkage (Sokal and Michener 1958);
`docs/seed-quality.md` has what the tasks predict, and how that was measured.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from features.numeric import nearest_centres, squared_distances
from features.pseudo_tasks.model import PseudoTasks
from features.signatures.clustering import cluster
from features.signatures.describing import PrincipalSpace

DIMENSIONS: Final = 64
"""Principal components of the parts that a first model is given, and that words are learned in."""

FINE: Final = 256
"""Principal components that are kept for hints: small things differ in what varies little."""

WORDS: Final = 256
"""Visual words of a view, as far as the pool has parts enough."""

_PARTS_PER_WORD: Final = 4
_FEWEST_WORDS: Final = 4
"""With fewer, nothing can be merged."""

_BLUR: Final = 0.4
"""Standard deviation of the logarithm by which a distance of words is multiplied."""

_SPLITS: Final = 2
"""Random splits of the channels in two whose tasks a search may look at."""

SAMPLE: Final = 10_000
"""Parts of a pool that tasks are learned from, about."""

_SEED: Final = 123

_AVERAGE, _WARD = "average", "ward"
_SEEN: Final = (
    *((_AVERAGE, 32), (_WARD, 32)) * 4,
    *((_WARD, 16), (_AVERAGE, 16), (_WARD, 64), (_AVERAGE, 64)),
)
_UNSEEN: Final = ((_AVERAGE, 32), (_WARD, 32)) * 2


class _View(NamedTuple):
    """Some channels, a space of them, and the words in it.

    Parameters
    ----------
    channels : (c,) int64
    space
        Of these channels.
    words : (w, k) float32
    """

    channels: NDArray[np.int64]
    space: PrincipalSpace
    words: NDArray[np.float32]

    @classmethod
    def learn(
        cls,
        parts: NDArray[np.floating],
        masses: NDArray[np.floating],
        channels: NDArray[np.int64],
        count: int,
    ) -> Self | None:
        """Learn so many words; None where the channels show too few different things."""
        seen = parts[:, channels]
        space = PrincipalSpace.fit([(seen, masses)], DIMENSIONS, whitening=0.0)
        if not space.components.size:
            return None
        words = np.unique(cluster(space.project(seen), count, weights=masses), axis=0)
        return cls(channels, space, words) if len(words) >= _FEWEST_WORDS else None

    def name(self, parts: NDArray[np.floating]) -> NDArray[np.intp]:
        """Return the word of each part (m, d), shape (m,)."""
        return nearest_centres(self.space.project(parts[:, self.channels]), self.words)


class PseudoTaskBuilder:
    """Makes the tasks of a pool: learns from a sample of it, and is then given scene after scene.

    Parameters
    ----------
    head
        The space of what a first model is given.
    scale
        Divides it.
    views
        Those that are searched by, then those that are not.
    merged
        Of each task, the place of its view, and the class of each of its words, from 0.
    """

    def __init__(
        self,
        head: PrincipalSpace,
        scale: float,
        views: Sequence[_View],
        merged: Sequence[tuple[int, NDArray[np.int64]]],
    ) -> None:
        self._head, self._scale, self._views, self._merged = head, scale, views, merged
        self._sizes = np.array([classes.max() + 1 for _, classes in merged], dtype=np.int64)
        self._first = np.cumsum(self._sizes) - self._sizes
        self._counts: list[int] = []
        self._masses: list[NDArray[np.float32]] = []
        self._rows: list[NDArray[np.float32]] = []
        self._fine: list[NDArray[np.float16]] = []
        self._labels: list[NDArray[np.int32]] = []

    @classmethod
    def fit(
        cls, parts: NDArray[np.floating], masses: NDArray[np.floating], seed: int = _SEED
    ) -> Self | None:
        """Learn spaces, words and tasks from parts of a pool.

        Parameters
        ----------
        parts : (m, d)
            Of length 1.
        masses : (m,)
            How much each counts; those of 0 do not.
        seed
            The only source of randomness.

        Returns
        -------
        PseudoTaskBuilder or None
            None where the parts are too few, or too much alike, to be told apart.
        """
        heavy = masses > 0
        parts, masses = parts[heavy], masses[heavy]
        count = min(WORDS, len(parts) // _PARTS_PER_WORD)
        if count < _FEWEST_WORDS:
            return None
        rng = np.random.default_rng(seed)
        head = PrincipalSpace.fit([(parts, masses)], FINE, whitening=0.0)
        if not head.components.size:
            return None
        energy = np.square(head.project(parts)[:, :DIMENSIONS]).mean(axis=1)
        scale = float(np.sqrt(np.average(energy, weights=masses)))
        views: list[_View] = []
        for _ in range(_SPLITS + 1):
            order = rng.permutation(parts.shape[1])
            for channels in np.array_split(order, 2):
                view = _View.learn(parts, masses, channels, count)
                if view is None:
                    return None
                views.append(view)
        seen = 2 * _SPLITS
        merged = [
            (place % seen, _merge(views[place % seen].words, *rule, rng))
            for place, rule in enumerate(_SEEN)
        ]
        merged += [
            (seen + place % 2, _merge(views[seen + place % 2].words, *rule, rng))
            for place, rule in enumerate(_UNSEEN)
        ]
        return cls(head, scale, views, merged)

    def add(self, parts: NDArray[np.floating], masses: NDArray[np.floating]) -> None:
        """Add a scene's parts, (p, d) of length 1, and how many images each makes up, (p,)."""
        names = [view.name(parts) for view in self._views]
        labels = [classes[names[view]] for view, classes in self._merged]
        self._counts.append(len(parts))
        self._masses.append(np.asarray(masses, dtype=np.float32))
        rows = self._head.project(parts) / np.float32(self._scale)
        self._rows.append(rows[:, :DIMENSIONS])
        self._fine.append(rows[:, DIMENSIONS:].astype(np.float16))
        self._labels.append((np.stack(labels, axis=1) + self._first).astype(np.int32))

    def build(self) -> PseudoTasks:
        """Return the tasks of all scenes that were added, at least one."""
        return PseudoTasks(
            offsets=np.cumsum([0, *self._counts], dtype=np.int64),
            masses=np.concatenate(self._masses),
            rows=np.concatenate(self._rows),
            fine=np.concatenate(self._fine),
            labels=np.concatenate(self._labels),
            sizes=self._sizes,
            unseen=len(_UNSEEN),
            mean=self._head.mean,
            components=self._head.components / self._scale,
        )


def _merge(
    words: NDArray[np.float32], rule: str, classes: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return a class, from 0, of each word (w, k); some fewer classes where words are few."""
    exact = words.astype(np.float64)
    distances = np.sqrt(squared_distances(exact, exact))
    # Twice the variance before the mean of both directions, so that the mean has _BLUR.
    noise = rng.normal(0.0, _BLUR, distances.shape)
    distances *= np.exp((noise + noise.T) / np.sqrt(2.0))
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), rule)
    found = fcluster(tree, min(classes, len(words) - 1), "maxclust")
    names: NDArray[np.int64] = np.unique(found, return_inverse=True)[1].astype(np.int64)
    return names
