"""S3DIS as ReDAL prepares it, with the images of 2D-3D-S: a scene is a room.

Layout: ``Area_2/coords/storage_5.npy``, after
https://github.com/tsunghan-wu/ReDAL/blob/main/data_preparation/README.md; the images are described
in :mod:`features.sources.s3dis_images`.
"""

import re
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.listing import list_folder
from features.sources.labelling import POINTS
from features.sources.options import SourceOptions, Split
from features.sources.pool import build_pool
from features.sources.s3dis_costs import RoomCost, survey
from features.sources.s3dis_images import RoomImages, find_images
from features.sources.scenes import PoolScene, ScenePool
from features.wording import count, plural

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
