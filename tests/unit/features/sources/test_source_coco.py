import json
from pathlib import Path

import PIL.Image
import pytest

from features.errors import SourceError
from features.sources import SourceOptions, detect, open_source
from features.sources.scenes import ScenePool


def entries(*names: str, **keys: object) -> list[dict[str, object]]:
    """Return entries of images, with ids from 1."""
    return [{"id": i, "file_name": name, **keys} for i, name in enumerate(names, start=1)]


def annotations(*image_ids: object) -> list[dict[str, object]]:
    """Return annotations of images."""
    return [{"id": i, "image_id": image, "bbox": [0, 0, 1, 1]} for i, image in enumerate(image_ids)]


def write(folder: Path, **members: object) -> Path:
    """Write a COCO file."""
    path = folder / "instances.json"
    path.write_text(json.dumps({"info": {"version": "1"}, "licenses": [], **members}))
    return path


def opened(folder: Path, names: list[str], **options: object) -> ScenePool:
    """Return the pool of some file names."""
    return open_source(None, write(folder, images=entries(*names)), SourceOptions(**options))


def refused(path: Path, **options: object) -> SourceError:
    """Return the error that opening the file raises; it is one line."""
    with pytest.raises(SourceError) as caught:
        open_source("coco", path, SourceOptions(**options))
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_folder_is_a_scene(tmp_path: Path) -> None:
    """Images group by folder, in the file's order; one without a folder is a scene of its own."""
    for name in ("b/1.png", "lone.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        PIL.Image.new("RGB", (2, 2)).save(tmp_path / name)
    pool = opened(tmp_path, ["b/1.png", "a/x/2.png", "b/0.png", "lone.png"])
    assert (pool.kind, pool.resource, pool.notes) == ("coco", "images", ())
    assert [(scene.scene_id, scene.costs) for scene in pool.scenes] == [
        ("b", {"images": 2.0}),
        ("a/x", {"images": 1.0}),
        ("lone.png", {"images": 1.0}),
    ]
    assert [image.uri for image in pool.scenes[0].images] == [
        str(tmp_path / "b/1.png"),
        str(tmp_path / "b/0.png"),
    ]
    assert pool.scenes[0].external_ids == {"coco": {"image_ids": [1, 3]}}


@pytest.mark.parametrize("first", ["images", "annotations"])
def test_annotations_are_a_second_resource(tmp_path: Path, first: str) -> None:
    """Annotations are counted per scene, whichever array comes first in the file."""
    members = {
        "images": entries("a/1.png", "a/2.png", "b/1.png"),
        "annotations": annotations(1, 2, 2),
    }
    order = sorted(members, key=lambda name: name != first)
    path = write(tmp_path, **{name: members[name] for name in order})
    assert detect(path) == "coco"
    pool = open_source(None, path)
    assert pool.resource == "images"
    assert [scene.costs for scene in pool.scenes] == [
        {"images": 2.0, "annotations": 3.0},
        {"images": 1.0, "annotations": 0.0},
    ]
    assert open_source(None, path, SourceOptions(resource="annotations")).resource == "annotations"


@pytest.mark.parametrize(
    ("written", "lying"),
    [("rgb\\1.png", "rgb/1.png"), ("b\u00fcro/1.png", "bu\u0308ro/1.png")],
)
def test_names_of_other_machines_are_found(tmp_path: Path, written: str, lying: str) -> None:
    """A backslash parts folders, and an accent may be written in two ways; no note misses them."""
    (tmp_path / lying).parent.mkdir()
    (tmp_path / lying).touch()
    pool = opened(tmp_path, [written])
    assert pool.scenes[0].images[0].uri == str(tmp_path / lying)
    assert pool.notes == ()


def test_a_key_may_name_the_scene(tmp_path: Path) -> None:
    """`key:NAME` groups by a key of the entry, a number or a text; a missing one is an error."""
    images = [
        {"id": 1, "file_name": "1.png", "video_id": 7},
        {"id": 2, "file_name": "2.png", "video_id": "north"},
        {"id": 3, "file_name": "3.png", "video_id": 7},
    ]
    path = write(tmp_path, images=images)
    pool = open_source("coco", path, SourceOptions(scene_from="key:video_id"))
    assert [(scene.scene_id, len(scene.images)) for scene in pool.scenes] == [
        ("7", 2),
        ("north", 1),
    ]
    error = refused(path, scene_from="key:clip")
    assert (error.place, error.rule) == (f"{path} images[0]", "clip is missing")


def test_an_expression_may_name_the_scene(tmp_path: Path) -> None:
    """A regular expression's group is the scene; other names are left out with a note."""
    names = ["x/0001TP_1.png", "x/0001TP_2.png", "x/0006R0_1.png", "x/overview.png"]
    pool = opened(tmp_path, names, scene_from=r"/([0-9]{4}[A-Z0-9]+)_")
    assert [(scene.scene_id, len(scene.images)) for scene in pool.scenes] == [
        ("0001TP", 2),
        ("0006R0", 1),
    ]
    assert pool.notes[0] == "1 image (x/overview.png) whose name tells no scene left out"
    path = write(tmp_path, images=entries(*names))
    assert refused(path, scene_from="(nothing)").rule == "no file name matches scene_from"


def test_images_may_have_their_own_root(tmp_path: Path) -> None:
    """COCO's own archives keep annotations and images apart; a wrong root is noted."""
    (tmp_path / "train2017").mkdir()
    (tmp_path / "annotations").mkdir()
    PIL.Image.new("RGB", (2, 2)).save(tmp_path / "train2017" / "1.jpg")
    path = write(tmp_path / "annotations", images=entries("1.jpg"))
    pool = open_source(None, path, SourceOptions(images_root=tmp_path / "train2017"))
    assert pool.notes == ()
    assert pool.scenes[0].images[0].uri == str(tmp_path / "train2017/1.jpg")
    (note,) = open_source(None, path).notes
    assert note == f"{path.parent / '1.jpg'} is not there; the images root says where images lie"


@pytest.mark.parametrize(
    ("members", "where", "rule"),
    [
        ({}, "", "has no scenes"),
        ({"images": []}, "", "has no scenes"),
        ({"images": [1]}, " images[0]", "the record must be an object"),
        ({"images": [{"id": 1}]}, " images[0]", "file_name is missing"),
        ({"images": [{"file_name": "a"}]}, " images[0]", "id is missing"),
        ({"images": [{"id": 1.5, "file_name": "a"}]}, " images[0]", "id must be a whole number"),
        ({"images": [{"id": 1, "file_name": " "}]}, " images[0]", "file_name must not be empty"),
        ({"images": [{"id": 1, "file_name": 3}]}, " images[0]", "file_name must be a string"),
        ({"images": entries("a.png") + entries("b.png")}, " images[1]", "id 1 is already used at"),
        ({"images": entries("a.png", "a.png")}, " images[1]", "file_name 'a.png' is already used"),
        (
            {"images": entries("a.png"), "annotations": annotations(1, 9)},
            "",
            "has annotations of 1 unknown image (9)",
        ),
        ({"images": entries("a.png"), "annotations": [{}]}, " annotations[0]", "image_id is miss"),
    ],
)
def test_a_broken_file_is_named(
    tmp_path: Path, members: dict[str, object], where: str, rule: str
) -> None:
    """Whatever is wrong, the error is one sentence with the entry and the rule."""
    path = write(tmp_path, **members)
    error = refused(path)
    assert error.place == f"{path}{where}"
    assert rule in error.rule


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"images": [{"id": 1}]}', '{"images": ["a.png"]}', '{"shapes": [{}]}']
)
def test_other_json_is_no_coco(tmp_path: Path, text: str) -> None:
    """A JSON file without images that have a file name is not taken for COCO."""
    path = tmp_path / "a.JSON"
    path.write_text(text)
    with pytest.raises(SourceError, match="nor COCO"):
        detect(path)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "key:",
        "[a-z]+",
        "(a)(b)",
        "(a",
        "(?=x)(a)",
        r"(a)\1",
        "(a{1001})",
        "(.{1000})" + ".{1000}" * 9,
        "(.{0,512}).{0,512}.{0,512}.{0,512}X",
        "(\ud800)",
    ],
)
def test_expressions_that_are_not_sure_to_end_are_refused(rule: str) -> None:
    """A rule is of RE2, has one group, and is not too large: it may come from the network."""
    with pytest.raises(SourceError) as caught:
        SourceOptions(scene_from=rule)
    assert caught.value.place == "scene_from"


@pytest.mark.parametrize("rule", ["(a+)+b", "(?:a|a)*(b)", "((?:a*)*)b", "(.*)(?:.*){9}!"])
def test_no_expression_takes_exponential_time(tmp_path: Path, rule: str) -> None:
    """What engines that go back never end with is searched for in a moment, in many names."""
    names = [f"{number:04}{'a' * 508}" for number in range(500)]
    path = write(tmp_path, images=entries(*names))
    assert refused(path, scene_from=rule).rule == "no file name matches scene_from"


def test_long_names_are_not_searched(tmp_path: Path) -> None:
    """A name of more than 512 characters is refused."""
    path = write(tmp_path, images=entries("a" * 513))
    assert "more than 512 characters" in refused(path, scene_from="(.*)!").rule


@pytest.mark.parametrize(
    "rule",
    [
        r"([^/]+)/[^/]*$",
        r"(?:train|val)/(\w+)_",
        r"([\])+*?|]+)\)*",
        "(a)",
        "(?P<scene>a)",
        "(?i)(a)",
        "(a|b)?",
    ],
)
def test_common_expressions_are_taken(rule: str) -> None:
    """What people write for folders, prefixes and odd characters is a rule."""
    assert SourceOptions(scene_from=rule).scene_from == rule


@pytest.mark.shared_data
def test_real_images_by_clip(shared_data: Path, tmp_path: Path) -> None:
    """CamVid's frames as COCO: an expression finds the clips, and every image is there."""
    root = shared_data / "camvid"
    images = sorted(root.glob("*/*.jpg"))
    frames = json.loads((root / "frames.json").read_text())
    path = write(tmp_path, images=entries(*(str(p.relative_to(root)) for p in images)))
    options = SourceOptions(images_root=root, scene_from="/([^_]+)_")
    pool = open_source(None, path, options)
    assert pool.notes == ()
    assert {scene.scene_id for scene in pool.scenes} == {frame["clip"] for frame in frames}
    listed = {image.uri for scene in pool.scenes for image in scene.images}
    assert listed == {str(p) for p in images}
