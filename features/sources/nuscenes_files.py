"""Which files of nuScenes are there, and how many points the lidar scans have."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from features.files.sizes import count_items
from features.sources.nuscenes_tables import LIDAR, Drive
from features.wording import plural

_POINT_BYTES: Final = 20  # x, y, z, intensity, ring as float32

Points = Mapping[str, int] | None
"""Points by sample token, where every keyframe's scan is there."""


@dataclass(frozen=True, slots=True)
class PointSurvey:
    """Points, where they come from, and the sentences that a user should read."""

    by_sample: Points
    origin: str
    notes: tuple[str, ...] = ()


class NuscenesFiles:
    """The data set's folder; most people unpack only some of its archives.

    Parameters
    ----------
    root
        What the tables' file names start from.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.missing = 0
        self._names: dict[str, frozenset[str]] = {}

    def has_image(self, name: str) -> bool:
        """Tell whether an image is there, and count it as missing if not; a folder is listed once.

        Parameters
        ----------
        name
            Its path from the root, with slashes.
        """
        folder, _, file = name.rpartition("/")
        if folder not in self._names:
            self._names[folder] = _names(self.root / folder)
        found = file in self._names[folder]
        self.missing += not found
        return found


def _names(folder: Path) -> frozenset[str]:
    if not folder.is_dir():
        return frozenset()
    with os.scandir(folder) as entries:
        return frozenset(entry.name for entry in entries)


def survey(drives: Sequence[Drive], files: NuscenesFiles) -> PointSurvey:
    """Count the points of each keyframe's top lidar scan, from its file's size.

    Raises
    ------
    SourceError
        A file has an impossible size.
    """
    keyframes = [keyframe for drive in drives for keyframe in drive.keyframes]
    paths = [files.root / keyframe.lidar for keyframe in keyframes if keyframe.lidar is not None]
    there = [path for path in paths if path.is_file()]
    if len(there) < len(keyframes):
        lost = plural(len(keyframes) - len(there), f"{LIDAR} file")
        note = f"points are not counted: {lost} of {len(keyframes):,} not there"
        return PointSurvey(None, "nbr_samples", (note,) if there else ())
    points = {
        keyframe.token: count_items(path, _POINT_BYTES)
        for keyframe, path in zip(keyframes, there, strict=True)
    }
    return PointSurvey(points, f"{LIDAR} file sizes ({_POINT_BYTES} bytes a point)")
