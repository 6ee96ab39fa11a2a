"""What every image of a labelled set shows where, computed once and then read from disk.

The maps of a set lie in one file of float16 (:mod:`features.files.stored`), written as they are
computed and published when they are whole, under a name that is a hash of all they depend on.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.backbones import Backbone, Compute, Identity, open_backbone, resolve_precision
from features.backbones.protocol import PREPROCESSING
from features.errors import BatchTooLargeError, DamagedError, VectorsError
from features.files.stored import map_array, write_array
from features.images.decoding import Decoder
from features.images.pixels import fingerprint

Progress = Callable[[int, int], None]
"""Called with the number of images that are done and the number of all."""

_VERSION: Final = "dense maps 1"
"""What this module and the backbones' `maps` do; to be changed with them."""

_VALUES: Final = "values"
_BATCH: Final = 8
_AHEAD: Final = 64
"""Images that are decoded before they are needed."""

_DEFAULT: Final = Compute()


@dataclass(frozen=True, slots=True)
class ImageMaps:
    """The maps of some images.

    Parameters
    ----------
    values : (n, rows * columns, c) float16
        Memory-mapped, read only; the images in the order they were asked for, cells row by row.
    rows, columns
        The grid that the cells of an image form.
    """

    values: NDArray[np.float16]
    rows: int
    columns: int


def dense_maps(
    images: Mapping[str, Path],
    identity: Identity,
    cache: Path,
    *,
    compute: Compute = _DEFAULT,
    progress: Progress | None = None,
    load: Callable[[Identity, Compute], Backbone] = open_backbone,
) -> ImageMaps:
    """Return the maps of images; computed now, unless the cache has them.

    Parameters
    ----------
    images
        Stem to file, at least one.
    identity
        The backbone and its weights.
    cache
        A folder, made where it is missing; safe to delete.
    compute
        Where and how the backbone computes.
    progress
        See :data:`Progress`.
    load
        Loads the backbone; not called where the cache has the maps.

    Raises
    ------
    ImageError
        An image cannot be read: labelled data must be whole.
    BackboneError, WeightsError
        The backbone cannot be loaded, or the device has no memory for a single image.
    VectorsError
        The backbone gives values that float16 does not hold.
    """
    report = progress or (lambda _done, _total: None)
    files = [str(path) for path in images.values()]
    path = cache / f"{_key(files, identity, compute)}.npz"
    try:
        values = map_array(path, _VALUES)
    except DamagedError:  # or not there yet
        _compute(path, files, load(identity, compute), report)
        values = map_array(path, _VALUES)
    report(len(files), len(files))
    n, rows, columns, channels = values.shape
    return ImageMaps(values.reshape(n, rows * columns, channels), rows, columns)


def _key(files: list[str], identity: Identity, compute: Compute) -> str:
    precision = resolve_precision(identity.name, compute)
    parts = [_VERSION, PREPROCESSING, identity.name, identity.weights_id, precision]
    states = [fingerprint(file) for file in files]
    return hashlib.sha256(json.dumps([parts, states]).encode()).hexdigest()


def _compute(path: Path, files: list[str], backbone: Backbone, report: Progress) -> None:
    report(0, len(files))
    with closing(Decoder()) as decoder:
        write_array(path, _VALUES, len(files), _batches(files, backbone, decoder, report))


def _batches(
    files: list[str], backbone: Backbone, decoder: Decoder, report: Progress
) -> Iterator[NDArray[np.float16]]:
    pixels = _decoded(files, decoder)
    done = 0
    while batch := list(islice(pixels, _BATCH)):
        yield _maps(backbone, np.stack(batch))
        done += len(batch)
        report(done, len(files))


def _decoded(files: list[str], decoder: Decoder) -> Iterator[NDArray[np.uint8]]:
    """Yield the pixels of images in order, some of them decoded ahead."""
    waiting: deque[Future[NDArray[np.uint8]]] = deque()
    for file in files:
        waiting.append(decoder.decode(file))
        if len(waiting) > _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _maps(backbone: Backbone, pixels: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Compute the maps of a batch, one by one where the device has no memory for the whole."""
    try:
        exact = backbone.maps(pixels)
    except BatchTooLargeError:
        if len(pixels) == 1:
            raise
        return np.concatenate([_maps(backbone, pixels[i : i + 1]) for i in range(len(pixels))])
    with np.errstate(over="ignore"):
        values = exact.astype(np.float16)
    if not np.isfinite(values).all():
        message = f"{backbone.name} gives maps with values that float16 does not hold"
        raise VectorsError(message)
    return values
