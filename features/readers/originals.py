"""Whole files for platforms, read in a guarded process: images as they are, clouds as PCD."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from features.errors import FeatureError, ImageError, SourceError
from features.guarded.frames import Frame
from features.guarded.pool import ask
from features.images.pixels import original
from features.limits import CLOUD_GUARD, MAX_CONVERTED_POINTS
from features.pointclouds import reading
from features.pointclouds.writing import Pcd, write_pcd


@dataclass(frozen=True, eq=False, slots=True)
class Original:
    """An image's file.

    Parameters
    ----------
    content
        Its bytes, as they are.
    suffix
        The ending that goes with its format, whatever the file is named.
    width, height
        In pixels, upright.
    """

    content: bytes
    suffix: str
    width: int
    height: int


def read_original(uri: str) -> Original:
    """Return an image's file.

    Raises
    ------
    ImageError
        It cannot be read, or is no image.
    ReadersBusyError
        Too many files are being read.
    """
    frame = _asked(uri, as_pcd=False, refused=lambda reason: ImageError(uri, reason))
    return Original(frame.arrays[0].tobytes(), **frame.value)


def read_as_pcd(name: str) -> Pcd:
    """Return a whole point cloud of any kind that is read as PCD.

    Raises
    ------
    StorageError, SourceError
        See :func:`features.pointclouds.read_cloud`; or it has more than ``MAX_CONVERTED_POINTS``,
        or none with a place.
    ReadersBusyError
        Too many files are being read.
    """
    frame = _asked(name, as_pcd=True, refused=lambda reason: SourceError(name, reason))
    x, y, z = frame.value["origin"]
    value = frame.value
    return Pcd(frame.arrays[0].tobytes(), value["points"], value["left_out"], (x, y, z))


def _asked(name: str, *, as_pcd: bool, refused: Callable[[str], FeatureError]) -> Frame:
    arguments = {"name": name, "as_pcd": as_pcd}
    (frame,) = ask("original", arguments, CLOUD_GUARD, refused)
    return frame


def serve(name: str, *, as_pcd: bool) -> Iterator[Frame]:
    """Yield a file's bytes and what is known of them.

    Raises
    ------
    StorageError, SourceError, ImageError
        It cannot be read.
    """
    yield _cloud(name) if as_pcd else _image(name)


def _image(uri: str) -> Frame:
    content, suffix, (width, height) = original(uri)
    known = {"suffix": suffix, "width": width, "height": height}
    return Frame(known, [np.frombuffer(content, np.uint8)])


def _cloud(name: str) -> Frame:
    cloud = reading.read_cloud(name, MAX_CONVERTED_POINTS)
    if cloud.total > MAX_CONVERTED_POINTS:
        rule = f"has {cloud.total:,} points; up to {MAX_CONVERTED_POINTS:,} are converted to PCD"
        raise SourceError(name, rule)
    if not len(cloud.points):
        raise SourceError(name, "has no point whose place is a number")
    pcd = write_pcd(cloud)
    known = {"points": pcd.points, "left_out": pcd.left_out, "origin": pcd.origin}
    return Frame(known, [np.frombuffer(pcd.content, np.uint8)])
