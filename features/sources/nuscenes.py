"""nuScenes: a scene is a drive of 20 seconds, or one keyframe of it; no devkit is needed.

Layout: ``v1.0-VERSION/*.json`` beside ``samples/CAM_*/*.jpg`` and ``samples/LIDAR_TOP/*.pcd.bin``,
see https://www.nuscenes.org/nuscenes#data-format.

The tables of nuScenes, joined: drives, their keyframes, and the files of each.

Schema: https://github.com/nutonomy/nuscenes-devkit/blob/master/docs/schema_nuscenes.md. Tables are
read row by row; of ``sample_data`` (2.6 million rows, a gigabyte in v1.0-trainval) only the
keyframes of cameras and of the top lidar are kept, some 240,000 short tuples.

Which files of nuScenes are there, and how many points the lidar scans have.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from features.errors import SourceError, plural
from features.files.arrays import count_items
from features.files.json_values import Fields, read_arrays
from features.files.paths import list_folder
from features.sources.labelling import POINTS
from features.sources.options import SourceOptions
from features.sources.pool import build_pool
from features.sources.scenes import Image, PoolScene, ScenePool

T = TypeVar("T")

LIDAR: Final = "LIDAR_TOP"


class CameraFile(NamedTuple):
    """An image: when it was taken (microseconds), by which camera, and its path from the root."""

    timestamp: int
    sensor: str
    name: str


@dataclass(slots=True)
class Keyframe:
    """One annotated instant (``sample``): its images and its lidar scan's path from the root."""

    token: str
    timestamp: int
    images: list[CameraFile] = field(default_factory=list)
    lidar: str | None = None


@dataclass(slots=True)
class Drive:
    """One drive of 20 seconds (``scene``), its keyframes in time order."""

    token: str
    name: str
    location: str
    samples: int
    keyframes: list[Keyframe] = field(default_factory=list)


def read_drives(folder: Path) -> list[Drive]:
    """Return the drives of a version, in the order of its ``scene.json``.

    Parameters
    ----------
    folder
        Where the tables lie, for example ``v1.0-mini``.

    Raises
    ------
    SourceError
        A table is not JSON, a row breaks a rule or names a row that is not there, or a scene has
        more or fewer samples than its ``nbr_samples``.
    """
    locations = {row.text("token"): row.text("location") for row in _rows(folder / "log.json")}
    drives = {}
    for row in _rows(folder / "scene.json"):
        location = _found(locations, row, "log_token")
        drive = Drive(row.text("token"), row.text("name"), location, row.whole("nbr_samples", 1))
        drives[drive.token] = drive
    keyframes = {}
    for row in _rows(folder / "sample.json"):
        keyframe = Keyframe(row.text("token"), row.whole("timestamp", 0))
        _found(drives, row, "scene_token").keyframes.append(keyframe)
        keyframes[keyframe.token] = keyframe
    _add_files(keyframes, folder)
    for drive in drives.values():
        if len(drive.keyframes) != drive.samples:
            rule = f"has {len(drive.keyframes)} samples of {drive.name}, not {drive.samples}"
            raise SourceError(str(folder / "sample.json"), rule)
        drive.keyframes.sort(key=lambda keyframe: keyframe.timestamp)
        for keyframe in drive.keyframes:
            keyframe.images.sort()
    return list(drives.values())


def _add_files(keyframes: dict[str, Keyframe], folder: Path) -> None:
    """Give each keyframe its images and its lidar scan."""
    sensors = _sensors(folder)
    for row in _rows(folder / "sample_data.json"):
        if row.values.get("is_key_frame") is not True:
            continue
        sensor = _found(sensors, row, "calibrated_sensor_token")
        if sensor is None:
            continue
        keyframe = _found(keyframes, row, "sample_token")
        name = row.text("filename")
        if sensor == LIDAR:
            keyframe.lidar = name
        else:
            keyframe.images.append(CameraFile(row.whole("timestamp", 0), sensor, name))


def _sensors(folder: Path) -> dict[str, str | None]:
    """Return the channel by calibrated sensor; nothing for those that are not read."""
    channels = {
        row.text("token"): row.text("channel")
        if row.text("modality") == "camera" or row.text("channel") == LIDAR
        else None
        for row in _rows(folder / "sensor.json")
    }
    return {
        row.text("token"): _found(channels, row, "sensor_token")
        for row in _rows(folder / "calibrated_sensor.json")
    }


def _rows(path: Path) -> Iterator[Fields]:
    for array, index, row in read_arrays(path):
        if array:
            raise SourceError(str(path), "must be a list of rows")
        yield Fields.of(row, f"{path}[{index}]")


def _found(rows: Mapping[str, T], row: Fields, key: str) -> T:
    """Return what a row points to."""
    token = row.text(key)
    if token not in rows:
        row.refuse(key, f"{token!r} is in no row of its table")
    return rows[token]


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
