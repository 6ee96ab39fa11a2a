"""A backbone with everything that decides what vectors an image gets from it."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.backbones.catalogue import COLOUR_GRID
from features.backbones.compute import CLS, FLOAT32, PATCHES, Compute, Precision, Token
from features.backbones.identity import Identity
from features.backbones.protocol import PREPROCESSING, Backbone
from features.errors import BatchTooLargeError, VectorsError
from features.extraction.blocks import ImageVectors
from features.numeric import nearest_centres
from features.signatures.clustering import ALGORITHM, cluster_many

Pixels: TypeAlias = tuple[bytes, NDArray[np.uint8]]
"""An image's key and its pixels, (224, 224, 3)."""

Entry: TypeAlias = tuple[bytes, ImageVectors]
"""An image's key and what is kept of it."""

PATCH_CENTRES: Final = 48
"""Centres that an image keeps of its ``patches``: enough that what is small and rare has one."""

_REDUCTION: Final = "centres per image 1"

_DEFAULT: Final = Compute()
_GRID_BATCH: Final = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what vectors an image gets. It loads nothing, so it travels.

    Parameters
    ----------
    identity
        The backbone and its weights.
    token
        ``cls``: an image keeps one vector. Others: it keeps the centres of its patches' vectors,
        at most :attr:`kept`; the vectors themselves, 784 of them for ViT-B/8, live for one batch.
    clusters
        Number of centres; matters here for ``patch_keys`` only.
    precision
        Of the network's products.
    """

    identity: Identity
    token: Token
    clusters: int
    precision: Precision = FLOAT32

    @property
    def id(self) -> str:
        """A hash of it; part of the key of every image's vectors."""
        parts: list[object] = [self.identity.name, self.identity.weights_id, PREPROCESSING]
        parts += [self.token, self.precision]
        if self.token != CLS:
            parts += [_REDUCTION, ALGORITHM, self.kept]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def kept(self) -> int:
        """Most vectors that an image keeps."""
        return PATCH_CENTRES if self.token == PATCHES else self.clusters


class Extractor:
    """Turns the pixels of images into the vectors that are stored of them.

    Parameters
    ----------
    recipe
        What decides the vectors.
    load
        Loads the backbone; called when the first image is encoded; where everything is stored,
        never.
    batch_size
        Images that are encoded at once; by default what is fast on the device, and fits. No part
        of the result's identity. A batch that the device has no memory for is halved, and so is
        every later one.
    compute
        Where the backbone lies once it is loaded.
    """

    def __init__(
        self,
        recipe: Recipe,
        load: Callable[[], Backbone],
        batch_size: int | None = None,
        compute: Compute = _DEFAULT,
    ) -> None:
        self.recipe = recipe
        self.id = recipe.id
        self._load = load
        self._batch_size = batch_size
        self._compute = compute

    @cached_property
    def backbone(self) -> Backbone:
        """The network, loaded."""
        return self._load()

    def encode(self, images: Iterable[Pixels], report: Callable[[int], None]) -> list[Entry]:
        """Encode images batch by batch, while those to come are still being decoded.

        Parameters
        ----------
        images
            Taken only as they are needed.
        report
            Called after every batch with its number of images.

        Raises
        ------
        BackboneError
            The backbone cannot be loaded, or the device has no memory for a single image.
        VectorsError
            The backbone gives vectors that are not finite.
        """
        waiting = iter(images)
        entries: list[Entry] = []
        reduced: Future[list[Entry]] | None = None
        with ThreadPoolExecutor(1) as background:  # reduces a batch while the next is encoded
            while batch := self._next(waiting):
                keys = [key for key, _ in batch]
                encoded = self._encode(np.stack([pixels for _, pixels in batch]))
                if reduced is not None:
                    entries += reduced.result()
                reduced = background.submit(self._reduce, keys, encoded)
                report(len(batch))
            if reduced is not None:
                entries += reduced.result()
        return entries

    def _next(self, images: Iterator[Pixels]) -> list[Pixels]:
        """Take a batch; a backbone is loaded only once there is an image for it."""
        first = list(islice(images, 1))
        if first and self._batch_size is None:
            self._batch_size = self._suggestion()
        return first + list(islice(images, (self._batch_size or 1) - 1))

    def _suggestion(self) -> int:
        if self.recipe.identity.name == COLOUR_GRID:  # it has no network, and may have no torch
            return _GRID_BATCH
        from features.backbones.device import suggest_batch_size  # noqa: PLC0415  loads torch

        return suggest_batch_size(self.backbone, self.recipe.token, self._compute)

    def _encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode a batch, in halves where the device has no memory for the whole."""
        vectors = self._try(pixels)
        if vectors is None:
            half = (len(pixels) + 1) // 2
            _log.warning("the device has no memory for %d images at once; %d", len(pixels), half)
            self._batch_size = min(self._batch_size or half, half)
            return np.concatenate([self._encode(pixels[:half]), self._encode(pixels[half:])])
        if not np.isfinite(vectors).all():
            message = f"{self.recipe.identity.name} gives vectors that are not finite"
            raise VectorsError(message)
        return vectors

    def _try(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Encode a batch, or return None where it does not fit; one image must.

        The error is dropped on the way, and with it the frames that hold the failed batch.
        """
        try:
            return self.backbone.encode(pixels, self.recipe.token)
        except BatchTooLargeError:
            if len(pixels) == 1:
                raise
            return None

    def _reduce(self, keys: Sequence[bytes], encoded: NDArray[np.float32]) -> list[Entry]:
        if self.recipe.token == CLS:
            return [
                (key, ImageVectors(vectors, np.ones(len(vectors), np.int32)))
                for key, vectors in zip(keys, encoded, strict=True)
            ]
        centres = cluster_many(list(encoded), self.recipe.kept)
        return [
            (key, ImageVectors(rows, _counts(vectors, rows)))
            for key, vectors, rows in zip(keys, encoded, centres, strict=True)
        ]


def _counts(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return how many of the vectors (m, d) are nearest to each of the centres (k, d)."""
    nearest = nearest_centres(vectors, centres)
    return np.bincount(nearest, minlength=len(centres)).astype(np.int32)
