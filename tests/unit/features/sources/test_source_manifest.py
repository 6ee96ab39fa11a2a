import json
from collections.abc import Callable
from pathlib import Path

import pytest

from features.errors import SourceError
from features.files import text_lines
from features.sources import SourceOptions, open_source
from features.sources.registry import detect
from features.sources.scenes import Image, ScenePool

Write = Callable[..., Path]
GOOD = {"scene_id": "a", "cost": 1}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write records, or raw bytes, as the lines of a manifest."""

    def write(*lines: object) -> Path:
        path = tmp_path / "scenes.jsonl"
        raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        path.write_bytes(b"".join(line + b"\n" for line in raw))
        return path

    return write


def refused(path: Path, resource: str | None = None) -> SourceError:
    """Return the error that opening the manifest raises; it is one line."""
    with pytest.raises(SourceError) as caught:
        open_source("manifest", path, SourceOptions(resource=resource))
    assert "\n" not in str(caught.value)
    return caught.value


def test_every_key_of_the_contract_arrives(write: Write, tmp_path: Path) -> None:
    """A record with all keys becomes a scene with all fields; relative paths start at the file."""
    path = write(
        {
            "scene_id": "Area_2/storage_5",
            "cost": 61234,
            "costs": {"points": 61234, "hours": 0.4},
            "group": "Area_2",
            "images": ["a.png", {"uri": "file:///b%20c.png", "sensor": "cam0", "frame": 12}],
            "pointcloud": {"uri": "clouds/a.npy", "format": "npy"},
            "regions": [3, 1, 2],
            "external_ids": {"cvat": {"task": 15}},
            "meta": {"note": "é", "nested": [None, True]},
        }
    )
    (scene,) = open_source("manifest", path).scenes
    assert scene.scene_id == "Area_2/storage_5"
    assert scene.costs == {"cost": 61234.0, "points": 61234.0, "hours": 0.4}
    assert scene.group == "Area_2"
    assert scene.images == (
        Image(str(tmp_path / "a.png")),
        Image("/b c.png", sensor="cam0", frame=12),
    )
    assert scene.pointcloud == str(tmp_path / "clouds/a.npy")
    assert scene.regions == (3, 1, 2)
    assert scene.external_ids == {"cvat": {"task": 15}}
    assert scene.meta == {"note": "é", "nested": [None, True]}


def test_an_id_and_a_cost_are_enough(write: Write) -> None:
    """A scene without images is legal in a manifest: it is reported later."""
    pool = open_source("manifest", write(GOOD))
    (scene,) = pool.scenes
    assert (scene.images, scene.group, scene.regions, scene.pointcloud) == ((), None, None, None)
    assert (pool.kind, pool.resource, pool.cost_origin, pool.notes) == (
        "manifest",
        "cost",
        "the manifest",
        (),
    )


@pytest.mark.parametrize(
    ("pointcloud", "expected"),
    [("s3://bucket/a.npy", "s3://bucket/a.npy"), ("/abs/a.npy", "/abs/a.npy")],
)
def test_a_point_cloud_is_carried_through(write: Write, pointcloud: str, expected: str) -> None:
    """Nothing here opens a point cloud, so it may lie in an object store."""
    (scene,) = open_source("manifest", write(GOOD | {"pointcloud": pointcloud})).scenes
    assert scene.pointcloud == expected


def test_the_order_is_the_files(write: Write) -> None:
    """Scenes come in the order of the lines; a missing last line feed and CRLF do no harm."""
    path = write({"scene_id": "b", "cost": 1}, b'{"scene_id": "a", "cost": 0}\r')
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert [scene.scene_id for scene in open_source("manifest", path).scenes] == ["b", "a"]


def test_ids_may_be_whole_numbers_and_images_one_path(write: Write) -> None:
    """A number is taken as its decimal text; a path alone is one image."""
    path = write(json.dumps({"scene_id": 7, "cost": 1, "images": "a.png"}).encode())
    (scene,) = open_source("manifest", path).scenes
    assert scene.scene_id == "7"
    assert [image.uri for image in scene.images] == [str(path.parent / "a.png")]


def test_a_manifest_may_be_one_json_array(tmp_path: Path) -> None:
    """Its kind is seen, its scenes are those of its lines, and a mistake names the element."""
    path = tmp_path / "scenes.json"
    path.write_text(json.dumps([GOOD, GOOD | {"scene_id": "b"}]), encoding="utf-8")
    assert detect(path) == "manifest"
    assert [scene.scene_id for scene in open_source(None, path).scenes] == [GOOD["scene_id"], "b"]
    path.write_text(json.dumps([GOOD, {"scene_id": "b"}]), encoding="utf-8")
    with pytest.raises(SourceError, match=r"scenes\.json \[1\]: the record must have a cost"):
        open_source(None, path)


def test_a_byte_order_mark_is_no_error(write: Write) -> None:
    """Editors on Windows start a UTF-8 file with a byte order mark."""
    path = write(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    assert len(open_source("manifest", path).scenes) == 1


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"{", "not JSON"),
        (b"", "the line is blank"),
        (b"  ", "the line is blank"),
        (b'{"scene_id": "b", "cost": 1} {}', "not JSON (Extra data at column"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"scene_id": "\xff", "cost": 1}', "is not UTF-8"),
        (b'{"scene_id": "b", "cost": 1, "cost": 2}', "the key 'cost' stands twice"),
        (b'{"scene_id": "b", "cost": ' + b"9" * 5000 + b"}", "not usable JSON"),
        ([], "the record must be an object, not a list"),
        ("b", "the record must be an object, not a string"),
        (None, "the record must be an object, not null"),
        ({"cost": 1}, "scene_id is missing"),
        ({"scene_id": "", "cost": 1}, "scene_id must not be empty"),
        ({"scene_id": " ", "cost": 1}, "scene_id must not be empty"),
        ({"scene_id": 7.5, "cost": 1}, "scene_id must be a string, not a number"),
        ({"scene_id": True, "cost": 1}, "scene_id must be a string, not a boolean"),
        ({"scene_id": None, "cost": 1}, "scene_id must be a string, not null"),
        ({"scene_id": "a\nb", "cost": 1}, "control characters"),
        ({"scene_id": "\ud800", "cost": 1}, "lone surrogates"),
        ({"scene_id": "b"}, "must have a cost or costs"),
        ({"scene_id": "b", "cost": "1"}, "cost must be a number, not '"),
        ({"scene_id": "b", "cost": True}, "cost must be a number, not a boolean"),
        ({"scene_id": "b", "cost": None}, "cost must be a number, not null"),
        ({"scene_id": "b", "cost": -1}, "cost must be finite and at least 0, not -1"),
        ({"scene_id": "b", "cost": float("nan")}, "NaN is no JSON number"),
        (b'{"scene_id": "b", "cost": 1e-400}', "1e-400 is too small to be told from 0"),
        (b'{"scene_id": "b", "cost": 9007199254740993}', "has more digits than are kept"),
        (b'{"scene_id": "b", "cost": 1, "regions": [9223372036854775808]}', "at most 9223372036"),
        (GOOD | {"scene_id": "\u00e9" * 513}, "scene_id must have at most 1,024 bytes, not"),
        (GOOD | {"group": "g" * 1025}, "group must have at most 1,024 bytes, not"),
        (GOOD | {"costs": {"r" * 257: 1}}, "a resource's name must have at most 256 bytes, not"),
        (GOOD | {"images": [{"uri": "a", "sensor": "s" * 257}]}, "sensor must have at most 256"),
        (GOOD | {"images": ["/" + "a" * 8192]}, "must have at most 8,192 bytes, not 8,193"),
        (GOOD | {"images": ["a"] * 200_001}, "has 200,001 images; up to 200,000 of a scene"),
        (GOOD | {"meta": {"a": "b" * 4 * 2**20}}, "meta must have at most 4,194,304 bytes as JSON"),
        (b'{"scene_id": "b", "cost": 1e400}', "at least 0, not inf"),
        ({"scene_id": "b", "cost": 10**400}, "at least 0, not inf"),
        ({"scene_id": "b", "cost": -(10**400)}, "at least 0, not -inf"),
        ({"scene_id": "b", "costs": 1}, "costs must be an object, not a number"),
        ({"scene_id": "b", "costs": {}}, "costs must name at least one resource"),
        ({"scene_id": "b", "costs": {"": 1}}, "must not have a resource named ''"),
        ({"scene_id": "b", "costs": {"\ud800": 1}}, "must not have a resource named"),
        ({"scene_id": "b", "costs": {"hours": -1}}, "costs.hours must be finite"),
        ({"scene_id": "b", "cost": 1, "costs": {"cost": 2}}, "costs.cost is also given"),
        (GOOD | {"metta": 1}, "'metta' is no known column"),
        (GOOD | {"group": None}, "group must be a string, not null"),
        (GOOD | {"images": {"uri": "a.png"}}, "images must be a list, not an object"),
        (GOOD | {"images": [1]}, "images[0] must be an object, not a number"),
        (GOOD | {"images": ["a.png", ""]}, "images[1].uri must not be empty"),
        (GOOD | {"images": [{}]}, "images[0].uri is missing"),
        (GOOD | {"images": [{"uri": "a", "size": 1}]}, "images[0].'size' is not a known key"),
        (GOOD | {"images": [{"uri": "a", "frame": 1.5}]}, "images[0].frame must be a whole"),
        (GOOD | {"images": [{"uri": "a", "frame": True}]}, "images[0].frame must be a whole"),
        (GOOD | {"images": [{"uri": "a", "frame": -1}]}, "images[0].frame must be a whole"),
        (GOOD | {"images": [{"uri": "a", "sensor": 1}]}, "images[0].sensor must be a string"),
        (GOOD | {"images": ["s3://me:pw@b/a.png"]}, "images[0].uri 's3://b/a.png' is no usable"),
        (GOOD | {"images": ["s3://b/x/../a.png"]}, "must not contain . or .. as a part"),
        (GOOD | {"images": ["s3://b/folder/"]}, "names a folder, not a file"),
        (GOOD | {"images": ["nope://b/a.png"]}, "nothing that is installed here reads nope://"),
        (GOOD | {"pointcloud": 1}, "pointcloud must be an object"),
        (GOOD | {"pointcloud": {"uri": "a", "format": 1}}, "pointcloud.format must be a string"),
        (GOOD | {"regions": [0]}, "regions[0] must be a whole number of at least 1"),
        (GOOD | {"regions": [1, 1]}, "regions must not name a region twice"),
        (GOOD | {"regions": {}}, "regions must be a list, not an object"),
        (GOOD | {"meta": []}, "meta must be an object, not a list"),
        (GOOD | {"meta": {"a": float("inf")}}, "Infinity is no JSON number"),
        (GOOD | {"external_ids": {"a": "\ud800"}}, "external_ids cannot be written as JSON"),
    ],
)
def test_a_broken_line_is_named_with_its_rule(write: Write, line: object, rule: str) -> None:
    """Whatever is wrong with a line, the error is one sentence with FILE:LINE and the rule."""
    path = write({"scene_id": "first", "cost": 1}, line, b"{")
    error = refused(path)
    assert error.place == f"{path}:2"
    assert rule in error.rule


def test_both_lines_of_a_repeated_id_are_named(write: Write) -> None:
    """A repeated id is reported where it stands and where it stood before."""
    path = write(GOOD, {"scene_id": "b", "cost": 1}, GOOD)
    error = refused(path)
    assert str(error) == f"{path}:3: scene_id 'a' is already used at {path}:1"


def test_a_line_without_end_is_not_read_into_memory(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line above the limit is refused; a line at the limit is read."""
    line = json.dumps(GOOD).encode()
    path = write(line)
    monkeypatch.setattr(text_lines, "MAX_LINE_BYTES", len(line) + 1)
    assert len(open_source("manifest", path).scenes) == 1
    monkeypatch.setattr(text_lines, "MAX_LINE_BYTES", len(line))
    assert "more than" in refused(path).rule


def test_an_empty_manifest_has_no_scenes(write: Write) -> None:
    """A manifest without lines is an error that names the file."""
    path = write()
    assert str(refused(path)) == f"{path}: has no scenes"


def test_a_folder_is_no_manifest(tmp_path: Path) -> None:
    """A folder where the manifest should be is named as that."""
    assert refused(tmp_path).rule == "is a folder where a file is needed"


def pool(path: Path, resource: str | None) -> ScenePool:
    """Open the manifest with a budget of one resource."""
    return open_source("manifest", path, SourceOptions(resource=resource))


def test_the_default_resource_is_cost_and_else_the_only_shared_one(write: Write) -> None:
    """`cost` wins where every scene has it; else the one resource that all scenes share."""
    path = write(
        GOOD | {"costs": {"hours": 2}}, {"scene_id": "b", "cost": 1, "costs": {"hours": 1}}
    )
    assert pool(path, None).resource == "cost"
    assert pool(path, "hours").resource == "hours"
    path = write(GOOD | {"costs": {"hours": 2}}, {"scene_id": "b", "costs": {"hours": 1}})
    assert pool(path, None).resource == "hours"


def test_a_choice_of_resources_is_the_callers(write: Write) -> None:
    """Several shared resources and none named is an error that lists them; so is no shared one."""
    path = write(
        {"scene_id": "a", "costs": {"hours": 2, "points": 1, "frames": 1}},
        {"scene_id": "b", "costs": {"points": 1, "hours": 1}},
    )
    assert refused(path).rule.endswith(": hours, points")
    path = write(GOOD, {"scene_id": "b", "costs": {"points": 1}})
    assert "share no resource" in refused(path).rule


def test_a_scene_without_the_named_resource_is_named(write: Write) -> None:
    """A named resource must have a cost in every scene; the first scene without it is named."""
    path = write(GOOD | {"costs": {"hours": 2}}, {"scene_id": "b", "cost": 1})
    error = refused(path, "hours")
    assert error.place == f"{path}:2"
    assert error.rule == "scene 'b' has no cost for the resource 'hours' (it has cost)"
