"""From the name of a file to its points: by its ending, within a limit of bytes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from features.errors import SourceError
from features.limits import MAX_CLOUD_BYTES, MAX_INTENSITY
from features.pointclouds.cloud import Cloud
from features.pointclouds.formats import read_array, read_kitti, read_nuscenes, read_text
from features.pointclouds.las import read_las
from features.pointclouds.pcd import read_pcd
from features.pointclouds.ply import read_ply
from features.storage.reading import local_copy
from features.storage.remote import IMAGE

_READERS: Final[Mapping[str, Callable[[Path, int], Cloud]]] = MappingProxyType(
    {
        ".pcd.bin": read_nuscenes,
        ".bin": read_kitti,
        ".pcd": read_pcd,
        ".las": read_las,
        ".laz": read_las,
        ".ply": read_ply,
        ".npy": read_array,
        ".xyz": read_text,
        ".txt": read_text,
    }
)


def read_cloud(name: str, most: int) -> Cloud:
    """Return points of a file, evenly spread over it; the same ones every time.

    Parameters
    ----------
    name
        A local path, a ``file://`` URI, or a remote URI of any scheme that can be read here.
    most
        How many at most, at least 1. Points that are not finite are left out of them.

    Raises
    ------
    StorageError
        There is no such file, or its bytes cannot be had.
    SourceError
        It is too large, of no kind that is known, or breaks the rules of its kind.
    """
    lowered = name.partition("?")[0].lower()
    reader = next((read for end, read in _READERS.items() if lowered.endswith(end)), None)
    if reader is None:
        rule = f"is of no kind that can be shown; those are {', '.join(_READERS)}"
        raise SourceError(name, rule)
    with local_copy(name, IMAGE) as path:
        size = path.stat().st_size
        if size > MAX_CLOUD_BYTES:
            rule = f"has {size:,} bytes; up to {MAX_CLOUD_BYTES:,} are read"
            raise SourceError(str(path), rule)
        try:
            return _sound(path, reader(path, most).finite())
        except OSError as error:
            raise SourceError(str(path), f"cannot be read ({error.strerror})") from error


def _sound(path: Path, cloud: Cloud) -> Cloud:
    """Refuse intensities that no sensor gives, and that cannot even be rounded."""
    values = cloud.intensity
    if values is not None and values.size and np.abs(values).max() > MAX_INTENSITY:
        shown = values[np.abs(values).argmax()]
        rule = f"has an intensity of {shown:.3g}; up to {MAX_INTENSITY:g} is read"
        raise SourceError(str(path), rule)
    return cloud
