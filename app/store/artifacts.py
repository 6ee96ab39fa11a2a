"""Files that every host needs: in the data directory, and in a store where one is set.

Names are hashes of what the content depends on, so files never change: a host that makes one
publishes it, a host that lacks one fetches it, and nothing is ever out of date. In the store a line
of JSON with size and SHA-256 stands before a file's content: one object says whether it is whole.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from app.errors import UnavailableError
from features.errors import AbsentError, StorageError
from features.files.paths import atomic_write
from features.storage.reading import read_into, write_chunks
from features.storage.remote import FILE

_CHUNK: Final = 2**20
_LONGEST_HEAD: Final = 256


class Artifacts:
    """The files of a data directory that are shared between hosts.

    Parameters
    ----------
    folder
        The data directory; names in the store are paths below it, also where its ``cache`` lies
        elsewhere.
    url
        ``s3://BUCKET/PREFIX``, ``gs://``, ``az://``, ``file://`` or what else fsspec writes to;
        None where hosts share the data directory itself, or there is only one.
    """

    def __init__(self, folder: Path, url: str | None) -> None:
        self._folder = folder
        self._url = url

    def publish(self, paths: Iterable[Path]) -> None:
        """Put files into the store.

        Raises
        ------
        UnavailableError
            The store does not take one.
        """
        if self._url is None:
            return
        for path in paths:
            try:
                write_chunks(self._name(self._url, path), _framed(path))
            except StorageError as error:
                raise _unavailable(path, error.reason) from error

    def fetch(self, path: Path) -> Path:
        """Return a file, from the store where it is not here; it may be in neither.

        Raises
        ------
        UnavailableError
            The store does not answer, or what it has is not the whole file.
        """
        if self._url is None or path.exists():
            return path
        try:
            with atomic_write(path) as stream:
                content = _Unframed(stream)
                read_into(self._name(self._url, path), content, FILE)
                content.require_whole()
        except AbsentError:
            return path
        except StorageError as error:
            raise _unavailable(path, error.reason) from error
        except ValueError as error:
            raise _unavailable(path, "what it has is damaged") from error
        return path

    def fetch_content(self, path: Path) -> Path:
        """Return a file that is named by the SHA-256 of its content; it may be nowhere.

        One that is damaged here is removed, and fetched again where there is a store.

        Raises
        ------
        UnavailableError
            It is damaged, and no store has it; or see :meth:`fetch`.
        """
        if not self.fetch(path).exists() or _is_named_by_content(path):
            return path
        path.unlink(missing_ok=True)
        if self._url is None or not self.fetch(path).exists():
            detail = f"{path.name} was damaged on this server and is removed; send it again."
            raise UnavailableError(detail)
        return path

    def _name(self, url: str, path: Path) -> str:
        inside = path.is_relative_to(self._folder)
        name = path.relative_to(self._folder) if inside else Path("cache", *path.parts[-2:])
        return f"{url.rstrip('/')}/{name.as_posix()}"


def _is_named_by_content(path: Path) -> bool:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == path.name.partition(".")[0]


def _framed(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        head = {"bytes": stream.tell(), "sha256": sha256}
        stream.seek(0)
        yield json.dumps(head).encode() + b"\n"
        while chunk := stream.read(_CHUNK):
            yield chunk


class _Unframed:
    """Passes on what stands behind the line of JSON, and looks whether it is what that says."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._head = b""
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, chunk: bytes, /) -> None:
        """Take the next piece."""
        rest = chunk
        if not self._head.endswith(b"\n"):
            line, found, rest = (self._head + chunk).partition(b"\n")
            self._head = line + found if len(line) <= _LONGEST_HEAD else b"\n"  # no head of ours
        self._digest.update(rest)
        self._size += len(rest)
        self._sink.write(rest)

    def require_whole(self) -> None:
        """Refuse a content that is not what its head says.

        Raises
        ------
        ValueError
            It is not.
        """
        said: object = None
        with suppress(ValueError, UnicodeDecodeError):
            said = json.loads(self._head)
        if said != {"bytes": self._size, "sha256": self._digest.hexdigest()}:
            message = "size or hash differs"
            raise ValueError(message)


def _unavailable(path: Path, reason: str) -> UnavailableError:
    return UnavailableError(f"{path.name} cannot be had from the store of artifacts: {reason}.")
