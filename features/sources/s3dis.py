"""S3DIS as ReDAL prepares it, with the images of 2D-3D-S: a scene is a room.

Layout: ``Area_2/coords/storage_5.npy``, after
https://github.com/tsunghan-wu/ReDAL/blob/main/data_preparation/README.md; the images are described
in :mod:`features.sources.s3dis`.

How many points of an S3DIS room are to be labelled.

The images of 2D-3D-S by room.

Layout: ``area_5a/data/rgb/camera_HEX_storage_5_frame_12_domain_rgb.png``, after
https://github.com/alexsax/2D-3D-Semantics. Folders are ``area_1`` there and ``Area_1`` in S3DIS;
``area_5a`` and ``area_5b`` are one area; the readme doubles some underscores that the files have
once.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from features.errors import SourceError, count, plural
from features.files.paths import list_folder
from features.images.pixels import SUFFIXES
from features.sources.labelling import POINTS, Labelling, Survey, count_points, read_supervoxels
from features.sources.options import SourceOptions, Split
from features.sources.pool import build_pool
from features.sources.scenes import Image, PoolScene, ScenePool

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


_IMAGE_AREA: Final = re.compile(r"area_([0-9]+)[ab]?", re.IGNORECASE)
_NAME: Final = re.compile(
    r"camera_+([0-9a-f]+)_+([a-z]+)_+([0-9]+)_+frame_+([0-9]+)_+domain_+rgb", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class RoomImages:
    """The images that were found.

    Parameters
    ----------
    by_room
        Images by area number and room name in lower case, sorted by camera and frame.
    unnamed
        Names of images that tell no room.
    """

    by_room: Mapping[tuple[int, str], tuple[Image, ...]]
    unnamed: tuple[str, ...]


def find_images(root: Path) -> RoomImages:
    """List each ``area_N/data/rgb`` under ``root`` once.

    Raises
    ------
    SourceError
        A folder cannot be read.
    """
    found: defaultdict[tuple[int, str], list[tuple[str, int, str]]] = defaultdict(list)
    unnamed = []
    for area, path in _rgb_files(root):
        match = _NAME.fullmatch(path.stem)
        if match is None:
            unnamed.append(path.name)
            continue
        camera, kind, number, frame = match.groups()
        found[area, f"{kind}_{number}".lower()].append((camera, int(frame), str(path)))
    return RoomImages(
        by_room={
            room: tuple(Image(uri, sensor=camera, frame=n) for camera, n, uri in sorted(images))
            for room, images in found.items()
        },
        unnamed=tuple(unnamed),
    )


def _rgb_files(root: Path) -> list[tuple[int, Path]]:
    return [
        (int(area[1]), path)
        for folder in list_folder(root).folders
        if (area := _IMAGE_AREA.fullmatch(folder.name)) and (folder / "data" / "rgb").is_dir()
        for path in list_folder(folder / "data" / "rgb").files
        if path.suffix.lower() in SUFFIXES
    ]


_AREA: Final = re.compile(r"area_([0-9]+)", re.IGNORECASE)
_VALIDATION: Final = 5


def open_s3dis(root: Path, options: SourceOptions) -> ScenePool:
    """Return one scene for each room.

    The id is ``"Area_2/storage_5"``, the group ``"Area_2"``. The cost is the points that lie in a
    supervoxel where every room has supervoxels, else all points of the room.

    Raises
    ------
    SourceError
        There is no room, or an array is unusable.
    """
    rooms = [room for room in _rooms(root) if _is_chosen(room.area, options.split)]
    if not rooms:
        raise SourceError(str(root), "has no rooms (Area_N/coords/ROOM.npy) to choose from")
    images = find_images(root if options.images_root is None else options.images_root)
    costs = survey(rooms)
    return build_pool(
        "s3dis",
        str(root),
        (
            (
                str(room.coords),
                PoolScene(
                    scene_id=room.scene_id,
                    costs={POINTS: float(cost.points)},
                    images=images.by_room.get(room.key, ()),
                    group=f"Area_{room.area}",
                    regions=cost.regions,
                    pointcloud=str(room.coords),
                ),
            )
            for room, cost in zip(rooms, costs.labellings, strict=True)
        ),
        resource=options.resource,
        cost_origin=costs.origin,
        notes=[*costs.notes, *_notes(rooms, images, options.split)],
    )


def has_areas(root: Path) -> bool:
    """Tell whether ``root`` holds a folder ``Area_N/coords``."""
    return any(
        _AREA.fullmatch(folder.name) and (folder / "coords").is_dir()
        for folder in list_folder(root).folders
    )


def _rooms(root: Path) -> list[RoomCost]:
    return [
        RoomCost(int(area[1]), path.stem, path)
        for folder in list_folder(root).folders
        if (area := _AREA.fullmatch(folder.name)) and (folder / "coords").is_dir()
        for path in list_folder(folder / "coords").files
        if path.suffix == ".npy"
    ]


def _is_chosen(area: int, split: Split) -> bool:
    return split == "all" or area != _VALIDATION


def _notes(rooms: list[RoomCost], images: RoomImages, split: Split) -> list[str]:
    notes = []
    if any(room.area == _VALIDATION for room in rooms):
        notes.append(
            f"the validation area Area_{_VALIDATION} is included; --split train leaves it out"
        )
    dark = [room.scene_id for room in rooms if room.key not in images.by_room]
    if dark:
        notes.append(f"{count(dark, 'room')} without images")
    known = {room.key for room in rooms}
    lost = [key for key in images.by_room if key not in known and _is_chosen(key[0], split)]
    if lost:
        number = sum(len(images.by_room[key]) for key in lost)
        names = count([f"Area_{area}/{name}" for area, name in lost], "room")
        notes.append(f"{plural(number, 'image')} of {names} without coords left out")
    if images.unnamed:
        notes.append(f"{count(images.unnamed, 'image')} whose name tells no room left out")
    return notes
