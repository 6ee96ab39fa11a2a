"""Where seeds are compared: one backbone's view of a labelled dataset, one probe, one score."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.maps import Progress, dense_maps
from app.evaluation.probe import Probe, Space, fit
from app.evaluation.scores import confusion, iou, mean_iou
from app.labelled.folder import LabelledPool
from features.backbones import Compute, Identity

SEEN: Final = "seen"
UNSEEN: Final = "unseen"


@dataclass(frozen=True, slots=True)
class Score:
    """How good the probe of some labels is on the test images.

    Parameters
    ----------
    miou
        Mean over the classes that the test images show, in [0, 1].
    iou : (classes,)
        NaN for a class that they do not show.
    parts
        The same mean on the test images of groups that the training images have too (``seen``:
        other frames of the same drive) and of groups of their own (``unseen``), where there are
        both.
    images
        Number of images that the probe was trained on.
    iterations, gradient, converged
        See :class:`app.evaluation.probe.Probe`.
    """

    miou: float
    iou: NDArray[np.float64]
    parts: Mapping[str, float]
    images: int
    iterations: int
    gradient: float
    converged: bool


class Arena:
    """A labelled dataset as one backbone sees it.

    Features of all cells are kept in memory: 128 float32 a cell, 0.4 MB an image of 28 x 28.
    Threads may share it: two that ask for the same images at once get the same bits.

    Parameters
    ----------
    pool
        The dataset.
    identity
        The backbone and its weights.
    cache
        A folder for dense maps.
    compute
        Where the backbone computes.
    progress
        Told about every batch of images.

    Raises
    ------
    FeatureError
        An image cannot be read, or the backbone cannot be used.
    LabelledDataError
        A label cannot be read.
    """

    def __init__(
        self,
        pool: LabelledPool,
        identity: Identity,
        cache: Path,
        compute: Compute,
        progress: Progress | None = None,
    ) -> None:
        self._pool = pool
        stems = (*pool.train, *pool.test)
        images = {stem: pool.image(stem) for stem in stems}
        maps = dense_maps(images, identity, cache, compute=compute, progress=progress)
        split = len(pool.train)
        # Fitted to what may be chosen, without a label: the same space for every seed.
        space = Space.fit(maps.values[:split])
        cells, components = maps.values.shape[1], space.components.shape[1]
        self._features = np.empty((len(stems), cells, components), dtype=np.float32)
        for place, image in enumerate(maps.values):
            self._features[place] = space.project(image)
        self._counts = np.stack([pool.counts(stem, maps.rows, maps.columns) for stem in stems])
        self._place = {stem: place for place, stem in enumerate(stems)}
        self._test = np.arange(split, len(stems))
        self._parts = self._divide()
        self._probes: dict[frozenset[str], Probe] = {}
        self._scores: dict[frozenset[str], Score] = {}

    def _divide(self) -> dict[str, NDArray[np.bool_]]:
        """Return which test images are of a group that training images have, and which are not."""
        groups = {self._pool.group(stem) for stem in self._pool.train}
        seen = np.array([self._pool.group(stem) in groups for stem in self._pool.test])
        return {SEEN: seen, UNSEEN: ~seen} if seen.any() and not seen.all() else {}

    def features(self, stem: str) -> NDArray[np.float32]:
        """Return the features of an image's cells in the probe's space, (cells, k)."""
        found: NDArray[np.float32] = self._features[self._place[stem]]
        return found

    def train(self, stems: Iterable[str]) -> Probe:
        """Train the probe on the labels of some images; the same images only once.

        Raises
        ------
        InvalidRequestError
            None of them has a label.
        """
        chosen = frozenset(stems)
        if chosen not in self._probes:
            rows = np.array(sorted(self._place[stem] for stem in chosen), dtype=np.int64)
            features, counts = self._features[rows], self._counts[rows]
            self._probes[chosen] = fit(
                features.reshape(-1, features.shape[-1]), counts.reshape(-1, counts.shape[-1])
            )
        return self._probes[chosen]

    def score(self, stems: Iterable[str]) -> Score:
        """Train the probe on the labels of some images and score it; the same images only once."""
        chosen = frozenset(stems)
        if chosen not in self._scores:
            self._scores[chosen] = self._judge(self.train(chosen), len(chosen))
        return self._scores[chosen]

    def _judge(self, probe: Probe, images: int) -> Score:
        """Score a probe of some number of images on the test images."""
        # Image by image: all logits of a large test set would not fit.
        tables = np.stack(
            [confusion(probe.predict(self._features[k]), self._counts[k]) for k in self._test]
        )
        whole = tables.sum(axis=0)
        parts = {name: mean_iou(tables[inside].sum(axis=0)) for name, inside in self._parts.items()}
        return Score(
            miou=mean_iou(whole),
            iou=iou(whole),
            parts={name: value for name, value in parts.items() if np.isfinite(value)},
            images=images,
            iterations=probe.iterations,
            gradient=probe.gradient,
            converged=probe.converged,
        )
