"""Files that every host needs: in the data directory, and in an object store where one is set.

Names are hashes of what the content depends on, so files never change: whoever makes one publishes
it, whoever lacks one fetches it, and nothing is ever out of date.
"""

from collections.abc import Iterable
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from app.errors import UnavailableError
from features.atomic import atomic_write


class Artifacts:
    """The files of a data directory that are shared between hosts.

    Parameters
    ----------
    folder
        The data directory; names in the store are paths below it.
    url
        ``s3://BUCKET/PREFIX``, ``gs://``, ``az://`` or ``file://``; None where hosts share the
        data directory itself, or there is only one.
    """

    def __init__(self, folder: Path, url: str | None) -> None:
        self._folder = folder
        self._store: ObjectStore | None = None if url is None else from_url(url)

    def publish(self, paths: Iterable[Path]) -> None:
        """Put files into the store.

        Raises
        ------
        UnavailableError
            The store does not take one.
        """
        if self._store is None:
            return
        for path in paths:
            try:
                obstore.put(self._store, self._name(path), path)
            except BaseError as error:
                raise _unavailable(path) from error

    def fetch(self, path: Path) -> Path:
        """Return a file, from the store where it is not here; it may be in neither.

        Raises
        ------
        UnavailableError
            The store does not answer.
        """
        if self._store is None or path.exists():
            return path
        try:
            found = obstore.get(self._store, self._name(path))
            with atomic_write(path) as stream:
                for chunk in found.stream():
                    stream.write(bytes(chunk))
        except FileNotFoundError:
            return path
        except BaseError as error:
            raise _unavailable(path) from error
        return path

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()


def _unavailable(path: Path) -> UnavailableError:
    detail = f"The store of artifacts does not answer for {path.name}."
    return UnavailableError(detail)
