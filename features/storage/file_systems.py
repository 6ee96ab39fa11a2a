"""Any other scheme, through the fsspec implementation that is installed for it."""

import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, TypeVar
from uuid import uuid4

import fsspec  # type: ignore[import-untyped]

from features.errors import AbsentError, StorageError
from features.storage.remote import Content, Limits, Sink, check_size

_CHUNK_BYTES: Final = 2**20
_TAGS: Final = ("ETag", "etag", "e_tag", "checksum", "sha256", "md5", "mtime", "LastModified")
_T = TypeVar("_T")


@lru_cache(maxsize=64)
def is_installed(scheme: str) -> bool:
    """Tell whether fsspec has an implementation of a scheme that can be used here."""
    try:
        fsspec.get_filesystem_class(scheme)
    except (ImportError, ValueError):
        return False
    return True


class FileSystemFile:
    """A file of an fsspec file system.

    Parameters
    ----------
    name
        The URI.
    limits
        The bounds of a read. Connections and retries are the implementation's own.

    Raises
    ------
    StorageError
        No implementation of the scheme is installed.
    """

    def __init__(self, name: str, limits: Limits) -> None:
        scheme = name.partition("://")[0].lower()
        if not is_installed(scheme):
            raise StorageError(name, f"nothing that is installed here reads {scheme}:// URIs")
        self._name = name
        self._limits = limits

    def content(self) -> Content:
        """Return size and tag without reading the content.

        Raises
        ------
        StorageError
            The file is missing, a folder, or cannot be reached in time.
        """
        return self._run(self._content)

    def read_into(self, sink: Sink) -> None:
        """Write the content to a stream.

        Raises
        ------
        StorageError
            As :meth:`content`; the content is too large.
        """
        self._run(lambda: self._read_into(sink))

    def write(self, chunks: Iterable[bytes]) -> None:
        """Write the content, beside its place and then moved.

        Raises
        ------
        StorageError
            It cannot be written there, or not in time.
        """
        self._run(lambda: self._write(chunks))

    def _write(self, chunks: Iterable[bytes]) -> None:
        system, path = fsspec.url_to_fs(self._name)
        folder = path.rpartition("/")[0]
        system.makedirs(folder, exist_ok=True)
        temporary = f"{path}.{uuid4().hex}.tmp"
        try:
            with system.open(temporary, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
            system.mv(temporary, path)
        except BaseException:
            if system.exists(temporary):
                system.rm(temporary)
            raise

    def _content(self) -> Content:
        system, path, info = self._look()
        size = info.get("size")
        tag = next((str(info[key]) for key in _TAGS if info.get(key)), None)
        if tag is None:
            try:
                tag = system.modified(path).isoformat()
            except (NotImplementedError, KeyError, AttributeError):
                tag = None
        return Content(size if isinstance(size, int) else None, tag)

    def _read_into(self, sink: Sink) -> None:
        system, path, info = self._look()
        size = info.get("size")
        if isinstance(size, int):
            check_size(self._name, size, self._limits)
        size = 0
        with system.open(path, "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                size += len(chunk)
                check_size(self._name, size, self._limits)
                sink.write(chunk)

    def _look(self) -> tuple[Any, str, dict[str, object]]:
        system, path = fsspec.url_to_fs(self._name)
        info: dict[str, object] = system.info(path)
        if info.get("type") == "directory":
            raise StorageError(self._name, "a folder, not a file")
        return system, path, info

    def _run(self, task: Callable[[], _T]) -> _T:
        try:
            return _within(self._limits.total_s, task)
        except StorageError:
            raise
        except TimeoutError:
            reason = f"it could not be read within {self._limits.total_s:g} s"
        except FileNotFoundError:
            raise AbsentError(self._name, "it does not exist there") from None
        except PermissionError:
            reason = "access is denied"
        except IsADirectoryError:
            reason = "a folder, not a file"
        except Exception as error:  # noqa: BLE001  an implementation may raise anything
            reason = f"it cannot be read ({type(error).__name__})"
        # The cause is left out: it may show what is secret in an address.
        raise StorageError(self._name, reason) from None


def _within(seconds: float, task: Callable[[], _T]) -> _T:
    """Run a task in a thread that is left to itself if it takes too long."""
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(task())
        except BaseException as error:  # noqa: BLE001  raised again by who waits
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError
    if errors:
        raise errors[0]
    return results[0]
