"""From scenes to stored vectors, group by group.

A scene's vectors lie under a key made of all they depend on: the extractor and exactly the images
that could be read. A changed setting or image never meets a stale result, and a scene with a broken
image is stored without it, yet the image is reported at every run, for as long as it is broken.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.blocks import BlockStore
from features.extractor import Extractor
from features.reading import (
    ImageFailure,
    ImageFile,
    LeftOut,
    decode_images,
    find_images,
    left_out,
)
from features.scenes import Scene

GROUP_IMAGES: Final = 64
"""A group is closed once it has this many images: the work that a crash can lose."""

_MAX_THREADS: Final = 8


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What became of the scenes of one group.

    Parameters
    ----------
    keys
        Scene id to the key of its vectors in the store, for every scene that has vectors.
    computed, reused
        Number of scenes that were encoded now, and that were stored before.
    failures, left_out
        Images that cannot be read, and scenes that have no other.
    """

    keys: Mapping[str, str]
    computed: int
    reused: int
    failures: tuple[ImageFailure, ...]
    left_out: tuple[LeftOut, ...]


def group_scenes(scenes: Sequence[Scene]) -> tuple[tuple[Scene, ...], ...]:
    """Cut a pool into groups of whole scenes.

    The groups depend on the scenes alone, never on what is stored, so that a job which is resumed
    finds each group under its old number.
    """
    groups: list[tuple[Scene, ...]] = []
    group: list[Scene] = []
    for scene in scenes:
        group.append(scene)
        if sum(len(member.images) for member in group) >= GROUP_IMAGES:
            groups.append(tuple(group))
            group = []
    if group:
        groups.append(tuple(group))
    return tuple(groups)


def scene_key(extractor_id: str, files: Sequence[ImageFile]) -> str:
    """Return the key of the vectors that an extractor makes of these images, in this order."""
    parts = [extractor_id, [file.state for file in files]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def extract_group(
    scenes: Sequence[Scene],
    extractor: Extractor,
    store: BlockStore,
    report: Callable[[int], None],
) -> GroupResult:
    """Make sure that the vectors of a group of scenes are stored, as one block.

    May be run again at any time: what is stored is neither computed nor written twice.

    Parameters
    ----------
    scenes
        The group.
    extractor, store
        What computes vectors, and where they are kept.
    report
        Called with every number of images that are done, stored ones included.

    Raises
    ------
    BackboneError, VectorsError
        See :meth:`features.extractor.Extractor.encode`.
    """
    keys: dict[str, str] = {}
    pending: dict[str, list[NDArray[np.uint8]]] = {}
    failures: list[ImageFailure] = []
    without: list[LeftOut] = []
    computed = 0
    with ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as threads:
        for scene in scenes:
            reading = _read(scene, extractor.id, store, threads)
            failures += reading.failures
            if not reading.files:
                without.append(left_out(scene, reading.failures))
            else:
                keys[scene.scene_id] = reading.key
            computed += bool(reading.pixels)
            # Scenes with the very same images share their vectors.
            waiting = reading.pixels if reading.key not in pending else []
            if waiting:
                pending[reading.key] = waiting
            report(len(scene.images) - len(waiting))
    store.put(list(extractor.encode(pending, report).items()))
    return GroupResult(keys, computed, len(keys) - computed, tuple(failures), tuple(without))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A scene's readable images; pixels only where its vectors are not stored."""

    key: str
    files: list[ImageFile]
    pixels: list[NDArray[np.uint8]]
    failures: list[ImageFailure]


def _read(scene: Scene, extractor_id: str, store: BlockStore, threads: Executor) -> _Reading:
    files, missing = find_images(scene)
    key = scene_key(extractor_id, files)
    if not files or key in store:
        return _Reading(key, files, [], missing)
    files, pixels, broken = decode_images(scene.scene_id, files, threads)
    key = scene_key(extractor_id, files)
    return _Reading(key, files, [] if key in store else pixels, missing + broken)
