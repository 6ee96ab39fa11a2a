"""A backbone with everything that decides what vectors a scene gets from it."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.backbones.identity import Identity
from features.backbones.loading import open_backbone
from features.backbones.pixels import PREPROCESSING
from features.backbones.protocol import CLS, PATCH_KEYS, Backbone, Token
from features.clustering import ALGORITHM, cluster
from features.errors import VectorsError

MAX_PATCHES: Final = 65_536
"""Most patch keys of one scene that are clustered (200 MB at d = 768).

From a scene with more, every s-th of each image is taken: at 784 patches, beyond 83 images.
"""


class Extractor:
    """Turns the pixels of scenes into the vectors that are stored of them.

    The network is loaded when the first scene is encoded; where everything is stored, never.

    Parameters
    ----------
    identity
        The backbone and its weights.
    token
        ``cls``: a scene keeps one vector per image. ``patch_keys``: it keeps the centres of all its
        patch keys, at most ``clusters``; the keys themselves, a thousand times more, are not kept.
    clusters
        Number of centres; matters here for ``patch_keys`` only.
    device, batch_size
        Where and how many images at once; no part of the result's identity.
    """

    def __init__(
        self,
        identity: Identity,
        token: Token,
        clusters: int,
        *,
        device: str = "auto",
        batch_size: int = 32,
    ) -> None:
        self._identity = identity
        self._token: Token = token
        self._clusters = clusters
        self._device = device
        self._batch_size = batch_size
        parts: list[object] = [identity.name, identity.weights_id, PREPROCESSING, token]
        if token == PATCH_KEYS:
            parts += [ALGORITHM, clusters, MAX_PATCHES]
        self.id = hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @cached_property
    def backbone(self) -> Backbone:
        """The network, loaded."""
        return open_backbone(self._identity, self._device)

    def encode(
        self,
        scenes: Mapping[str, Sequence[NDArray[np.uint8]]],
        report: Callable[[int], None],
    ) -> dict[str, NDArray[np.float32]]:
        """Encode scenes, in batches that run across them.

        Parameters
        ----------
        scenes
            Key to the pixels of the scene's images, (224, 224, 3) each, at least one.
        report
            Called after every batch with its number of images.

        Returns
        -------
        dict[str, NDArray[np.float32]]
            Key to the scene's vectors, (m, d): one row per image, or per centre.

        Raises
        ------
        BackboneError
            The backbone cannot be loaded.
        VectorsError
            The backbone gives vectors that are not finite.
        """
        images = [(key, pixels) for key, scene in scenes.items() for pixels in scene]
        rows: dict[str, list[NDArray[np.float32]]] = {key: [] for key in scenes}
        for start in range(0, len(images), self._batch_size):
            batch = images[start : start + self._batch_size]
            encoded = self.backbone.encode(np.stack([pixels for _, pixels in batch]), self._token)
            if not np.isfinite(encoded).all():
                message = f"{self._identity.name} gives vectors that are not finite"
                raise VectorsError(message)
            for (key, _), vectors in zip(batch, encoded, strict=True):
                step = -(-len(scenes[key]) * len(vectors) // MAX_PATCHES)
                rows[key].append(vectors[::step])
            report(len(batch))
        return {key: self._reduce(np.concatenate(parts)) for key, parts in rows.items()}

    def _reduce(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._token == CLS:
            return vectors
        return cluster(vectors, self._clusters)
