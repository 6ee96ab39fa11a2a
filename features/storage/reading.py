"""Read bytes by path or URI.

Files on this machine.

Write a file by path or URI, whole or not at all.
"""

import hashlib
import io
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from features.errors import AbsentError, StorageError
from features.files.packed import ENDING
from features.files.paths import atomic_write
from features.storage.file_systems import FileSystemFile
from features.storage.object_stores import ObjectStoreFile
from features.storage.remote import FILE, IMAGE, Content, Limits, RemoteFile, Sink
from features.storage.uris import HTTP, OBJECT_STORES, is_remote, parse, to_path


def regular_file(name: str) -> tuple[Path, os.stat_result]:
    """Return a file's path and status.

    Raises
    ------
    StorageError
        It is missing, no regular file, or cannot be reached.
    """
    path = to_path(name)
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AbsentError(name, "the file does not exist") from error
    except PermissionError as error:
        raise StorageError(name, "no permission to read the file") from error
    except OSError as error:  # a name too long, a loop of links
        raise StorageError(name, f"the file cannot be reached ({error.strerror})") from error
    if stat.S_ISDIR(status.st_mode):
        raise StorageError(name, "a folder, not a file")
    if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for ever
        raise StorageError(name, "not a regular file")
    return path, status


def open_file(name: str) -> BinaryIO:
    """Open a regular file for reading.

    Raises
    ------
    StorageError
        As :func:`regular_file`.
    """
    path, _ = regular_file(name)
    try:
        return path.open("rb")
    except FileNotFoundError as error:  # gone since it was looked for
        raise StorageError(name, "the file does not exist") from error
    except PermissionError as error:
        raise StorageError(name, "no permission to read the file") from error
    except OSError as error:
        raise StorageError(name, f"the file cannot be reached ({error.strerror})") from error


def open_binary(name: str, limits: Limits = IMAGE) -> BinaryIO:
    """Return a stream over a file's bytes: of a remote file all of them, read at once.

    Parameters
    ----------
    name
        A local path, a ``file://`` URI or a remote URI.
    limits
        The bounds where the file is remote.

    Raises
    ------
    StorageError
        The file is missing, cannot be reached in time, may not be read, or is too large.
    """
    if not is_remote(name):
        return open_file(name)
    stream = io.BytesIO()
    _remote(name, limits).read_into(stream)
    stream.seek(0)
    return stream


def read_into(name: str, sink: Sink, limits: Limits = FILE) -> None:
    """Write a file's bytes to a stream, as they come.

    Raises
    ------
    AbsentError
        There is no such file.
    StorageError
        It cannot be reached in time, may not be read, or is too large.
    """
    if is_remote(name):
        _remote(name, limits).read_into(sink)
        return
    with open_file(name) as file:
        shutil.copyfileobj(file, sink)


def state(name: str, limits: Limits = IMAGE) -> tuple[str | int, ...]:
    """Return what tells that a file has not changed.

    Returns
    -------
    tuple[str | int, ...]
        Local: the path with its links followed, bytes, time of the last change in nanoseconds.
        Remote: the URI, bytes, and the entity tag or else the time of the last change; where the
        server tells neither, the URI, bytes, and the SHA-256 of the content, which is read for it.
        A query stands there as its SHA-256, for it may hold a signature.

    Raises
    ------
    StorageError
        The file is missing, cannot be reached in time, may not be read, or is too large.
    """
    if not is_remote(name):
        path, status = regular_file(name)
        return str(path.resolve()), status.st_size, status.st_mtime_ns
    file = _remote(name, limits)
    content = file.content()
    size, tag = content.size, content.tag
    if size is None or tag is None:
        stream = io.BytesIO()
        file.read_into(stream)
        size, tag = stream.tell(), hashlib.sha256(stream.getbuffer()).hexdigest()
    return _without_query(name), size, tag


def described(name: str, limits: Limits = IMAGE) -> Content:
    """Return what is known of a file's content without reading it.

    Raises
    ------
    StorageError
        The file is missing, cannot be reached in time, or may not be read.
    """
    if is_remote(name):
        return _remote(name, limits).content()
    status = regular_file(name)[1]
    return Content(status.st_size, str(status.st_mtime_ns))


@contextmanager
def local_copy(name: str, limits: Limits = FILE) -> Iterator[Path]:
    """Yield a path on this machine with a file's content: a local file itself, else a copy.

    A copy lies in a folder of its own, keeps the ending of its name (in lower case; of a packed
    file both endings), and is gone when the block ends.

    Parameters
    ----------
    name
        A local path, a ``file://`` URI or a remote URI.
    limits
        The bounds where the file is remote.

    Raises
    ------
    StorageError
        The file is missing, cannot be reached in time, may not be read, or is too large.
    """
    if not is_remote(name):
        yield regular_file(name)[0]
        return
    file = _remote(name, limits)
    with TemporaryDirectory(prefix="seedal-") as folder:
        path = Path(folder) / f"copy{_ending(parse(name).path)}"
        with path.open("xb") as sink:
            file.read_into(sink)
        yield path


def _ending(name: str) -> str:
    path = Path(name.lower())
    is_packed = path.suffix == ENDING
    return path.with_suffix("").suffix + ENDING if is_packed else path.suffix


def require_readable(name: str) -> None:
    """Refuse a name that nothing here can read, without looking for the file.

    Raises
    ------
    StorageError
        The URI is malformed, or nothing that is installed reads its scheme.
    """
    if is_remote(name):
        _remote(name, IMAGE)


def _remote(name: str, limits: Limits) -> RemoteFile:
    uri = parse(name)
    if uri.scheme not in HTTP | OBJECT_STORES:
        return FileSystemFile(name, limits)
    if not uri.query and (not uri.path or uri.path.endswith("/")):
        raise StorageError(name, "the URI names a folder, not a file")
    if uri.scheme in HTTP:
        from features.storage.web import WebFile  # noqa: PLC0415  most reads need no web client

        return WebFile(name, uri, limits)
    return ObjectStoreFile(name, uri, limits)


def _without_query(name: str) -> str:
    query = parse(name).query
    if not query:
        return name
    return name.partition("?")[0] + "?" + hashlib.sha256(query.encode()).hexdigest()


def write_chunks(name: str, chunks: Iterable[bytes], limits: Limits = FILE) -> None:
    """Write a file; one of this name that is there already is replaced.

    Parameters
    ----------
    name
        A local path, a ``file://`` URI or a remote URI, though none of http or https.
    chunks
        The content, piece by piece.
    limits
        The bounds where the file is remote.

    Raises
    ------
    StorageError
        It cannot be written there, or not in time.
    """
    if not is_remote(name):
        try:
            with atomic_write(to_path(name)) as stream:
                stream.writelines(chunks)
        except OSError as error:
            raise StorageError(name, f"it cannot be written ({error.strerror})") from error
        return
    uri = parse(name)
    if uri.scheme in HTTP:
        raise StorageError(name, "nothing is written to web servers")
    if uri.scheme in OBJECT_STORES:
        ObjectStoreFile(name, uri, limits).write(chunks)
    else:
        FileSystemFile(name, limits).write(chunks)
