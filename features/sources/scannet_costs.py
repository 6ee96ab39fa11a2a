"""How many points of a ScanNet scan are to be labelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from features.files.ply import vertex_count
from features.sources.labelling import Labelling, Survey
from features.sources.redal_arrays import count_points, read_supervoxels
from features.wording import count

_MESH: Final = "_vh_clean_2.ply"
_COORDS: Final = "coords.npy"
_SUPERVOXELS: Final = "supervoxel.npy"


@dataclass(frozen=True, slots=True)
class ScannetScan:
    """One scan: its folder, which is named as the scan."""

    folder: Path

    @property
    def scene_id(self) -> str:
        """The scan's id, for example ``"scene0612_00"``."""
        return self.folder.name

    @property
    def points(self) -> Path:
        """The file of the scan's points: ReDAL's, where it is there, else the mesh."""
        coords = self.folder / _COORDS
        return coords if coords.is_file() else self.folder / f"{self.scene_id}{_MESH}"

    @property
    def has_points(self) -> bool:
        """Whether there is such a file."""
        return self.points.is_file()

    @property
    def supervoxels(self) -> Path:
        """Where ReDAL's preparation puts the scan's supervoxels."""
        return self.folder / _SUPERVOXELS


def survey(scans: Sequence[ScannetScan]) -> Survey:
    """Return what there is to label in each scan.

    Points that lie in a supervoxel, where every scan has ReDAL's two arrays; else all points: the
    length of ``coords.npy``, or the vertices that the mesh's header declares.

    Raises
    ------
    SourceError
        A file is broken.
    """
    points = [_points(scan.points) for scan in scans]
    without = [scan.scene_id for scan in scans if not _is_divided(scan)]
    if not without:
        labellings = tuple(
            read_supervoxels(scan.supervoxels, number)
            for scan, number in zip(scans, points, strict=True)
        )
        return Survey(labellings, f"{_SUPERVOXELS} (points with a region)")
    partial = len(without) < len(scans)
    notes = (f"{_SUPERVOXELS} is not used: it lacks {count(without, 'scan')}",) if partial else ()
    meshes = sum(scan.points.name != _COORDS for scan in scans)
    origins = {f"{_MESH} (vertices)": meshes, f"{_COORDS} (points)": len(scans) - meshes}
    origin = " and ".join(name for name, number in origins.items() if number)
    return Survey(tuple(map(Labelling, points)), origin, notes)


def _points(path: Path) -> int:
    return count_points(path) if path.name == _COORDS else vertex_count(path)


def _is_divided(scan: ScannetScan) -> bool:
    return scan.points.name == _COORDS and scan.supervoxels.is_file()
