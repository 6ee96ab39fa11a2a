"""The last two stages of the pipeline, each stored under the key of all it depends on."""

import logging
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from features.errors import VectorsError
from features.index import SceneIndex
from features.prepared import Stage
from features.signatures import Signatures

_log = logging.getLogger(__name__)


def sign(
    cache: Path, key: str, scenes: int, build: Callable[[], Signatures]
) -> tuple[Signatures, Stage]:
    """Return the signatures that are stored under a key, or build and store them.

    Parameters
    ----------
    cache
        The folder of all stages.
    key
        Hash of all that the signatures depend on.
    scenes
        Number of scenes, for the account.
    build
        Makes the signatures where they are missing or damaged.
    """
    start = perf_counter()
    path = cache / "signatures" / f"{key}.npz"
    if path.exists():
        try:
            return Signatures.load(path), Stage("signatures", 0, scenes, perf_counter() - start)
        except VectorsError as error:
            _log.warning("computed again: %s", error)
    signatures = build()
    signatures.save(path)
    return signatures, Stage("signatures", scenes, 0, perf_counter() - start)


def index(cache: Path, key: str, signatures: Signatures) -> tuple[Path, Stage]:
    """Return where the index of the signatures is stored; build it if it is not."""
    start = perf_counter()
    path = cache / "index" / f"{key}.faiss"
    n = len(signatures.scene_ids)
    if path.exists():
        return path, Stage("index", 0, n, perf_counter() - start)
    SceneIndex.build(signatures).save(path)
    return path, Stage("index", n, 0, perf_counter() - start)
