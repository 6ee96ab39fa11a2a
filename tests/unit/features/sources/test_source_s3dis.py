from csv import DictReader
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy_format

from features.errors import SourceError
from features.sources import SourceOptions, open_source
from features.sources.scenes import Image

CAMERA = "0123456789abcdef0123456789abcdef"


def add_room(root: Path, room: str, points: int = 3, supervoxels: object = None) -> Path:
    """Write the points of a room, and its supervoxels where given."""
    area, name = room.split("/")
    path = root / area / "coords" / f"{name}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.zeros((points, 3), dtype=np.float32))
    if supervoxels is not None:
        (root / area / "supervoxel").mkdir(exist_ok=True)
        np.save(root / area / "supervoxel" / f"{name}.npy", supervoxels)
    return path


def add_image(root: Path, area: str, name: str) -> str:
    """Make a file in an area's folder of images."""
    path = root / area / "data" / "rgb" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return str(path)


def rgb(room: str, frame: int, camera: str = CAMERA) -> str:
    """Return the name of an image of a room."""
    return f"camera_{camera}_{room}_frame_{frame}_domain_rgb.png"


def refused(root: Path) -> SourceError:
    """Return the error that opening the areas raises."""
    with pytest.raises(SourceError) as caught:
        open_source("s3dis", root)
    return caught.value


def test_a_room_is_a_scene(tmp_path: Path) -> None:
    """Ids, groups and files follow the layout; the cost is the number of points."""
    add_room(tmp_path, "Area_10/office_1", points=4)
    path = add_room(tmp_path, "Area_2/storage_10", points=6)
    add_room(tmp_path, "Area_2/storage_5", points=5)
    (tmp_path / "Area_2" / "coords" / "notes.txt").touch()
    (tmp_path / "Area_3").mkdir()
    pool = open_source(None, tmp_path)
    assert [scene.scene_id for scene in pool.scenes] == [
        "Area_2/storage_5",
        "Area_2/storage_10",
        "Area_10/office_1",
    ]
    scene = pool.scenes[1]
    assert (scene.group, scene.costs, scene.regions) == ("Area_2", {"points": 6.0}, None)
    assert scene.pointcloud == str(path)
    assert (pool.kind, pool.resource) == ("s3dis", "points")
    assert pool.cost_origin == "coords (points of the room)"
    assert pool.notes == (
        "3 rooms (Area_2/storage_5, Area_2/storage_10, Area_10/office_1) without images",
    )


def test_images_come_by_camera_and_frame(tmp_path: Path) -> None:
    """Frames sort as numbers within their camera, whatever order the folder has."""
    add_room(tmp_path, "Area_1/office_1")
    cameras = ("b" * 32, "a" * 32)
    uris = {
        (camera, frame): add_image(tmp_path, "area_1", rgb("office_1", frame, camera))
        for camera in cameras
        for frame in (10, 9)
    }
    (scene,) = open_source("s3dis", tmp_path).scenes
    assert scene.images == tuple(
        Image(uris[camera, frame], sensor=camera, frame=frame)
        for camera in sorted(cameras)
        for frame in (9, 10)
    )


def test_images_may_have_their_own_root_and_both_halves_of_area_5_count(tmp_path: Path) -> None:
    """2D-3D-S splits area 5 into 5a and 5b; S3DIS does not."""
    add_room(tmp_path / "points", "Area_5/hallway_6")
    add_image(tmp_path / "images", "area_5a", rgb("hallway_6", 1))
    add_image(tmp_path / "images", "area_5b", rgb("hallway_6", 2))
    options = SourceOptions(images_root=tmp_path / "images")
    pool = open_source("s3dis", tmp_path / "points", options)
    assert [image.frame for image in pool.scenes[0].images] == [1, 2]
    assert pool.notes == ("the validation area Area_5 is included; --split train leaves it out",)


@pytest.mark.parametrize(
    "name",
    [
        f"camera_{CAMERA}__conferenceRoom_1_frame_3_domain__rgb.png",
        f"camera_{CAMERA}_CONFERENCEROOM_1_frame_3_domain_rgb.png",
    ],
)
@pytest.mark.parametrize("area", ["area_1", "Area_1", "AREA_1"])
def test_case_and_doubled_underscores_do_not_matter(tmp_path: Path, name: str, area: str) -> None:
    """The readme's doubled underscores and any case still find the room."""
    add_room(tmp_path, "Area_1/conferenceRoom_1")
    add_image(tmp_path, area, name)
    (scene,) = open_source("s3dis", tmp_path).scenes
    assert [image.frame for image in scene.images] == [3]


def test_a_folder_in_another_case_is_the_same_area(tmp_path: Path) -> None:
    """The id is ReDAL's, whatever case the folder has; two folders for one room are an error."""
    add_room(tmp_path, "area_1/office_1")
    assert open_source("s3dis", tmp_path).scenes[0].scene_id == "Area_1/office_1"
    add_room(tmp_path, "Area_1/office_1")
    assert "already used" in refused(tmp_path).rule


def test_a_room_without_images_stays_in_the_pool(tmp_path: Path) -> None:
    """It has its cost and regions and no image: reported here, left out later, never invented."""
    add_room(tmp_path, "Area_1/office_1", points=2, supervoxels=np.array([1, 1]))
    add_room(tmp_path, "Area_2/storage_8", points=3, supervoxels=np.array([1, 2, 2]))
    add_image(tmp_path, "area_1", rgb("office_1", 0))
    pool = open_source("s3dis", tmp_path)
    dark = pool.scenes[1]
    assert (dark.scene_id, dark.images) == ("Area_2/storage_8", ())
    assert (dark.costs, dark.regions) == ({"points": 3.0}, (1, 2))
    assert pool.notes == ("1 room (Area_2/storage_8) without images",)


@pytest.mark.shared_data
def test_the_known_rooms_without_images_are_named(shared_data: Path, tmp_path: Path) -> None:
    """Of the real 204 rooms, a note names the five that 2D-3D-S has no image of; all are there."""
    with (shared_data / "seedal_reference" / "s3dis_rooms.csv").open(newline="") as file:
        rooms = [
            (f"{r['area']}/{r['room']}", r["no_rgb_images_reported"]) for r in DictReader(file)
        ]
    for room, dark in rooms:
        add_room(tmp_path / "points", room)
        if dark == "0":
            area, name = room.split("/")
            add_image(tmp_path / "images", area.lower(), rgb(name, 0))
    options = SourceOptions(images_root=tmp_path / "images")
    pool = open_source(None, tmp_path / "points", options)
    expected = {room for room, dark in rooms if dark == "1"}
    assert len(pool.scenes) == 204
    assert {scene.scene_id for scene in pool.scenes if not scene.images} == expected
    (note,) = pool.notes
    assert note.startswith("5 rooms (")
    assert all(room in note for room in expected)


def test_images_without_a_room_are_noted(tmp_path: Path) -> None:
    """Images of rooms without points, and names that tell no room, are counted and left out."""
    add_room(tmp_path, "Area_1/office_1")
    add_image(tmp_path, "area_1", rgb("office_1", 0))
    for frame in range(3):
        add_image(tmp_path, "area_1", rgb("lobby_9", frame))
    add_image(tmp_path, "area_1", "camera_x.png")
    add_image(tmp_path, "area_1", "notes.txt")
    add_image(tmp_path, "other", rgb("office_1", 1))
    assert open_source("s3dis", tmp_path).notes == (
        "3 images of 1 room (Area_1/lobby_9) without coords left out",
        "1 image (camera_x.png) whose name tells no room left out",
    )


def test_splits(tmp_path: Path) -> None:
    """`train` leaves area 5 and its images out without a word; `all` has it with a note."""
    for area in (1, 5):
        add_room(tmp_path, f"Area_{area}/office_1")
        add_image(tmp_path, f"area_{area}", rgb("office_1", 0))
    assert len(open_source("s3dis", tmp_path).scenes) == 2
    pool = open_source("s3dis", tmp_path, SourceOptions(split="train"))
    assert [scene.group for scene in pool.scenes] == ["Area_1"]
    assert pool.notes == ()


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_supervoxels_give_regions_and_the_points_that_cost(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    """Where every room has supervoxels, points in none are free and the ids are the regions."""
    supervoxels = np.array([0, 9, 2, 9, 0], dtype=np.int64).reshape(shape)
    add_room(tmp_path, "Area_1/office_1", points=5, supervoxels=supervoxels)
    pool = open_source("s3dis", tmp_path)
    assert pool.cost_origin == "supervoxel (points with a region)"
    assert (pool.scenes[0].costs, pool.scenes[0].regions) == ({"points": 3.0}, (2, 9))


def test_supervoxels_of_some_rooms_only_are_noted_and_not_used(tmp_path: Path) -> None:
    """Costs of two kinds would not compare, so all points count for all."""
    add_room(tmp_path, "Area_1/office_1", points=1, supervoxels=np.array([0]))
    add_room(tmp_path, "Area_1/office_2", points=2)
    pool = open_source("s3dis", tmp_path)
    assert [scene.costs["points"] for scene in pool.scenes] == [1.0, 2.0]
    assert pool.notes[0] == "supervoxel is not used: it lacks 1 room (Area_1/office_2)"


@pytest.mark.parametrize("supervoxels", [np.zeros(3, int), np.zeros(4), np.zeros((2, 2), int)])
def test_supervoxels_that_do_not_fit_the_room_are_refused(
    tmp_path: Path, supervoxels: np.ndarray
) -> None:
    """One whole number for each point, nothing else."""
    add_room(tmp_path, "Area_1/office_1", points=4, supervoxels=supervoxels)
    error = refused(tmp_path)
    assert error.place == str(tmp_path / "Area_1/supervoxel/office_1.npy")
    assert "must have a whole number for each of the 4 points" in error.rule


@pytest.mark.parametrize("shape", [(0, 3), (5,), (5, 4)])
def test_coordinates_of_another_shape_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Points have three coordinates and a room has at least one of them."""
    path = add_room(tmp_path, "Area_1/office_1")
    np.save(path, np.zeros(shape))
    assert "must have shape (points, 3)" in refused(tmp_path).rule


def test_every_version_of_the_header_is_read(tmp_path: Path) -> None:
    """A version 2 header gives the same count as version 1."""
    path = add_room(tmp_path, "Area_1/office_1")
    with path.open("wb") as file:
        npy_format.write_array(file, np.zeros((9, 3)), version=(2, 0))
    assert open_source("s3dis", tmp_path).scenes[0].costs == {"points": 9.0}


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x93NUMPY\x01\x00\xff\xff{", b"\x93NUMPY\x09\x00"]
)
def test_what_is_no_array_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is no array is an error that names it."""
    path = add_room(tmp_path, "Area_1/office_1")
    path.write_bytes(content)
    error = refused(tmp_path)
    assert error.place == str(path)
    assert error.rule.startswith("is no .npy array")


def test_a_truncated_array_is_refused(tmp_path: Path) -> None:
    """A file that is shorter than its header says was cut on its way."""
    path = add_room(tmp_path, "Area_1/office_1", points=100)
    path.write_bytes(path.read_bytes()[:-1])
    assert "is truncated or broken" in refused(tmp_path).rule


def test_python_objects_are_never_loaded(tmp_path: Path) -> None:
    """An array of objects would have to be unpickled, which can run code."""
    path = add_room(tmp_path, "Area_1/office_1")
    with path.open("wb") as file:
        npy_format.write_array_header_1_0(
            file, {"descr": "|O", "fortran_order": False, "shape": (3, 3)}
        )
    assert "holds pickled Python objects" in refused(tmp_path).rule


def test_a_root_without_rooms_says_what_was_looked_for(tmp_path: Path) -> None:
    """No room is an error that names the layout."""
    assert "has no rooms (Area_N/coords/ROOM.npy)" in refused(tmp_path).rule
