"""Files that describe a whole pool and lie elsewhere: read from a copy, named by their URI."""

from collections.abc import Callable
from pathlib import Path

from features.errors import SourceError, StorageError
from features.redaction import redacted
from features.scenes import Pool
from features.sources.options import SourceOptions
from features.storage.reading import local_copy
from features.uris import folder_of

Opener = Callable[[Path, SourceOptions, str], Pool]
"""Opens a file; relative paths in it start from the URI prefix that is the last parameter."""


def open_remote(opener: Opener, uri: str, options: SourceOptions) -> Pool:
    """Open a file that lies elsewhere.

    Raises
    ------
    SourceError
        It cannot be had, or `opener` refuses it; either way the file is named by its URI.
    """
    try:
        with local_copy(uri) as copy:
            try:
                return opener(copy, options, folder_of(uri))
            except SourceError as error:
                place, rule = (
                    text.replace(str(copy), redacted(uri)) for text in (error.place, error.rule)
                )
                raise SourceError(place, rule) from error
    except StorageError as error:
        raise SourceError(error.uri, error.reason) from error
