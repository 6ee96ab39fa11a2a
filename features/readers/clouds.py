"""Point clouds, read in a guarded process."""

from collections.abc import Iterator

from features.errors import SourceError
from features.guarded.frames import Frame
from features.guarded.pool import ask
from features.limits import CLOUD_GUARD
from features.pointclouds import reading
from features.pointclouds.cloud import Cloud


def read_cloud(name: str, most: int) -> Cloud:
    """Return points of a file; takes and raises what `features.pointclouds.read_cloud` does.

    Raises
    ------
    SourceError
        Also where the file crashes its reader, or takes too long or too much memory.
    ReadersBusyError
        Too many files are being read.
    """
    arguments = {"name": name, "most": most}
    (frame,) = ask("cloud", arguments, CLOUD_GUARD, lambda reason: SourceError(name, reason))
    arrays = dict(zip(frame.value["names"], frame.arrays, strict=True))
    return Cloud(frame.value["total"], **arrays)


def serve(name: str, most: int) -> Iterator[Frame]:
    """Yield a cloud's points.

    Raises
    ------
    StorageError, SourceError
        See :func:`features.pointclouds.read_cloud`.
    """
    cloud = reading.read_cloud(name, most)
    arrays = {"points": cloud.points, "colors": cloud.colors, "intensity": cloud.intensity}
    known = {key: array for key, array in arrays.items() if array is not None}
    yield Frame({"total": cloud.total, "names": list(known)}, list(known.values()))
