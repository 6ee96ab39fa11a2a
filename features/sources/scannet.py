"""ScanNet: a scene is one scan of a space, seen by the frames that were exported from its video.

Layout: ``scans/scene0612_00/{scene0612_00_vh_clean_2.ply, color/0.jpg}``, see
https://github.com/ScanNet/ScanNet; or ReDAL's, ``scene0612_00/{coords,supervoxel}.npy``.

How many points of a ScanNet scan are to be labelled.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from features.errors import SourceError, count
from features.files.paths import list_folder
from features.files.ply import vertex_count
from features.images.pixels import SUFFIXES
from features.sources.labelling import POINTS, Labelling, Survey, count_points, read_supervoxels
from features.sources.options import SourceOptions
from features.sources.pool import build_pool
from features.sources.scenes import Image, PoolScene, ScenePool

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


CAMERA: Final = "color"
_SCANS: Final = "scans"
_SCAN: Final = re.compile(r"(scene[0-9]{4})_[0-9]{2}")


def open_scannet(root: Path, options: SourceOptions) -> ScenePool:
    """Return one scene for each scan that has points.

    The id is ``"scene0612_00"``, the group the space, ``"scene0612"``, of which there may be
    several scans. Costs are points, see :func:`features.sources.scannet.survey`.

    Raises
    ------
    SourceError
        There is no scan, or a file that costs come from is unusable.
    """
    folders = list(_scan_folders(root))
    scans = [ScannetScan(folder) for folder in folders]
    pointless = [scan.scene_id for scan in scans if not scan.has_points]
    scans = [scan for scan in scans if scan.has_points]
    if not scans:
        raise SourceError(str(root), "has no scans (sceneNNNN_NN with a PLY file or coords.npy)")
    costs = survey(scans)
    image_root = root if options.images_root is None else options.images_root
    image_folders = {folder.name: folder for folder in _scan_folders(image_root)}
    images = {scan.scene_id: _images(image_folders.get(scan.scene_id)) for scan in scans}
    notes = list(costs.notes)
    if pointless:
        notes.append(f"{count(pointless, 'scan')} without points left out")
    dark = [scene_id for scene_id, found in images.items() if not found]
    if dark:
        notes.append(f"{count(dark, 'scan')} without images")
    return build_pool(
        "scannet",
        str(root),
        (
            (
                str(scan.folder),
                PoolScene(
                    scene_id=scan.scene_id,
                    costs={POINTS: float(cost.points)},
                    images=images[scan.scene_id],
                    group=scan.scene_id.partition("_")[0],
                    regions=cost.regions,
                    pointcloud=str(scan.points),
                ),
            )
            for scan, cost in zip(scans, costs.labellings, strict=True)
        ),
        resource=options.resource,
        cost_origin=costs.origin,
        notes=notes,
    )


def has_scans(root: Path) -> bool:
    """Tell whether ``root`` holds a scan with points."""
    return any(ScannetScan(folder).has_points for folder in _scan_folders(root))


def _scan_folders(root: Path) -> Iterator[Path]:
    """Yield the scans under ``root/scans`` where that is a folder, else under ``root``."""
    scans = root / _SCANS
    for folder in list_folder(scans if scans.is_dir() else root).folders:
        if _SCAN.fullmatch(folder.name):
            yield folder


def _images(scan: Path | None) -> tuple[Image, ...]:
    if scan is None or not (scan / CAMERA).is_dir():
        return ()
    return tuple(
        Image(str(path), sensor=CAMERA, frame=int(path.stem))
        for path in list_folder(scan / CAMERA).files
        if path.suffix.lower() in SUFFIXES and path.stem.isascii() and path.stem.isdecimal()
    )
