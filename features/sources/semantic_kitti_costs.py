"""How many points of a SemanticKITTI scan are to be labelled, from the best source there is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from features.errors import SourceError
from features.files.fields import Fields
from features.files.regular import open_regular
from features.files.sizes import count_items
from features.sources.labelling import Labelling, Survey, labelling_of
from features.wording import count

FRAMES_FILE: Final = "frames.json"
SUPERVOXELS: Final = "supervoxel_large"
_POINT_BYTES: Final = 16  # x, y, z, remission as float32
_SUPERVOXEL_BYTES: Final = 4  # int32


@dataclass(frozen=True, slots=True)
class KittiScan:
    """One scan: its sequence (``"05"``), its frame (``"001429"``) and its file."""

    sequence: str
    frame: str
    path: Path

    @property
    def scene_id(self) -> str:
        """The scan's id, for example ``"05/001429"``."""
        return f"{self.sequence}/{self.frame}"

    @property
    def supervoxels(self) -> Path:
        """Where ReDAL's preparation puts the scan's supervoxels."""
        return self.path.parents[1] / SUPERVOXELS / self.path.name


def survey(scans: Sequence[KittiScan], folders: Sequence[Path]) -> Survey:
    """Return what there is to label in each scan.

    The first of these that is there counts: supervoxels of every scan; ``points_full`` in a
    ``frames.json``, which copies with cropped scans carry; the scans' sizes.

    Parameters
    ----------
    scans
        The scans.
    folders
        Where ``frames.json`` may lie.

    Raises
    ------
    SourceError
        A file has an impossible size, or ``frames.json`` breaks a rule or lacks a scan.
    """
    without = [scan.scene_id for scan in scans if not scan.supervoxels.is_file()]
    if not without:
        labellings = tuple(_from_supervoxels(scan.supervoxels) for scan in scans)
        return Survey(labellings, f"{SUPERVOXELS} (points with a region)")
    partial = len(without) < len(scans)
    notes = (f"{SUPERVOXELS} is not used: it lacks {count(without, 'scan')}",) if partial else ()
    for frames in (folder / FRAMES_FILE for folder in folders):
        if frames.exists():
            return Survey(_from_frames(frames, scans), f"{FRAMES_FILE} (points_full)", notes)
    labellings = tuple(Labelling(count_items(scan.path, _POINT_BYTES)) for scan in scans)
    return Survey(labellings, f"file sizes ({_POINT_BYTES} bytes a point)", notes)


def _from_supervoxels(path: Path) -> Labelling:
    count_items(path, _SUPERVOXEL_BYTES)
    return labelling_of(np.fromfile(path, dtype="<i4"))


def _from_frames(frames: Path, scans: Sequence[KittiScan]) -> tuple[Labelling, ...]:
    points = _points_full(frames)
    missing = [scan.scene_id for scan in scans if scan.scene_id not in points]
    if missing:
        raise SourceError(str(frames), f"has no entry for {count(missing, 'scan')}")
    return tuple(Labelling(points[scan.scene_id]) for scan in scans)


def _points_full(frames: Path) -> dict[str, int]:
    """Return the number of points by scene id."""
    try:
        with open_regular(frames) as file:
            entries: object = json.load(file)
    except (ValueError, RecursionError) as error:
        raise SourceError(str(frames), f"not JSON ({error})") from error
    if not isinstance(entries, list):
        raise SourceError(str(frames), "must be a list of frames")
    points: dict[str, int] = {}
    for index, entry in enumerate(entries):
        fields = Fields.of(entry, f"{frames}[{index}]")
        scene_id = f"{fields.text('seq')}/{fields.whole('frame', least=0):06}"
        if scene_id in points:
            raise SourceError(fields.place, f"frame {scene_id} is already in the list")
        points[scene_id] = fields.whole("points_full", least=1)
    return points
