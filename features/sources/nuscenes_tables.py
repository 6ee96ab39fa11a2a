"""The tables of nuScenes, joined: drives, their keyframes, and the files of each.

Schema: https://github.com/nutonomy/nuscenes-devkit/blob/master/docs/schema_nuscenes.md. Tables are
read row by row; of ``sample_data`` (2.6 million rows, a gigabyte in v1.0-trainval) only the
keyframes of cameras and of the top lidar are kept, some 240,000 short tuples.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from features.errors import SourceError
from features.files.fields import Fields
from features.files.json_arrays import read_arrays

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
