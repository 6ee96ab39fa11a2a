"""How many points of an S3DIS room are to be labelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from features.errors import SourceError
from features.sources.labelling import Labelling, Survey, labelling_of
from features.sources.npy import read_header
from features.sources.wording import count

SUPERVOXELS: Final = "supervoxel"


@dataclass(frozen=True, slots=True)
class Room:
    """One room: the number of its area, its name and the file of its points."""

    area: int
    name: str
    coords: Path

    @property
    def key(self) -> tuple[int, str]:
        """What names the room in 2D-3D-S too: case differs there."""
        return self.area, self.name.lower()

    @property
    def scene_id(self) -> str:
        """The room's id, for example ``"Area_2/storage_5"``."""
        return f"Area_{self.area}/{self.name}"

    @property
    def supervoxels(self) -> Path:
        """Where ReDAL's preparation puts the room's supervoxels."""
        return self.coords.parents[1] / SUPERVOXELS / self.coords.name


def survey(rooms: Sequence[Room]) -> Survey:
    """Return what there is to label in each room.

    Points that lie in a supervoxel, where every room has supervoxels; else all points.

    Raises
    ------
    SourceError
        An array is broken or has an unexpected shape or type.
    """
    points = [_points(room.coords) for room in rooms]
    without = [room.scene_id for room in rooms if not room.supervoxels.is_file()]
    if without:
        partial = len(without) < len(rooms)
        note = f"{SUPERVOXELS} is not used: it lacks {count(without, 'room')}"
        labellings = tuple(map(Labelling, points))
        return Survey(labellings, "coords (points of the room)", (note,) if partial else ())
    labellings = tuple(
        _from_supervoxels(room.supervoxels, number)
        for room, number in zip(rooms, points, strict=True)
    )
    return Survey(labellings, f"{SUPERVOXELS} (points with a region)")


def _points(coords: Path) -> int:
    shape = read_header(coords).shape
    match shape:
        case (points, 3) if points > 0:
            return points
        case _:
            rule = f"must have shape (points, 3) with at least one point, not {shape}"
            raise SourceError(str(coords), rule)


def _from_supervoxels(path: Path, points: int) -> Labelling:
    header = read_header(path)
    if header.shape not in {(points,), (points, 1)} or header.dtype.kind not in "iu":
        rule = (
            f"must have a whole number for each of the room's {points} points, "
            f"not shape {header.shape} of {header.dtype}"
        )
        raise SourceError(str(path), rule)
    return labelling_of(np.load(path, mmap_mode="r", allow_pickle=False))
