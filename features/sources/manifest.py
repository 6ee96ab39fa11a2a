"""The scene manifest, taken as a whole or not at all: the first broken rule is the error.

Unless whoever reads it says how else broken rules are met (`features.sources.refusing`).

A row is a scene as :func:`features.sources.record.parse_scene` describes it, whichever of the three
forms the file's ending names: JSON Lines, CSV or Parquet.
"""

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Final

from features.sources.manifest_csv import read_csv
from features.sources.manifest_jsonl import read_jsonl
from features.sources.options import SourceOptions
from features.sources.pool import build_pool
from features.sources.refusing import Refuse
from features.sources.scenes import PoolScene, ScenePool

SUFFIXES: Final = (".jsonl", ".ndjson", ".csv", ".parquet")
"""File name endings, in lower case, that tell a manifest; the first two are JSON Lines."""


def open_manifest(path: Path, options: SourceOptions, base: Path | str | None = None) -> ScenePool:
    """Return the pool that a manifest describes.

    Relative paths in it start from `base`, or else from its own folder. A file with another ending
    is JSON Lines.

    Raises
    ------
    SourceError
        A row breaks a rule; names ``FILE:LINE``, of Parquet ``FILE row N``.
    """
    scenes = _scenes(path, path.parent if base is None else base, options.refuse)
    return build_pool(
        "manifest",
        str(path),
        takewhile(lambda _: options.go_on(), scenes),
        resource=options.resource,
        refuse=options.refuse,
        cost_origin="the manifest",
    )


def _scenes(path: Path, base: Path | str, refuse: Refuse) -> Iterator[tuple[str, PoolScene]]:
    match path.suffix.lower():
        case ".csv":
            return read_csv(path, base, refuse)
        case ".parquet":
            from features.sources.manifest_parquet import (  # noqa: PLC0415  loads pyarrow
                read_parquet,
            )

            return read_parquet(path, base, refuse)
        case _:
            return read_jsonl(path, base, refuse)
