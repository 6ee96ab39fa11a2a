import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.errors import SourceError
from features.sources import SourceOptions, open_source
from features.sources.scenes import Image

Tree = Callable[..., Path]


def add_scan(
    sequences: Path,
    scene_id: str,
    points: int = 3,
    image: str | None = ".png",
    supervoxels: tuple[int, ...] = (),
) -> None:
    """Write a scan, its image and its supervoxels where given."""
    sequence, frame = scene_id.split("/")
    folder = sequences / sequence
    (folder / "velodyne").mkdir(parents=True, exist_ok=True)
    np.zeros((points, 4), dtype="<f4").tofile(folder / "velodyne" / f"{frame}.bin")
    if image is not None:
        add_image(sequences, scene_id, image)
    if supervoxels:
        (folder / "supervoxel_large").mkdir(exist_ok=True)
        np.array(supervoxels, dtype="<i4").tofile(folder / "supervoxel_large" / f"{frame}.bin")


def add_image(sequences: Path, scene_id: str, suffix: str = ".png") -> Path:
    """Make the file of a frame's image."""
    sequence, frame = scene_id.split("/")
    folder = sequences / sequence / "image_2"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{frame}{suffix}").touch()
    return folder / f"{frame}{suffix}"


def refused(root: Path) -> SourceError:
    """Return the error that opening the sequences raises."""
    with pytest.raises(SourceError) as caught:
        open_source("semantic_kitti", root)
    return caught.value


@pytest.mark.parametrize("below", ["sequences", "dataset/sequences", "dataset/dataset/sequences"])
def test_a_scan_is_a_scene(tmp_path: Path, below: str) -> None:
    """Ids, groups, images and files follow the layout; costs are the files' sizes in points."""
    sequences = tmp_path / below
    add_scan(sequences, "05/001429", points=7)
    add_scan(sequences, "05/000002", points=5, image=".jpg")
    pool = open_source("semantic_kitti", tmp_path)
    first, second = pool.scenes
    assert (pool.kind, pool.resource, pool.notes) == ("semantic_kitti", "points", ())
    assert pool.cost_origin == "file sizes (16 bytes a point)"
    assert (first.scene_id, first.group, first.costs) == ("05/000002", "05", {"points": 5.0})
    assert second.images == (
        Image(str(sequences / "05/image_2/001429.png"), sensor="image_2", frame=1429),
    )
    assert second.pointcloud == str(sequences / "05/velodyne/001429.bin")


def test_the_folder_of_sequences_may_be_the_root(tmp_path: Path) -> None:
    """Naming the folder `sequences` itself is the same as naming its parent."""
    add_scan(tmp_path / "sequences", "00/000000")
    assert open_source(None, tmp_path / "sequences").scenes == open_source(None, tmp_path).scenes


def test_images_may_have_their_own_root(tmp_path: Path) -> None:
    """KITTI's archives put scans and images under different roots."""
    add_scan(tmp_path / "velodyne" / "dataset" / "sequences", "00/000000", image=None)
    image = add_image(tmp_path / "color" / "sequences", "00/000000")
    options = SourceOptions(images_root=tmp_path / "color")
    (scene,) = open_source("semantic_kitti", tmp_path / "velodyne", options).scenes
    assert scene.images[0].uri == str(image)


@pytest.mark.parametrize(
    ("worse", "better"), [(".jpg", ".png"), (".jpeg", ".PNG"), (".JPG", ".png")]
)
def test_a_png_goes_before_a_jpeg_of_the_same_frame(
    tmp_path: Path, worse: str, better: str
) -> None:
    """Where a frame has two files, the lossless one is taken, whatever the case of its ending."""
    add_scan(tmp_path / "sequences", "00/000000", image=worse)
    add_scan(tmp_path / "sequences", "00/000001", image=worse)
    image = add_image(tmp_path / "sequences", "00/000000", better)
    first, second = open_source(None, tmp_path).scenes
    assert first.images[0].uri == str(image)
    assert second.images[0].uri.endswith(f"000001{worse}")


def test_two_folders_of_sequences_are_not_guessed_between(tmp_path: Path) -> None:
    """Both archives unpacked into one root: the scans' and the images' folders must be named."""
    add_scan(tmp_path / "dataset" / "sequences", "00/000000", image=None)
    image = add_image(tmp_path / "sequences", "00/000000")
    assert refused(tmp_path).rule == (
        "has sequences and dataset/sequences; "
        "name the one with scans as the root, that with images apart"
    )
    options = SourceOptions(images_root=tmp_path / "sequences")
    (scene,) = open_source(None, tmp_path / "dataset", options).scenes
    assert scene.images[0].uri == str(image)


def test_an_empty_or_linked_folder_is_no_second_one(tmp_path: Path) -> None:
    """A folder without sequences does not count, and a link to the other one is the same folder."""
    add_scan(tmp_path / "dataset" / "sequences", "00/000000")
    (tmp_path / "sequences").mkdir()
    assert len(open_source(None, tmp_path).scenes) == 1
    (tmp_path / "sequences").rmdir()
    (tmp_path / "sequences").symlink_to(tmp_path / "dataset" / "sequences")
    (scene,) = open_source(None, tmp_path).scenes
    assert scene.pointcloud == str(tmp_path / "sequences/00/velodyne/000000.bin")


def test_scans_and_images_without_each_other_are_reported(tmp_path: Path) -> None:
    """A scan without an image stays, without images; images without a scan are counted."""
    sequences = tmp_path / "sequences"
    add_scan(sequences, "00/000000", image=None)
    add_scan(sequences, "01/000000", image=None)
    add_image(sequences, "00/000001")
    add_image(sequences, "02/000001")
    pool = open_source("semantic_kitti", tmp_path)
    assert [(s.scene_id, s.images) for s in pool.scenes] == [("00/000000", ()), ("01/000000", ())]
    assert pool.notes == ("2 images without a scan left out",)


def test_other_files_are_no_scans(tmp_path: Path) -> None:
    """Only six digits make a frame, only two a sequence."""
    sequences = tmp_path / "sequences"
    add_scan(sequences, "00/000000")
    (sequences / "00" / "velodyne" / "notes.bin").touch()
    (sequences / "00" / "image_2" / "thumb.png").touch()
    add_scan(sequences, "extra/000000")
    pool = open_source("semantic_kitti", tmp_path)
    assert [scene.scene_id for scene in pool.scenes] == ["00/000000"]
    assert pool.notes == ()


def test_splits(tmp_path: Path) -> None:
    """`all` keeps the labelled sequences and notes the rest; `train` drops validation too."""
    for name in ("00", "08", "10", "11", "21"):
        add_scan(tmp_path / "sequences", f"{name}/000000")
    pool = open_source("semantic_kitti", tmp_path)
    assert [scene.group for scene in pool.scenes] == ["00", "08", "10"]
    assert pool.notes == (
        "2 sequences (11, 21) without labels left out",
        "the validation sequence 08 is included; --split train leaves it out",
    )
    pool = open_source("semantic_kitti", tmp_path, SourceOptions(split="train"))
    assert [scene.group for scene in pool.scenes] == ["00", "10"]
    assert pool.notes == ()


def test_supervoxels_give_regions_and_the_points_that_cost(tmp_path: Path) -> None:
    """Where every scan has supervoxels, points in none are free and the ids are the regions."""
    add_scan(tmp_path / "sequences", "00/000000", supervoxels=(0, 9, 2, 9, 0))
    add_scan(tmp_path / "sequences", "00/000001", supervoxels=(0,))
    pool = open_source("semantic_kitti", tmp_path)
    assert pool.cost_origin == "supervoxel_large (points with a region)"
    assert [(s.costs["points"], s.regions) for s in pool.scenes] == [(3.0, (2, 9)), (0.0, ())]


def test_supervoxels_of_some_scans_only_are_noted_and_not_used(tmp_path: Path) -> None:
    """Costs of two kinds would not compare, so the sizes are taken for all."""
    add_scan(tmp_path / "sequences", "00/000000", points=4, supervoxels=(1, 1))
    add_scan(tmp_path / "sequences", "00/000001", points=5)
    pool = open_source("semantic_kitti", tmp_path)
    assert [(s.costs["points"], s.regions) for s in pool.scenes] == [(4.0, None), (5.0, None)]
    assert pool.notes == ("supervoxel_large is not used: it lacks 1 scan (00/000001)",)


def frames(root: Path, *entries: object) -> Path:
    """Write a frames.json."""
    (root / "frames.json").write_text(json.dumps(entries))
    return root / "frames.json"


def frame(number: int, points: object) -> dict[str, object]:
    """Return an entry of frames.json."""
    return {"seq": "00", "frame": number, "points_full": points, "width": 1241}


@pytest.mark.parametrize("below", ["", "dataset"])
def test_cropped_copies_keep_their_full_counts(tmp_path: Path, below: str) -> None:
    """frames.json, beside or above the sequences, says how many points the whole scan had."""
    add_scan(tmp_path / "dataset" / "sequences", "00/000012", points=5)
    frames(tmp_path / below, frame(12, 120_000), frame(13, 1))
    pool = open_source("semantic_kitti", tmp_path)
    assert pool.cost_origin == "frames.json (points_full)"
    assert pool.scenes[0].costs == {"points": 120_000.0}


@pytest.mark.parametrize(
    ("text", "where", "rule"),
    [
        ("{", "", "not JSON"),
        ("[" * 100_000, "", "not JSON"),
        ("{}", "", "must be a list of frames"),
        ("[1]", "[0]", "must be an object"),
        ("[{}]", "[0]", "seq is missing"),
        (json.dumps([frame(0, 0)]), "[0]", "points_full must be a whole number of at least 1"),
        (json.dumps([frame(0, 1.5)]), "[0]", "points_full must be a whole number"),
        (json.dumps([frame(0, 9), frame(0, 9)]), "[1]", "frame 00/000000 is already in the list"),
        (json.dumps([frame(1, 9)]), "", "has no entry for 1 scan (00/000000)"),
    ],
)
def test_a_broken_frames_file_is_named(tmp_path: Path, text: str, where: str, rule: str) -> None:
    """Whatever is wrong in frames.json, the error names the file, the entry and the rule."""
    add_scan(tmp_path / "sequences", "00/000000")
    (tmp_path / "frames.json").write_text(text)
    error = refused(tmp_path)
    assert error.place == f"{tmp_path / 'frames.json'}{where}"
    assert rule in error.rule


@pytest.mark.parametrize(
    ("folder", "size", "item"),
    [("velodyne", 17, 16), ("velodyne", 0, 16), ("supervoxel_large", 3, 4)],
)
def test_a_file_of_an_impossible_size_is_named(
    tmp_path: Path, folder: str, size: int, item: int
) -> None:
    """A cut or empty file is an error, not a cheap scene."""
    add_scan(tmp_path / "sequences", "00/000000", supervoxels=(1,) if folder != "velodyne" else ())
    path = tmp_path / "sequences" / "00" / folder / "000000.bin"
    path.write_bytes(b"x" * size)
    error = refused(tmp_path)
    assert str(error) == f"{path}: has {size} bytes, not a positive multiple of {item}"


def test_a_root_without_sequences_or_scans_says_what_was_looked_for(tmp_path: Path) -> None:
    """No folder of sequences, or none with scans, is an error that names the layout."""
    assert refused(tmp_path).rule == "has no folder sequences or dataset/sequences"
    add_image(tmp_path / "sequences", "00/000000")
    error = refused(tmp_path)
    assert error.place == str(tmp_path / "sequences")
    assert "has no scans (NN/velodyne/NNNNNN.bin)" in error.rule


def test_a_scan_that_links_nowhere_is_named(tmp_path: Path) -> None:
    """A broken link among the scans is an error that names it."""
    add_scan(tmp_path / "sequences", "00/000000")
    link = tmp_path / "sequences" / "00" / "velodyne" / "000001.bin"
    link.symlink_to(tmp_path / "nowhere")
    assert str(refused(tmp_path)) == f"{link}: does not exist"


@pytest.mark.shared_data
def test_the_real_scans_have_their_full_counts(shared_data: Path) -> None:
    """110 real scans: detected, each with an image, costs as frames.json gives them."""
    root = shared_data / "mini_semantickitti"
    pool = open_source(None, root)
    entries = json.loads((root / "frames.json").read_text())
    assert pool.kind == "semantic_kitti"
    assert pool.cost_origin == "frames.json (points_full)"
    assert {scene.scene_id: scene.costs["points"] for scene in pool.scenes} == {
        f"{entry['seq']}/{entry['frame']:06}": entry["points_full"] for entry in entries
    }
    assert len(pool.scenes) == 110
    assert all(len(scene.images) == 1 for scene in pool.scenes)
