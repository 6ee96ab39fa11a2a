from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from features.errors import SourceError
from features.sources import SourceOptions, detect, open_source
from features.sources.scenes import Image


def add_mesh(scans: Path, scan: str, vertices: int = 3) -> Path:
    """Write a scan's mesh: vertices as ScanNet has them, no faces."""
    path = scans / scan / f"{scan}_vh_clean_2.ply"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = (
        f"ply\nformat binary_little_endian 1.0\ncomment VCGLIB generated\nelement vertex {vertices}"
        "\nproperty float x\nproperty float y\nproperty float z\nproperty uchar red\n"
        "property uchar green\nproperty uchar blue\nproperty uchar alpha\n"
        "element face 0\nproperty list uchar int vertex_indices\nend_header\n"
    )
    path.write_bytes(header.encode() + b"\0" * 16 * vertices)
    return path


def add_arrays(root: Path, scan: str, points: int = 3, supervoxels: object = None) -> Path:
    """Write a scan's points as ReDAL prepares them, and its supervoxels where given."""
    (root / scan).mkdir(parents=True, exist_ok=True)
    np.save(root / scan / "coords.npy", np.zeros((points, 3), dtype=np.float32))
    if supervoxels is not None:
        np.save(root / scan / "supervoxel.npy", supervoxels)
    return root / scan / "coords.npy"


def add_image(scans: Path, scan: str, name: str) -> str:
    """Write a frame of a scan."""
    path = scans / scan / "color" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", (4, 3)).save(path)
    return str(path)


def refused(root: Path) -> SourceError:
    """Return the error that opening the scans raises."""
    with pytest.raises(SourceError) as caught:
        open_source("scannet", root)
    return caught.value


def test_a_scan_is_a_scene(tmp_path: Path) -> None:
    """Ids, groups and images follow the layout; frames sort as numbers, headers give costs."""
    scans = tmp_path / "scans"
    path = add_mesh(scans, "scene0612_00", vertices=7)
    add_mesh(scans, "scene0612_01", vertices=5)
    frames = {n: add_image(scans, "scene0612_00", f"{n}.jpg") for n in (100, 20, 0)}
    add_image(scans, "scene0612_01", "000020.JPG")
    pool = open_source(None, tmp_path)
    assert (pool.kind, pool.resource, pool.notes) == ("scannet", "points", ())
    assert pool.cost_origin == "_vh_clean_2.ply (vertices)"
    first, second = pool.scenes
    assert (first.scene_id, first.group, first.costs) == (
        "scene0612_00",
        "scene0612",
        {"points": 7.0},
    )
    assert first.images == tuple(Image(frames[n], sensor="color", frame=n) for n in (0, 20, 100))
    assert (first.pointcloud, first.regions) == (str(path), None)
    assert (second.group, second.costs, len(second.images)) == ("scene0612", {"points": 5.0}, 1)


def test_the_folder_of_scans_may_be_the_root(tmp_path: Path) -> None:
    """Naming the folder `scans` itself is the same as naming its parent."""
    add_mesh(tmp_path / "scans", "scene0000_00")
    assert detect(tmp_path / "scans") == "scannet"
    assert open_source(None, tmp_path / "scans").scenes == open_source(None, tmp_path).scenes


@pytest.mark.parametrize("below", ["", "scans"])
def test_images_may_have_their_own_root(tmp_path: Path, below: str) -> None:
    """Exported frames often lie apart from the meshes."""
    add_mesh(tmp_path / "mesh" / "scans", "scene0000_00")
    image = add_image(tmp_path / "frames" / below, "scene0000_00", "000000.png")
    add_image(tmp_path / "frames" / below, "scene0001_00", "000000.png")
    options = SourceOptions(images_root=tmp_path / "frames")
    (scene,) = open_source(None, tmp_path / "mesh", options).scenes
    assert [image.uri for image in scene.images] == [image]


def test_scans_that_lack_something_are_reported(tmp_path: Path) -> None:
    """A scan without images stays, one without points is left out; a note says so of each."""
    scans = tmp_path / "scans"
    add_mesh(scans, "scene0000_00")
    add_mesh(scans, "scene0001_00")
    (scans / "scene0001_00" / "color").mkdir()
    add_image(scans, "scene0002_00", "0.jpg")
    add_mesh(scans, "scene0003_00")
    add_image(scans, "scene0003_00", "0.jpg")
    (scans / "scene0003_00" / "color" / "thumb.jpg").touch()
    (scans / "scene0003_00" / "color" / "1.txt").touch()
    add_mesh(scans, "Scene0004_00")
    add_mesh(scans, "scene0005")
    pool = open_source("scannet", tmp_path)
    assert [(scene.scene_id, len(scene.images)) for scene in pool.scenes] == [
        ("scene0000_00", 0),
        ("scene0001_00", 0),
        ("scene0003_00", 1),
    ]
    assert pool.notes == (
        "1 scan (scene0002_00) without points left out",
        "2 scans (scene0000_00, scene0001_00) without images",
    )


def test_redals_arrays_give_points_and_regions(tmp_path: Path) -> None:
    """Where every scan has supervoxels, points in none are free and the ids are the regions."""
    path = add_arrays(tmp_path, "scene0000_00", 5, np.array([0, 9, 2, 9, 0]))
    add_arrays(tmp_path, "scene0001_00", 2, np.array([[1], [1]]))
    pool = open_source(None, tmp_path)
    assert (pool.kind, pool.cost_origin) == ("scannet", "supervoxel.npy (points with a region)")
    assert [(scene.costs["points"], scene.regions) for scene in pool.scenes] == [
        (3.0, (2, 9)),
        (2.0, (1,)),
    ]
    assert pool.scenes[0].pointcloud == str(path)


def test_supervoxels_of_some_scans_only_are_noted_and_not_used(tmp_path: Path) -> None:
    """Costs of two kinds would not compare, so all points count for all, from either file."""
    add_arrays(tmp_path, "scene0000_00", 4, np.array([0, 1, 1, 1]))
    add_mesh(tmp_path, "scene0000_00", vertices=9)
    add_mesh(tmp_path, "scene0001_00", vertices=5)
    pool = open_source(None, tmp_path)
    assert [(scene.costs["points"], scene.regions) for scene in pool.scenes] == [
        (4.0, None),
        (5.0, None),
    ]
    assert pool.cost_origin == "_vh_clean_2.ply (vertices) and coords.npy (points)"
    assert pool.notes[0] == "supervoxel.npy is not used: it lacks 1 scan (scene0001_00)"


def test_broken_files_are_named(tmp_path: Path) -> None:
    """A cut mesh and supervoxels that do not fit are errors that name the file."""
    mesh = add_mesh(tmp_path, "scene0000_00", vertices=100)
    mesh.write_bytes(mesh.read_bytes()[:-1])
    error = refused(tmp_path)
    assert error.place == str(mesh)
    assert error.rule.startswith("is truncated")
    add_arrays(tmp_path, "scene0000_00", 4, np.zeros(3, int))
    error = refused(tmp_path)
    assert error.place == str(tmp_path / "scene0000_00" / "supervoxel.npy")
    assert "must have a whole number for each of the 4 points" in error.rule


def test_a_root_without_scans_says_what_was_looked_for(tmp_path: Path) -> None:
    """No scan is an error that names the layout; folders of images alone are no ScanNet."""
    expected = "has no scans (sceneNNNN_NN with a PLY file or coords.npy)"
    assert refused(tmp_path).rule == expected
    add_image(tmp_path, "scene0000_00", "0.jpg")
    assert refused(tmp_path).rule == expected
    assert detect(tmp_path) == "images"
