from collections.abc import Iterable
from pathlib import Path

import PIL.Image
import pytest

from features.errors import SourceError
from features.sources import SourceOptions, open_source
from features.sources.scenes import Image

DRIVE = "2013_05_28_drive_0000_sync"
OTHER = "2013_05_28_drive_0010_sync"


def add_window(root: Path, drive: str, start: int, end: int, vertices: int = 3) -> Path:
    """Write a window, with some of the properties that KITTI-360 has."""
    folder = root / "data_3d_semantics" / "train" / drive / "static"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{start:010}_{end:010}.ply"
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {vertices}\nproperty float x\n"
        "property float y\nproperty float z\nproperty uchar red\nproperty int semantic\n"
        "end_header\n"
    )
    path.write_bytes(header.encode() + b"\0" * 17 * vertices)
    return path


def add_images(root: Path, drive: str, frames: Iterable[int], camera: str = "image_00") -> Path:
    """Write frames of a camera and return their folder."""
    folder = root / drive / camera / "data_rect"
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        PIL.Image.new("RGB", (4, 3)).save(folder / f"{frame:010}.png")
    return folder


def write_list(root: Path, name: str, *windows: tuple[str, int, int], above: bool = False) -> Path:
    """Write the data set's own list of a split."""
    folder = root / "data_3d_semantics" / ("" if above else "train")
    path = folder / f"2013_05_28_drive_{name}.txt"
    path.write_text(
        "".join(
            f"data_3d_semantics/train/{drive}/static/{start:010}_{end:010}.ply\n"
            for drive, start, end in windows
        )
    )
    return path


def refused(root: Path, **options: object) -> SourceError:
    """Return the error that opening the windows raises."""
    with pytest.raises(SourceError) as caught:
        open_source("kitti_360", root, SourceOptions(**options))
    return caught.value


def test_a_window_is_a_scene(tmp_path: Path) -> None:
    """Ids and groups follow the layout; images are the frames from start to end that are there."""
    path = add_window(tmp_path, DRIVE, 2, 8, vertices=7)
    add_window(tmp_path, DRIVE, 8, 12, vertices=5)
    add_window(tmp_path, OTHER, 0, 3)
    folder = add_images(tmp_path / "data_2d_raw", DRIVE, [1, 2, 5, 8, 13])
    add_images(tmp_path / "data_2d_raw", DRIVE, [3], camera="image_01")
    (folder / "thumb.png").touch()
    pool = open_source(None, tmp_path)
    assert (pool.kind, pool.resource) == ("kitti_360", "points")
    assert pool.cost_origin == "PLY headers (vertices)"
    first, second, third = pool.scenes
    assert first.scene_id == f"{DRIVE}/0000000002_0000000008"
    assert (first.group, first.costs, first.pointcloud) == (DRIVE, {"points": 7.0}, str(path))
    assert first.images == tuple(
        Image(str(folder / f"{frame:010}.png"), sensor="image_00", frame=frame)
        for frame in (2, 5, 8)
    )
    assert [image.frame for image in second.images] == [8]
    assert third.images == ()
    assert pool.notes == (f"1 window ({OTHER}/0000000000_0000000003) without images",)


@pytest.mark.parametrize("below", ["", "data_2d_raw"])
def test_images_may_have_their_own_root(tmp_path: Path, below: str) -> None:
    """The archives of images may be unpacked elsewhere; their folder itself will do too."""
    add_window(tmp_path / "points", DRIVE, 0, 1)
    add_images(tmp_path / "images" / below, DRIVE, [0, 1, 2])
    options = SourceOptions(images_root=tmp_path / "images")
    (scene,) = open_source(None, tmp_path / "points", options).scenes
    assert [image.frame for image in scene.images] == [0, 1]


@pytest.mark.parametrize("above", [False, True])
def test_splits_are_the_data_sets_own(tmp_path: Path, *, above: bool) -> None:
    """`train` keeps the windows of its list; `all` has the rest too, with a note."""
    for start in (0, 10, 20):
        add_window(tmp_path, DRIVE, start, start + 9)
    write_list(tmp_path, "train", (DRIVE, 0, 9), (DRIVE, 20, 29), (OTHER, 0, 1), above=above)
    write_list(tmp_path, "val", (DRIVE, 10, 19), (OTHER, 5, 9), above=above)
    pool = open_source("kitti_360", tmp_path, SourceOptions(split="train"))
    assert [scene.scene_id[-21:] for scene in pool.scenes] == [
        "0000000000_0000000009",
        "0000000020_0000000029",
    ]
    pool = open_source("kitti_360", tmp_path)
    assert len(pool.scenes) == 3
    assert pool.notes[0] == "1 validation window included; --split train leaves them out"


def test_a_split_needs_its_list(tmp_path: Path) -> None:
    """Without the list nothing is guessed; a line that is no window is named."""
    add_window(tmp_path, DRIVE, 0, 9)
    path = tmp_path / "data_3d_semantics/train/2013_05_28_drive_train.txt"
    assert str(refused(tmp_path, split="train")) == (
        f"{path}: does not exist, and split 'train' needs it"
    )
    path.write_text(f"\n{DRIVE}/static/0000000000_0000000009.ply\r\nreadme\n")
    error = refused(tmp_path, split="train")
    assert str(error) == f"{path}:3: 'readme' does not end in DRIVE/static/START_END.ply"


def test_other_files_are_no_windows(tmp_path: Path) -> None:
    """Only ten digits and ten digits make a window, only a drive's name a drive; test has none."""
    path = add_window(tmp_path, DRIVE, 0, 9)
    (path.parent / "0_9.ply").touch()
    (path.parent / "0000000000_0000000009.txt").touch()
    add_window(tmp_path, "2013_05_28_Drive_0000_sync", 0, 9)
    test = tmp_path / "data_3d_semantics" / "test" / OTHER / "static"
    test.mkdir(parents=True)
    (test / path.name).write_bytes(path.read_bytes())
    assert [scene.group for scene in open_source(None, tmp_path).scenes] == [DRIVE]


def test_broken_windows_are_named(tmp_path: Path) -> None:
    """A cut file, one that ends before it starts, and no windows at all are errors."""
    assert "has no windows (data_3d_semantics/train/DRIVE" in refused(tmp_path).rule
    path = add_window(tmp_path, DRIVE, 0, 9, vertices=100)
    path.write_bytes(path.read_bytes()[:-1])
    error = refused(tmp_path)
    assert error.place == str(path)
    assert error.rule.startswith("is truncated")
    path = add_window(tmp_path, DRIVE, 9, 0)
    assert str(refused(tmp_path)) == f"{path}: ends before it starts"
