"""Hints that callers upload: looked at when they arrive, described once, then taught from a file.

What a network makes of a hint's images is computed by a worker, for it has the network. So the
first seed with a hint is an operation, and further ones are answered like any others.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.choosing.hints import NEEDS, TOKEN
from app.datasets.source_reports import uploaded
from app.errors import InvalidRequestError
from app.hints.reading import ARCHIVE, open_hint
from app.hints.wire import HintClass, HintRequest, UploadedHint
from app.labelled.errors import LabelledDataError
from app.processes.child import Cancellation
from app.settings import Settings
from app.store.artifacts import Artifacts
from app.store.tables import DatasetRow
from features.errors import FeatureError

_POINTER: Final = "#/hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class HintTask:
    """An uploaded hint to be looked at.

    Parameters
    ----------
    path
        The archive.
    uri
        What its owner calls it.
    """

    path: Path
    uri: str
    time_limit_s: float = 120.0

    def run(self, watch: Cancellation) -> UploadedHint:
        """Look at it in this process.

        Raises
        ------
        InvalidRequestError
            It is no hint; names the file in it.
        """
        del watch
        try:
            with open_hint(self.path) as hint:
                pixels = np.stack(list(hint.pixels.values()))
                shares = pixels.sum(axis=0) / pixels.sum()
                classes = tuple(
                    HintClass(
                        value=value,
                        name=hint.class_names[value],
                        images=int(np.count_nonzero(pixels[:, value])),
                        share=float(shares[value]),
                    )
                    for value in np.flatnonzero(shares).tolist()
                )
        except LabelledDataError as error:
            raise refused(error, self.path) from error
        size = self.path.stat().st_size
        return UploadedHint(uri=self.uri, bytes=size, images=len(pixels), classes=classes)


def refused(error: LabelledDataError | FeatureError, path: Path) -> InvalidRequestError:
    """Return an error about an archive that calls it what its owner does."""
    return InvalidRequestError(f"hint: {str(error).replace(path.name, 'hint.zip')}", _POINTER)


_VERSION: Final = 1
"""What `app.hints.describing` makes of images; to be changed with it."""


def cells_file(
    folder: Path, archive: str, ignore: Collection[int], network: Mapping[str, Any]
) -> Path:
    """Return where the cells of an uploaded hint belong.

    Parameters
    ----------
    folder
        Of all such files.
    archive
        Name of the upload, which is its content's hash.
    ignore
        Values of a label that are no class.
    network
        What the pool's patches were described by: backbone, weights and precision.
    """
    about = [_VERSION, archive, sorted(set(ignore)), dict(network)]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    return folder / f"{digest}.npz"


@dataclass(frozen=True, slots=True)
class AskedHint:
    """The hint of a question about a dataset.

    Parameters
    ----------
    settings
        Say where files lie, and where a network computes.
    dataset
        What is asked about.
    archive
        The upload.
    ignore
        Values of the labels that are no class.
    cells
        Where its cells are, or will be.
    """

    settings: Settings
    dataset: DatasetRow
    archive: Path
    ignore: frozenset[int]
    cells: Path

    @classmethod
    def of(cls, settings: Settings, dataset: DatasetRow, request: HintRequest) -> "AskedHint":
        """Find what a request names.

        Raises
        ------
        InvalidRequestError
            Nothing of this name was uploaded, or the dataset has no patches.
        UnavailableError
            What was uploaded is damaged.
        """
        resolved = dataset.resolved_features or {}
        if resolved.get("token") != TOKEN:
            raise InvalidRequestError(NEEDS, _POINTER)
        archive = uploaded(
            request.uri, (ARCHIVE,), settings, door="POST /v1/hints", pointer=f"{_POINTER}/uri"
        )
        network = {name: resolved[name] for name in ("backbone", "weights_id", "precision")}
        cells = cells_file(settings.hints_dir, archive.name, request.ignore, network)
        return cls(settings, dataset, archive, frozenset(request.ignore), cells)

    def is_described(self) -> bool:
        """Tell whether the cells are there; they are fetched where another host made them."""
        return self.artifacts.fetch(self.cells).exists()

    @property
    def artifacts(self) -> Artifacts:
        """Where hosts find what others made."""
        return Artifacts(self.settings.data_dir, self.settings.artifacts_url)
