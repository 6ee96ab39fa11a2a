"""The images of 2D-3D-S by room.

Layout: ``area_5a/data/rgb/camera_HEX_storage_5_frame_12_domain_rgb.png``, after
https://github.com/alexsax/2D-3D-Semantics. Folders are ``area_1`` there and ``Area_1`` in S3DIS;
``area_5a`` and ``area_5b`` are one area; the readme doubles some underscores that the files have
once.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from features.files.listing import list_folder
from features.images.pixels import SUFFIXES
from features.sources.scenes import Image

_AREA: Final = re.compile(r"area_([0-9]+)[ab]?", re.IGNORECASE)
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
        if (area := _AREA.fullmatch(folder.name)) and (folder / "data" / "rgb").is_dir()
        for path in list_folder(folder / "data" / "rgb").files
        if path.suffix.lower() in SUFFIXES
    ]
