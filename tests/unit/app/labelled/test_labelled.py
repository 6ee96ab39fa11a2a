from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from app.labelled.errors import LabelledDataError
from app.labelled.folder import LabelFolder, read_labelled
from app.labelled.stems import clip_of, stem_of

Label = Sequence[Sequence[int]]

LABELS: Mapping[str, Label] = {
    "a_1": [[0, 0, 1, 1], [0, 9, 2, 2]],
    "a_2": [[9, 9, 9, 9], [9, 9, 9, 9]],
    "b_1": [[1, 1, 1, 1], [1, 1, 1, 1]],
    "b_2": [[3, 0, 9, 9], [0, 0, 9, 9]],
}


class Data:
    """A folder of labelled images that a test can spoil."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.images, self.labels = root / "images", root / "labels"
        self.lists(train=["a_1", "a_2", "b_1"], test=["b_2"])
        for stem, label in LABELS.items():
            self.add(stem, label)

    def add(self, stem: str, label: Label, below: str = ".", suffix: str = ".jpg") -> None:
        """Write an image and its label."""
        values = np.array(label, dtype=np.uint8)
        for folder in (self.images / below, self.labels / below):
            folder.mkdir(parents=True, exist_ok=True)
        image = np.zeros((*values.shape, 3), dtype=np.uint8)
        PIL.Image.fromarray(image).save(self.images / below / f"{stem}{suffix}")
        PIL.Image.fromarray(values).save(self.labels / below / f"{stem}.png")

    def lists(self, **lists: Sequence[str]) -> None:
        """Write lists of stems."""
        for name, lines in lists.items():
            (self.root / f"{name}.txt").write_text("\n".join(lines) + "\n")

    def read(self, classes: int | None = None, ignore: frozenset[int] | None = None) -> LabelFolder:
        """Read all of it."""
        return read_labelled(
            self.images,
            self.labels,
            ignore=frozenset({9}) if ignore is None else ignore,
            train=self.root / "train.txt",
            test=self.root / "test.txt",
            classes=classes,
        )

    def refused(self, classes: int | None = None) -> str:
        """Return the sentence that reading ends with."""
        with pytest.raises(LabelledDataError) as caught:
            self.read(classes)
        return str(caught.value)


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """Return four small labelled images."""
    return Data(tmp_path)


def test_labels_become_counts(data: Data) -> None:
    """Counts are by cell and class, ignored values count nowhere, classes are of both lists."""
    pool = data.read()
    assert (pool.name, pool.test, pool.classes) == ("images", ("b_2",), 4)
    assert pool.class_names == ("0", "1", "2", "3")
    assert pool.image("a_1") == data.images / "a_1.jpg"
    counts = pool.counts("a_1", rows=1, columns=2)
    assert counts.tolist() == [[3, 0, 0, 0], [0, 2, 2, 0]]
    assert pool.counts("b_2", 2, 1).tolist() == [[1, 0, 0, 1], [2, 0, 0, 0]]
    assert (pool.cost("a_1", "pixels"), pool.group("a_1")) == (7.0, "a")
    assert data.read(classes=6).counts("b_1", 1, 1).tolist() == [[0, 8, 0, 0, 0, 0]]


def test_a_class_may_be_ignored(data: Data) -> None:
    """A value below the others can be ignored; its class then has no pixel."""
    pool = data.read(ignore=frozenset({0, 9}))
    assert pool.classes == 4
    assert pool.counts("a_1", 1, 1).tolist() == [[0, 2, 2, 0]]


def test_images_without_labels_cannot_be_chosen(data: Data) -> None:
    """What costs nothing and teaches nothing is left out of train, and reported."""
    pool = data.read()
    assert pool.train == ("a_1", "b_1")
    assert pool.notes == ("left out without a labelled pixel: 1 image (a_2)",)
    data.lists(train=["a_1", "b_1"], test=["b_2", "a_2"])
    assert data.read().test == ("b_2", "a_2")
    assert not data.read().counts("a_2", 2, 2).any()


def test_segments_are_another_cost(data: Data) -> None:
    """Small segments are not counted, the ignored value never."""
    assert data.read().resources == ("pixels", "segments")
    label = np.full((8, 16), 9)
    label[:, :2] = 1
    label[:4, 4:8] = 1
    label[:3, 8:13] = 2
    data.add("a_1", label.tolist())
    assert data.read().cost("a_1", "segments") == 2.0


def test_lists_may_carry_folders_and_endings(data: Data) -> None:
    """Comments and blank lines are skipped; folders and image endings do not matter."""
    data.lists(train=["\ufeff# train", "", "images/a_1.jpg", r" b\b_1.JPG "], test=["b_2.webp"])
    assert data.read().train == ("a_1", "b_1")
    assert [stem_of(name) for name in ("a.b", "x/a.b.png", "a.jpg.png")] == ["a.b", "a.b", "a.jpg"]


def test_images_may_lie_in_folders_below(data: Data) -> None:
    """CamVid's splits have folders of their own; what lies directly in the folder comes first."""
    data.add("c_1", [[0, 1]], below="train", suffix=".PNG")
    data.add("a_1", [[0, 1]], below="other")
    data.lists(train=["a_1", "c_1"])
    pool = data.read()
    assert pool.image("c_1") == data.images / "train" / "c_1.PNG"
    assert pool.counts("a_1", 1, 1).tolist() == [[3, 2, 2, 0]]


def test_images_and_labels_may_share_a_folder(data: Data) -> None:
    """A label is not taken for its image; several folders can be named."""
    pools = [
        read_labelled(
            images,
            labels,
            ignore=frozenset({9}),
            train=data.root / "train.txt",
            test=data.root / "test.txt",
            name="mine",
        )
        for images, labels in (
            (data.root, data.root),
            ([data.root / "labels", data.images], [data.labels]),
        )
    ]
    assert [pool.name for pool in pools] == ["mine", "mine"]
    assert all(pool.image("a_1") == data.images / "a_1.jpg" for pool in pools)


def test_a_loop_of_links_ends(data: Data) -> None:
    """A link to a folder above is not followed for ever."""
    (data.images / "below").mkdir()
    (data.images / "below" / "again").symlink_to(data.images)
    assert data.read().train == ("a_1", "b_1")


def test_a_stem_has_one_image_and_one_label(data: Data) -> None:
    """What is missing or there twice is named, with the line of its list."""
    data.lists(train=["b_1", "a_9", "c_1"])
    assert data.refused() == (
        f"{data.root / 'train.txt'}:2: no label in {data.labels} for 2 stems (a_9, c_1)"
    )
    data.add("a_9", [[1, 2]])
    data.add("c_1", [[1, 2]])
    (data.images / "a_9.jpg").unlink()
    assert f"train.txt:2: no image in {data.images} for 1 stem (a_9)" in data.refused()
    data.add("a_9", [[1, 2]], below="x")
    data.add("a_9", [[1, 2]], below="y")
    assert "train.txt:2: the image of 'a_9' is there twice: " in data.refused()


def test_lists_are_disjoint_and_name_something(data: Data) -> None:
    """A stem is in one list, once; a list is not empty and is text."""
    data.lists(train=["a_1", "b_1", "x/a_1.png"])
    assert "train.txt:3: the stem 'a_1' is already in line 1" in data.refused()
    data.lists(train=["a_1", "b_2"])
    train = data.root / "train.txt"
    assert f"test.txt:1: the stem 'b_2' is also in {train}:2" in data.refused()
    data.lists(train=["# nothing"])
    assert data.refused() == f"{train}: names no image"
    data.lists(train=["a_1", "images/.png"])
    assert "train.txt:2: 'images/.png' names no image" in data.refused()
    train.write_bytes(b"a\n\xff\n")
    assert data.refused() == f"{train}:2: not UTF-8"
    train.unlink()
    assert data.refused() == f"{train}: is no file; it must list stems, one a line"


def test_folders_must_be_there(data: Data) -> None:
    """A folder that is none is named."""
    data.images = data.root / "nothing"
    assert data.refused() == f"{data.images}: is no folder"


def test_values_must_be_classes(data: Data) -> None:
    """A value that is no class is named with its file; so are labels that are something else."""
    place = data.labels / "b_2.png"
    assert data.refused(classes=3) == (
        f"{place}: has the value 3, and with 3 classes at most the largest is 2; "
        "ignore it, or map the labels"
    )
    PIL.Image.fromarray(np.full((2, 4), 1024, dtype=np.uint16)).save(place)
    assert "with 1,024 classes at most" in data.refused()
    assert data.refused(classes=1) == "classes: must be from 2 to 1,024, not 1"


def test_there_must_be_something_to_learn_and_to_score(data: Data) -> None:
    """One class, or none, makes no experiment."""
    data.lists(train=["b_1"])
    assert "train.txt: the labels of its images have a single class (1)" in data.refused()
    data.lists(train=["a_2"])
    assert "train.txt: the labels of its images have no pixel of any class" in data.refused()
    data.lists(train=["a_1"], test=["a_2"])
    assert "test.txt: the labels of its images have no pixel of any class" in data.refused()


def test_label_and_image_have_one_size(data: Data) -> None:
    """A label that was scaled is found when it is counted."""
    PIL.Image.new("RGB", (8, 2)).save(data.images / "a_1.jpg")
    pool = data.read()
    with pytest.raises(LabelledDataError) as caught:
        pool.counts("a_1", 1, 1)
    assert str(caught.value) == (
        f"{data.labels / 'a_1.png'}: the label has 4 x 2 pixels "
        f"and its image {data.images / 'a_1.jpg'} has 8 x 2"
    )


@pytest.mark.parametrize(
    ("stem", "clip"),
    [
        ("0001TP_006690", "0001TP"),
        ("0006R0_f01230", "0006R0"),
        ("0016E5_00390", "0016E5"),
        ("Seq05VD_f00000", "Seq05VD"),
        ("000123", ""),
        ("00/000123", "00"),
        ("f12", ""),
        ("street_boston__p1010736", "street_boston"),
        ("insidecity_hous18", "insidecity_hous"),
        ("kitchen", "kitchen"),
    ],
)
def test_a_clip_is_what_is_before_the_number(stem: str, clip: str) -> None:
    """Names of frames as CamVid, KITTI and cameras make them."""
    assert clip_of(stem) == clip


def camvid(shared_data: Path, lists: Path) -> LabelFolder:
    """Return CamVid with the 11 classes of its common subset."""
    root = shared_data / "camvid"
    for split in ("train", "test"):
        names = sorted(path.name for path in (root / split).iterdir())
        (lists / f"{split}.txt").write_text("\n".join(names))
    train, test = lists / "train.txt", lists / "test.txt"
    return read_labelled(root, root, ignore=frozenset({11}), train=train, test=test)


@pytest.mark.shared_data
def test_camvid(shared_data: Path, tmp_path: Path) -> None:
    """The real set has its images, classes and clips; all labelled pixels are counted."""
    pool = camvid(shared_data, tmp_path)
    assert (len(pool.train), len(pool.test), pool.classes, pool.notes) == (367, 233, 11, ())
    assert {pool.group(stem) for stem in pool.train} == {"0001TP", "0006R0", "0016E5"}
    assert {pool.group(stem) for stem in pool.test} == {"0001TP", "Seq05VD"}
    assert pool.cost("0001TP_006690", "pixels") == 164_820  # as in the set's frames.json
    for stem in pool.train[::40]:
        assert (pool.counts(stem, 28, 28).sum(axis=0) == pool.pixels[stem]).all()


@pytest.mark.shared_data
def test_labelmefacade(shared_data: Path) -> None:
    """The real set has 945 images of 9 classes, the first of which ("various") is ignored."""
    root = shared_data / "labelmefacade"
    pool = read_labelled(
        root / "images",
        root / "labels",
        ignore=frozenset({0}),
        train=root / "train.txt",
        test=root / "test.txt",
    )
    assert (len(pool.train), len(pool.test), pool.classes) == (100, 845, 9)
    assert sum(pool.pixels.values())[0] == 0
    assert pool.cost("05june05_static_street_boston__p1010736", "pixels") == 96_179
