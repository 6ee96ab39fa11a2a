import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from app.labelled.errors import LabelledDataError
from app.labelled.kitti import CLASS_NAMES
from app.labelled.point_clouds import LabelledScans, read_semantic_kitti_labelled
from features.errors import SourceError

SIZE = (30, 50)  # height, width
P2 = [40.0, 0, 25, 4, 0, 40, 15, -0.1, 0, 0, 1, 0.003]
TR = [0.01, -1, 0, -0.01, 0, 0.02, -1, -0.05, 1, 0, 0.01, -0.3]
CAR, ROAD = CLASS_NAMES.index("car"), CLASS_NAMES.index("road")


def add_scan(
    root: Path,
    stem: str,
    points: NDArray[np.float64] | Sequence[Sequence[float]] = ((5, 0, 0),),
    labels: Sequence[int] = (10,),
) -> Path:
    """Write a scan with labels, an image and its sequence's calibration; return the sequence."""
    name, frame = stem.split("/")
    sequence = root / "sequences" / name
    for folder in ("velodyne", "labels", "image_2"):
        (sequence / folder).mkdir(parents=True, exist_ok=True)
    cloud = np.c_[np.array(points), np.zeros(len(points))]
    cloud.astype("<f4").tofile(sequence / "velodyne" / f"{frame}.bin")
    np.array(labels, dtype="<u4").tofile(sequence / "labels" / f"{frame}.label")
    PIL.Image.new("RGB", SIZE[::-1]).save(sequence / "image_2" / f"{frame}.png")
    lines = [f"{name}: {' '.join(map(str, row))}" for name, row in (("P2", P2), ("Tr", TR))]
    (sequence / "calib.txt").write_text("P0: not read\n" + "\n".join(lines) + "\n")
    return sequence


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return three sequences of one point each."""
    for stem in ("00/000000", "00/000001", "03/000000", "08/000000"):
        add_scan(tmp_path, stem)
    return tmp_path


def refused(root: Path) -> str:
    """Return the sentence that reading, or counting the first scan, ends with."""
    with pytest.raises((LabelledDataError, SourceError)) as caught:
        read_semantic_kitti_labelled(root).counts("00/000000", 1, 1)
    return str(caught.value)


def seen_by_hand(point: Sequence[float]) -> tuple[int, int] | None:
    """Project one point in two steps, number by number."""
    x, y, z = (float(np.float32(value)) for value in point)
    camera = [
        TR[4 * i] * x + TR[4 * i + 1] * y + TR[4 * i + 2] * z + TR[4 * i + 3] for i in (0, 1, 2)
    ]
    u, v, w = (
        P2[4 * i] * camera[0]
        + P2[4 * i + 1] * camera[1]
        + P2[4 * i + 2] * camera[2]
        + P2[4 * i + 3]
        for i in (0, 1, 2)
    )
    if w <= 0:
        return None
    row, column = math.floor(v / w), math.floor(u / w)
    inside = 0 <= row < SIZE[0] and 0 <= column < SIZE[1]
    return (row, column) if inside else None


def test_points_are_counted_where_the_image_sees_them(tmp_path: Path) -> None:
    """A loop over the points counts the same; those behind, outside or unlabelled do not count."""
    generator = np.random.default_rng(3)
    points = generator.normal(scale=(12, 6, 4), size=(3000, 3))
    raw = generator.choice([0, 1, 10, 252, 40, 60, 81, 99, 52], size=3000)
    instances = generator.integers(0, 2**16, size=3000)
    add_scan(tmp_path, "08/000000")
    add_scan(tmp_path, "00/000000", points, (instances * 2**16 + raw).tolist())
    counts = read_semantic_kitti_labelled(tmp_path).counts("00/000000", rows=7, columns=9)
    classes = {10: CAR, 252: CAR, 40: ROAD, 60: ROAD, 81: CLASS_NAMES.index("traffic-sign")}
    expected: Counter[tuple[int, int]] = Counter()
    for point, value in zip(points, raw.tolist(), strict=True):
        pixel = seen_by_hand(point)
        if pixel is not None and value in classes:
            cell = pixel[0] * 7 // SIZE[0] * 9 + pixel[1] * 9 // SIZE[1]
            expected[cell, classes[value]] += 1
    assert {(i, j): n for (i, j), n in np.ndenumerate(counts) if n} == expected
    assert 300 < counts.sum() < 1500


def test_the_benchmarks_classes() -> None:
    """There are 19, in the order of the published definition."""
    assert len(CLASS_NAMES) == 19
    assert (CLASS_NAMES[0], CLASS_NAMES[8], CLASS_NAMES[18]) == ("car", "road", "traffic-sign")


def test_a_pool_of_scans(root: Path) -> None:
    """Sequence 08 is scored, the others can be chosen; a scan costs its points."""
    add_scan(root, "03/000000", [(5, 0, 0), (-5, 0, 0)], [40, 40])
    pool = read_semantic_kitti_labelled(root)
    assert pool.train == ("00/000000", "00/000001", "03/000000")
    assert (pool.test, pool.classes, pool.name) == (("08/000000",), 19, root.name)
    assert pool.class_names == CLASS_NAMES
    assert pool.image("03/000000") == root / "sequences/03/image_2/000000.png"
    assert (pool.group("03/000000"), pool.resources) == ("03", ("points",))
    assert [pool.cost(stem, "points") for stem in pool.train] == [1, 1, 2]
    assert pool.counts("03/000000", 1, 1)[0, ROAD] == 1


def test_cropped_scans_cost_what_the_full_ones_do(root: Path) -> None:
    """A frames.json says how many points the full scan has."""
    entries = [
        {"seq": seq, "frame": frame, "points_full": 1000 + frame}
        for seq, frame in (("00", 0), ("00", 1), ("03", 0), ("08", 0))
    ]
    (root / "frames.json").write_text(json.dumps(entries))
    pool = read_semantic_kitti_labelled(root)
    assert pool.cost("00/000001", "points") == 1001.0
    assert pool.notes == ("costs come from frames.json (points_full)",)


def test_sequences_can_be_named(root: Path) -> None:
    """Sequences keep the order in which they are named."""
    pool = read_semantic_kitti_labelled(root, ["08", "03"], ["00"])
    assert pool.train == ("08/000000", "03/000000")
    assert pool.test == ("00/000000", "00/000001")


@pytest.mark.parametrize(
    ("train", "test", "rule"),
    [
        (["00", "05"], ["08"], "has no labelled scans with images in 1 sequence (05)"),
        (["00"], ["00"], "1 sequence (00) for both train and test"),
        (["00", "00"], ["08"], "a sequence stands twice for train"),
        ([], ["08"], "no sequence is left for train"),
        (None, ["08", "00", "03"], "no sequence is left for train"),
        (["00"], [], "no sequence is left for test"),
    ],
)
def test_sequences_must_make_an_experiment(
    root: Path, train: list[str] | None, test: list[str], rule: str
) -> None:
    """Both sets have scans, and none is in both."""
    with pytest.raises(LabelledDataError) as caught:
        read_semantic_kitti_labelled(root, train, test)
    assert str(caught.value) == f"{root}: {rule}"


def test_scans_without_an_image_are_left_out(root: Path) -> None:
    """No image sees their points; they are reported."""
    (root / "sequences/00/image_2/000001.png").unlink()
    pool = read_semantic_kitti_labelled(root)
    assert pool.train == ("00/000000", "03/000000")
    assert pool.notes[-1] == "left out without an image: 1 scan (00/000001)"


def test_every_point_has_a_label_of_the_dataset(root: Path) -> None:
    """Labels that are missing, cut, too many or unknown are named."""
    path = root / "sequences/00/labels/000000.label"
    np.array([2**16 + 12], dtype="<u4").tofile(path)
    assert refused(root) == f"{path}: point 0 has the label 12, which SemanticKITTI has not"
    np.array([10, 10], dtype="<u4").tofile(path)
    assert refused(root) == f"{path}: has 2 labels for 1 points"
    path.write_bytes(b"abc")
    assert refused(root) == f"{path}: has 3 bytes, not a positive multiple of 4"
    path.unlink()
    assert refused(root) == f"{path}: is missing; every scan needs its labels"


def test_points_are_whole_and_finite(root: Path) -> None:
    """A cut file and a point that is nowhere are named."""
    path = root / "sequences/00/velodyne/000000.bin"
    np.array([1, np.nan, 2, 3], dtype="<f4").tofile(path)
    assert refused(root) == f"{path}: point 0 has a coordinate that is not finite"
    path.write_bytes(path.read_bytes()[:-1])
    assert refused(root) == f"{path}: has 15 bytes, not a positive multiple of 16"


@pytest.mark.parametrize(
    ("text", "where", "rule"),
    [
        ("P2: 1 2 3\n", ":1", "must be 12 finite numbers after the colon"),
        (f"P2:{' 1' * 12}\nTr:{' nan' * 12}\n", ":2", "must be 12 finite numbers"),
        (f"P2:{' 1' * 12}\nTr:{' 1' * 13}\n", ":2", "must be 12 finite numbers"),
        (f"Tr:{' 1' * 12}\n", "", "has no line P2:"),
        (f"P2:{' 1' * 12}\nno colon\n", "", "has no line Tr:"),
    ],
)
def test_a_calibration_is_two_matrices(root: Path, text: str, where: str, rule: str) -> None:
    """P2 and Tr are there and have twelve numbers each; the line is named."""
    path = root / "sequences/00/calib.txt"
    path.write_text(text)
    assert refused(root).startswith(f"{path}{where}: {rule}")
    path.unlink()
    assert refused(root) == f"{path}: is missing; points are projected through it"


def test_points_that_nothing_sees_are_no_error(root: Path) -> None:
    """A scan behind the camera, or beside the image by light years, counts nothing."""
    add_scan(root, "00/000000", [(-5, 0, 0), (0.3, 1e30, 0), (0.3, 3e38, -3e38)], [10, 10, 10])
    assert not read_semantic_kitti_labelled(root).counts("00/000000", 3, 4).any()


@pytest.mark.shared_data
def test_real_scans(shared_data: Path) -> None:
    """Of 110 scans, cropped to what the image sees, every labelled point is counted."""
    root = shared_data / "mini_semantickitti"
    pool: LabelledScans = read_semantic_kitti_labelled(root)
    assert (len(pool.train), len(pool.test)) == (100, 10)
    assert pool.cost("00/000000", "points") == 124_668
    ignored = [0, 1, 52, 99]
    for stem in (*pool.train, *pool.test)[::20]:
        labels = np.fromfile(pool.scans[stem].labels, dtype="<u4") & 0xFFFF
        counts = pool.counts(stem, 12, 40)
        assert counts.sum() == np.count_nonzero(~np.isin(labels, ignored))
