"""Write a file by path or URI, whole or not at all."""

from collections.abc import Iterable

from features.errors import StorageError
from features.files.atomic import atomic_write
from features.storage.file_systems import FileSystemFile
from features.storage.limits import FILE, Limits
from features.storage.object_stores import ObjectStoreFile
from features.storage.uris import HTTP, OBJECT_STORES, is_remote, parse, to_path


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
