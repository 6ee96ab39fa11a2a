"""Files that describe a whole pool and lie elsewhere: read from a copy, named by their URI."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from features.errors import SourceError, StorageError
from features.sources.options import SourceOptions
from features.sources.scenes import ScenePool
from features.storage.reading import local_copy
from features.storage.redaction import redacted
from features.storage.uris import folder_of

Opener = Callable[[Path, SourceOptions, Path | str], ScenePool]
"""Opens a file; relative paths in it start from the folder or prefix that comes last."""


def open_remote(opener: Opener, uri: str, options: SourceOptions) -> ScenePool:
    """Open a file that lies elsewhere.

    Raises
    ------
    SourceError
        It cannot be had, or `opener` refuses it; either way the file is named by its URI.
    """
    try:
        with local_copy(uri) as copy:
            return open_named(opener, copy, redacted(uri), options, folder_of(uri))
    except StorageError as error:
        raise SourceError(error.uri, error.reason) from error


def open_named(
    opener: Opener, path: Path, name: str, options: SourceOptions, base: Path | str
) -> ScenePool:
    """Open a file that its user knows by another name than its path.

    Raises
    ------
    SourceError
        `opener` refuses it; the file is called by its name.
    """

    def named(error: SourceError) -> SourceError:
        place, rule = (text.replace(str(path), name) for text in (error.place, error.rule))
        return SourceError(place, rule)

    def refuse(error: SourceError, scene_id: str | None) -> None:
        options.refuse(named(error), scene_id)

    try:
        return opener(path, replace(options, refuse=refuse), base)
    except SourceError as error:
        raise named(error) from error
