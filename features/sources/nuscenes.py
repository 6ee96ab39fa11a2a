"""nuScenes: a scene is a drive of 20 seconds, or one keyframe of it; no devkit is needed.

Layout: ``v1.0-VERSION/*.json`` beside ``samples/CAM_*/*.jpg`` and ``samples/LIDAR_TOP/*.pcd.bin``,
see https://www.nuscenes.org/nuscenes#data-format.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.listing import list_folder
from features.sources.labelling import POINTS
from features.sources.nuscenes_files import NuscenesFiles, Points, survey
from features.sources.nuscenes_tables import Drive, Keyframe, read_drives
from features.sources.options import SourceOptions
from features.sources.pool import build_pool
from features.sources.scenes import Image, PoolScene, ScenePool
from features.wording import plural

KEYFRAMES: Final = "keyframes"
"""The resource that needs no file but the tables."""

_VERSION: Final = re.compile(r"v[0-9]+\.[0-9]+-[a-z]+")


def open_nuscenes(root: Path, options: SourceOptions) -> ScenePool:
    """Return one scene for each drive, or with ``options.unit`` for each keyframe.

    A drive's id is its name (``"scene-0061"``), its group the location of its log; a keyframe's id
    is ``"scene-0061/TIMESTAMP"``, its group the drive. Tokens are in ``external_ids``. The images
    are those of every camera at keyframes, in time order; the cost is the number of keyframes and,
    where every lidar scan is there, of points.

    Parameters
    ----------
    root
        The data set's folder, with one version's tables in it; or the folder of the tables.
    options
        The caller's choices.

    Raises
    ------
    SourceError
        There is no version or more than one, or a table breaks a rule.
    """
    tables = tables_folder(root)
    drives = read_drives(tables)
    files = NuscenesFiles(tables.parent)
    points = survey(drives, files)
    scenes = _keyframe_scenes if options.unit == "keyframe" else _drive_scenes
    placed = [
        (str(tables), scene) for drive in drives for scene in scenes(drive, files, points.by_sample)
    ]
    notes = list(points.notes)
    if files.missing:
        notes.append(f"{plural(files.missing, 'image')} of the tables not there, left out")
    return build_pool(
        "nuscenes",
        str(root),
        placed,
        resource=options.resource or (KEYFRAMES if points.by_sample is None else POINTS),
        cost_origin=points.origin,
        notes=notes,
    )


def has_tables(root: Path) -> bool:
    """Tell whether ``root`` is, or holds, a folder of tables."""
    return _is_version(root) or any(map(_is_version, list_folder(root).folders))


def tables_folder(root: Path) -> Path:
    """Return the folder of the tables.

    Raises
    ------
    SourceError
        There is none, or more than one.
    """
    if _is_version(root):
        return root
    match [folder for folder in list_folder(root).folders if _is_version(folder)]:
        case [folder]:
            return folder
        case []:
            raise SourceError(str(root), "has no folder v1.0-VERSION with a scene.json")
        case folders:
            names = " and ".join(folder.name for folder in folders)
            raise SourceError(str(root), f"has {names}; name one of these folders as the root")


def _is_version(folder: Path) -> bool:
    # nuImages has folders of the same names, without scenes.
    return _VERSION.fullmatch(folder.name) is not None and (folder / "scene.json").is_file()


def _drive_scenes(drive: Drive, files: NuscenesFiles, points: Points) -> Iterator[PoolScene]:
    costs = {KEYFRAMES: float(drive.samples)}
    if points is not None:
        costs[POINTS] = float(sum(points[keyframe.token] for keyframe in drive.keyframes))
    yield PoolScene(
        scene_id=drive.name,
        costs=costs,
        images=tuple(
            image
            for number, keyframe in enumerate(drive.keyframes)
            for image in _images(keyframe, number, files)
        ),
        group=drive.location,
        external_ids={"nuscenes": {"scene_token": drive.token}},
    )


def _keyframe_scenes(drive: Drive, files: NuscenesFiles, points: Points) -> Iterator[PoolScene]:
    for number, keyframe in enumerate(drive.keyframes):
        costs = {KEYFRAMES: 1.0}
        if points is not None:
            costs[POINTS] = float(points[keyframe.token])
        yield PoolScene(
            scene_id=f"{drive.name}/{keyframe.timestamp}",
            costs=costs,
            images=tuple(_images(keyframe, number, files)),
            group=drive.name,
            pointcloud=None if keyframe.lidar is None else str(files.root / keyframe.lidar),
            external_ids={"nuscenes": {"scene_token": drive.token, "sample_token": keyframe.token}},
        )


def _images(keyframe: Keyframe, number: int, files: NuscenesFiles) -> Iterator[Image]:
    for image in keyframe.images:
        if files.has_image(image.name):
            yield Image(str(files.root / image.name), sensor=image.sensor, frame=number)
