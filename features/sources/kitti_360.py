"""KITTI-360: a scene is a window, the accumulated points of some 240 frames of a drive.

Layout: ``data_3d_semantics/train/DRIVE/static/START_END.ply`` and
``data_2d_raw/DRIVE/image_00/data_rect/FRAME.png``, see
https://www.cvlibs.net/datasets/kitti-360/documentation.php.

The training and the validation windows of KITTI-360, as the data set's own lists name them.

A line is a path that ends in ``DRIVE/static/START_END.ply``. The lists lie beside the drives or, in
older archives, one folder above.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from features.errors import SourceError, count, plural
from features.files.paths import list_folder
from features.files.ply import vertex_count
from features.files.text_lines import read_lines
from features.images.pixels import SUFFIXES
from features.sources.labelling import POINTS
from features.sources.options import SourceOptions, Split
from features.sources.pool import build_pool
from features.sources.scenes import Image, PoolScene, ScenePool

_TRAIN: Final = "2013_05_28_drive_train.txt"
_VALIDATION: Final = "2013_05_28_drive_val.txt"
_LINE: Final = re.compile(r"(?:.*/)?([^/]+)/static/([0-9]{10}_[0-9]{10})\.ply")


def choose(windows: Collection[str], folder: Path, split: Split) -> tuple[list[str], list[str]]:
    """Return the windows of a split, in their order, and the notes on those left out and in.

    Parameters
    ----------
    windows
        The ids of the windows that are there, ``"DRIVE/START_END"``.
    folder
        Where the drives lie.
    split
        Which windows to keep.

    Raises
    ------
    SourceError
        The list is needed and not there, or a line of it is no window.
    """
    if split == "train":
        listed = _listed(folder, _TRAIN)
        if listed is None:
            raise SourceError(str(folder / _TRAIN), "does not exist, and split 'train' needs it")
        return [name for name in windows if name in listed], []
    validation = (_listed(folder, _VALIDATION) or frozenset()).intersection(windows)
    if not validation:
        return list(windows), []
    number = plural(len(validation), "validation window")
    return list(windows), [f"{number} included; --split train leaves them out"]


def _listed(folder: Path, name: str) -> frozenset[str] | None:
    for path in (folder / name, folder.parent / name):
        if path.is_file():
            return frozenset(
                _window(line.decode("latin-1").strip(), f"{path}:{number}")
                for number, line in enumerate(read_lines(path), start=1)
                if line.strip()
            )
    return None


def _window(line: str, place: str) -> str:
    match = _LINE.fullmatch(line)
    if match is None:
        raise SourceError(place, f"{line[:80]!r} does not end in DRIVE/static/START_END.ply")
    return f"{match[1]}/{match[2]}"


CAMERA: Final = "image_00"
_WINDOWS: Final = "data_3d_semantics"
_IMAGES: Final = "data_2d_raw"
_DRIVE: Final = re.compile(r"[0-9]{4}_[0-9]{2}_[0-9]{2}_drive_[0-9]{4}_sync")
_WINDOW: Final = re.compile(r"([0-9]{10})_([0-9]{10})")
_FRAME: Final = re.compile(r"[0-9]{10}")


@dataclass(frozen=True, slots=True)
class _FrameWindow:
    """One window: its drive, its first and last frame, and its file."""

    drive: str
    start: int
    end: int
    path: Path

    @property
    def scene_id(self) -> str:
        return f"{self.drive}/{self.path.stem}"


def open_kitti_360(root: Path, options: SourceOptions) -> ScenePool:
    """Return one scene for each window of the labelled drives.

    The id is ``"DRIVE/START_END"``, the group the drive. The images are those of the left
    perspective camera from START to END that are there; neighbouring windows share some. The cost
    is the number of vertices that the window's header declares.

    Raises
    ------
    SourceError
        There is no window, a window is no PLY file or ends before it starts, or ``split`` is
        ``"train"`` and the list of the training windows is not there.
    """
    folder = root / _WINDOWS / "train"
    found = {window.scene_id: window for window in _windows(folder)}
    if not found:
        rule = f"has no windows ({_WINDOWS}/train/DRIVE/static/START_END.ply)"
        raise SourceError(str(root), rule)
    chosen, notes = choose(found, folder, options.split)
    windows = [found[scene_id] for scene_id in chosen]
    image_root = root if options.images_root is None else options.images_root
    images = {drive: _images(image_root, drive) for drive in {window.drive for window in windows}}
    scenes = [_scene(window, images[window.drive]) for window in windows]
    dark = [scene.scene_id for scene in scenes if not scene.images]
    if dark:
        notes.append(f"{count(dark, 'window')} without images")
    return build_pool(
        "kitti_360",
        str(root),
        zip((str(window.path) for window in windows), scenes, strict=True),
        resource=options.resource,
        cost_origin="PLY headers (vertices)",
        notes=notes,
    )


def has_windows(root: Path) -> bool:
    """Tell whether ``root`` holds a drive with accumulated windows."""
    return any(True for _ in _static_folders(root / _WINDOWS / "train"))


def _static_folders(folder: Path) -> Iterator[tuple[str, Path]]:
    if folder.is_dir():
        for drive in list_folder(folder).folders:
            if _DRIVE.fullmatch(drive.name) and (drive / "static").is_dir():
                yield drive.name, drive / "static"


def _windows(folder: Path) -> Iterator[_FrameWindow]:
    for drive, static in _static_folders(folder):
        for path in list_folder(static).files:
            match = _WINDOW.fullmatch(path.stem)
            if match and path.suffix == ".ply":
                start, end = map(int, match.groups())
                if start > end:
                    raise SourceError(str(path), "ends before it starts")
                yield _FrameWindow(drive, start, end, path)


def _images(root: Path, drive: str) -> list[Image]:
    """Return a drive's images in order; ``root`` may be the folder ``data_2d_raw`` itself."""
    for base in (root / _IMAGES, root):
        folder = base / drive / CAMERA / "data_rect"
        if folder.is_dir():
            return [
                Image(str(path), sensor=CAMERA, frame=int(path.stem))
                for path in list_folder(folder).files
                if path.suffix.lower() in SUFFIXES and _FRAME.fullmatch(path.stem)
            ]
    return []


def _scene(window: _FrameWindow, images: list[Image]) -> PoolScene:
    first = bisect_left(images, window.start, key=_frame)
    last = bisect_right(images, window.end, key=_frame)
    return PoolScene(
        scene_id=window.scene_id,
        costs={POINTS: float(vertex_count(window.path))},
        images=tuple(images[first:last]),
        group=window.drive,
        pointcloud=str(window.path),
    )


def _frame(image: Image) -> int:
    return image.frame or 0
