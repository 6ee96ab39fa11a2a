"""How many points of an S3DIS room are to be labelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from features.sources.labelling import Labelling, Survey
from features.sources.redal_arrays import count_points, read_supervoxels
from features.wording import count

SUPERVOXELS: Final = "supervoxel"


@dataclass(frozen=True, slots=True)
class RoomCost:
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


def survey(rooms: Sequence[RoomCost]) -> Survey:
    """Return what there is to label in each room.

    Points that lie in a supervoxel, where every room has supervoxels; else all points.

    Raises
    ------
    SourceError
        An array is broken or has an unexpected shape or type.
    """
    points = [count_points(room.coords) for room in rooms]
    without = [room.scene_id for room in rooms if not room.supervoxels.is_file()]
    if without:
        partial = len(without) < len(rooms)
        note = f"{SUPERVOXELS} is not used: it lacks {count(without, 'room')}"
        labellings = tuple(map(Labelling, points))
        return Survey(labellings, "coords (points of the room)", (note,) if partial else ())
    labellings = tuple(
        read_supervoxels(room.supervoxels, number)
        for room, number in zip(rooms, points, strict=True)
    )
    return Survey(labellings, f"{SUPERVOXELS} (points with a region)")
