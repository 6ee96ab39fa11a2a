"""What a hint shows, patch by patch: its images as the pool's are described, and their labels."""

from collections.abc import Sequence
from contextlib import closing
from typing import Final

import numpy as np

from app.choosing.hints import TOKEN
from app.datasets.translate import feature_settings
from app.datasets.wire import FeatureRequest
from app.hints.reading import open_hint
from app.hints.service import AskedHint, refused
from app.labelled.errors import LabelledDataError
from app.labelled.folder import LabelFolder, LabelledPool
from features.backbones import Backbone, identify, open_backbone
from features.errors import FeatureError, plural
from features.images.decoding import Decoder
from features.pseudo_tasks import LabelledCells
from features.pseudo_tasks.hints import FEWEST_CELLS, write_cells

_BATCH: Final = 8


def labelled_cells(
    pool: LabelledPool, stems: Sequence[str], backbone: Backbone
) -> list[LabelledCells]:
    """Return what images show, patch by patch, and how their patches are labelled.

    Raises
    ------
    LabelledDataError
        A label cannot be read, or differs from its image in size.
    FeatureError
        An image cannot be read, or the device has no memory for a batch.
    """
    found = []
    with closing(Decoder()) as decoder:
        for start in range(0, len(stems), _BATCH):
            batch = stems[start : start + _BATCH]
            waiting = [decoder.decode(str(pool.image(stem))) for stem in batch]
            vectors = backbone.encode(np.stack([one.result() for one in waiting]), TOKEN)
            side = round(vectors.shape[1] ** 0.5)  # the network sees squares
            found += [
                LabelledCells(rows, pool.counts(stem, side, side))
                for stem, rows in zip(batch, vectors, strict=True)
            ]
    return found


def untaught(hint: LabelFolder, cells: Sequence[LabelledCells]) -> tuple[str, ...]:
    """Name the classes that a hint's labels show, but hardly a cell."""
    shown = np.sum(list(hint.pixels.values()), axis=0) > 0
    names = [image.counts[image.counts.any(axis=1)].argmax(axis=1) for image in cells]
    most = np.bincount(np.concatenate(names), minlength=hint.classes)
    return tuple(
        f"Class {hint.class_names[value]} of the hint fills {plural(int(most[value]), 'cell')} of "
        "its images: too few to look for."
        for value in np.flatnonzero(shown & (most < FEWEST_CELLS))
    )


def describe(asked: AskedHint) -> None:
    """Make the file of an uploaded hint's cells, by the network of the dataset.

    Raises
    ------
    InvalidRequestError
        It is no hint, an image cannot be read, or the network cannot be used.
    """
    chosen = feature_settings(FeatureRequest(**asked.dataset.features), asked.settings)
    name = (asked.dataset.resolved_features or {})["backbone"]
    try:
        identity = identify(name, weights=chosen.weights, weights_sha256=chosen.weights_sha256)
        with open_hint(asked.archive, asked.ignore) as hint:
            cells = labelled_cells(hint, hint.train, open_backbone(identity, chosen.compute))
            write_cells(asked.cells, cells, untaught(hint, cells))
    except (FeatureError, LabelledDataError) as error:
        raise refused(error, asked.archive) from error
    asked.artifacts.publish((asked.cells,))
