"""A hint: a folder of a few labelled images that says which things count, however small they are.

The images are described as the pool's are, patch by patch, and their labels are index PNGs of the
same names. `features.pseudo_tasks.hints` makes tasks of them.
"""

from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from app.evaluation.errors import EvaluationError
from app.evaluation.label_files import LABEL_SUFFIX
from app.evaluation.labelled import LabelFolder, LabelledImage, LabelledPool, survey
from app.seeds.scene_request import SceneRequest
from app.seeds.selection import PreparedSource
from features.backbones import Backbone, identify, open_backbone
from features.errors import VectorsError, plural
from features.images.decoding import Decoder
from features.images.pixels import SUFFIXES
from features.limits import MAX_HINT_IMAGES
from features.pseudo_tasks import LabelledCells, PseudoTasks, taught
from features.pseudo_tasks.hints import FEWEST_CELLS
from features.settings import AUTO
from features.sources.scenes import ScenePool

_TOKEN: Final = "patches"  # noqa: S105  which vectors, no secret
_NEEDS: Final = (
    f"a hint needs a pool that is described by {_TOKEN} (--token), with parts to tell apart"
)
_FEWEST_CLASSES: Final = 2
_BATCH: Final = 8


def read_hint(folder: Path, ignore: frozenset[int]) -> LabelFolder:
    """Find a hint's images and labels, and read all labels once.

    Parameters
    ----------
    folder
        It has images and index PNGs of the same stems: in ``images`` and ``labels`` below it where
        there are such folders, else side by side.
    ignore
        Values of a label that are no class.

    Raises
    ------
    EvaluationError
        There is no labelled image, or there are too many; a label cannot be read, has a value that
        is no class, or differs from its image in size; the labels have fewer than two classes.
    """
    images, labels = folder / "images", folder / "labels"
    if not (images.is_dir() and labels.is_dir()):
        images = labels = folder
    entries = _entries(images, labels)
    if not entries:
        rule = "has no image with a label PNG of the same name, so it is no hint"
        raise EvaluationError(str(folder), rule)
    if len(entries) > MAX_HINT_IMAGES:
        rule = f"has {len(entries):,} labelled images; a hint has {MAX_HINT_IMAGES} at most"
        raise EvaluationError(str(folder), rule)
    pixels = survey({stem: entry.label for stem, entry in entries.items()}, ignore, None)
    shown = np.flatnonzero(np.sum(list(pixels.values()), axis=0))
    if len(shown) < _FEWEST_CLASSES:
        only = f"a single class ({shown[0]})" if len(shown) else "no class"
        rule = f"its labels show {only}, so there is nothing to tell apart; is a value not ignored?"
        raise EvaluationError(str(folder), rule)
    found = LabelFolder(
        name=folder.name,
        train=tuple(entries),
        test=(),
        classes=len(next(iter(pixels.values()))),
        ignore=ignore,
        images=entries,
        pixels=pixels,
    )
    for stem in found.train:
        found.counts(stem, 1, 1)  # compares the sizes
    return found


def _entries(images: Path, labels: Path) -> dict[str, LabelledImage]:
    if not images.is_dir():
        raise EvaluationError(str(images), "is no folder")
    label_of = {p.stem: p for p in sorted(labels.iterdir()) if p.suffix.lower() == LABEL_SUFFIX}
    return {
        path.stem: LabelledImage(path.stem, path, label_of[path.stem])
        for path in sorted(images.iterdir())
        if path.suffix.lower() in SUFFIXES and path.stem in label_of and path != label_of[path.stem]
    }


def require_sense(
    hint: LabelFolder, request: SceneRequest, pool: ScenePool, labelled: Collection[str]
) -> None:
    """Refuse a hint that no features could make one of, before they are computed.

    Parameters
    ----------
    hint
        What was read.
    request, pool
        What is asked about.
    labelled
        Ids of scenes that are labelled already: their images may be in a hint. That is a second
        round.

    Raises
    ------
    EvaluationError
        The pool will not be described by patches, or an image of the hint is in a scene that is not
        labelled: who has labels there says so by ``--labelled``.
    """
    if request.vectors is not None or request.features.token not in {AUTO, _TOKEN}:
        raise EvaluationError(hint.name, _NEEDS)
    free = [scene for scene in pool.scenes if scene.scene_id not in labelled]
    own = {image.uri for scene in free for image in scene.images}
    for stem in hint.train:
        path = hint.image(stem).resolve()
        if str(path) in own or path.as_uri() in own:
            rule = "is an image of the pool; say which scenes are labelled by --labelled"
            raise EvaluationError(str(path), rule)


def teach(hint: LabelFolder, known: PreparedSource) -> tuple[PseudoTasks, tuple[str, ...]]:
    """Return the tasks that a hint makes of a pool's parts, and sentences on what it cannot teach.

    Raises
    ------
    EvaluationError
        The pool's parts cannot be told apart, or the images show too little.
    FeatureError
        An image cannot be read, or the backbone cannot be used.
    """
    prepared = known.prepared
    if prepared.tasks is None:
        raise EvaluationError(hint.name, _NEEDS)
    settings = known.source.request.features
    identity = identify(
        prepared.backbone, weights=settings.weights, weights_sha256=settings.weights_sha256
    )
    cells = labelled_cells(hint, hint.train, open_backbone(identity, settings.compute))
    try:
        return taught(prepared.tasks, cells), _untaught(hint, cells)
    except VectorsError as error:
        raise EvaluationError(hint.name, str(error)) from error


def _untaught(hint: LabelFolder, cells: Sequence[LabelledCells]) -> tuple[str, ...]:
    """Name the classes that the labels show, but hardly a cell."""
    shown = np.sum(list(hint.pixels.values()), axis=0) > 0
    names = [image.counts[image.counts.any(axis=1)].argmax(axis=1) for image in cells]
    most = np.bincount(np.concatenate(names), minlength=hint.classes)
    return tuple(
        f"Class {value} of the hint fills {plural(int(most[value]), 'cell')} of its images: too "
        "few to look for."
        for value in np.flatnonzero(shown & (most < FEWEST_CELLS))
    )


def labelled_cells(
    pool: LabelledPool, stems: Sequence[str], backbone: Backbone
) -> list[LabelledCells]:
    """Return what images show, patch by patch, and how their patches are labelled.

    Raises
    ------
    EvaluationError
        A label cannot be read, or differs from its image in size.
    FeatureError
        An image cannot be read, or the device has no memory for a batch.
    """
    found = []
    with closing(Decoder()) as decoder:
        for start in range(0, len(stems), _BATCH):
            batch = stems[start : start + _BATCH]
            waiting = [decoder.decode(str(pool.image(stem))) for stem in batch]
            vectors = backbone.encode(np.stack([one.result() for one in waiting]), _TOKEN)
            side = round(vectors.shape[1] ** 0.5)  # the network sees squares
            found += [
                LabelledCells(rows, pool.counts(stem, side, side))
                for stem, rows in zip(batch, vectors, strict=True)
            ]
    return found
