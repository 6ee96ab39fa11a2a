from collections.abc import Callable
from pathlib import Path

import pytest

from features.errors import SourceError
from features.files import text_lines
from features.sources import SourceOptions, open_source
from features.sources.scenes import Image

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a manifest."""

    def write(text: str) -> Path:
        path = tmp_path / "scenes.csv"
        path.write_text(text, newline="", encoding="utf-8")
        return path

    return write


def refused(path: Path) -> SourceError:
    """Return the error that opening the manifest raises; it is one line."""
    with pytest.raises(SourceError) as caught:
        open_source(None, path)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_row_is_an_image(write: Write, tmp_path: Path) -> None:
    """With a column image_uri, rows of one scene come together, wherever they stand."""
    path = write(
        "scene_id,image_uri,cost,cost.hours,group,sensor,frame\r\n"
        "a,1.png,5,0.5,hall,left,3\r\n"
        'b,"x, y.png",1e1,1,,,\r\n'
        "a,/abs/2.png,5.0,0.5,hall,,\r\n"
        "\r\n"
        "c,,7,1,,,\r\n"
    )
    a, b, c = open_source(None, path).scenes
    assert (a.scene_id, a.costs, a.group) == ("a", {"cost": 5.0, "hours": 0.5}, "hall")
    assert a.images == (Image(str(tmp_path / "1.png"), sensor="left", frame=3), Image("/abs/2.png"))
    assert (b.costs["cost"], b.group, b.images[0].uri) == (10.0, None, str(tmp_path / "x, y.png"))
    assert (c.scene_id, c.images) == ("c", ())


def test_a_row_is_a_scene(write: Write, tmp_path: Path) -> None:
    """Without a column image_uri, images is a JSON list, as in a line of JSON."""
    path = write(
        "scene_id,cost,images,regions,meta,pointcloud\n"
        'a,5,"[""1.png"", {""uri"": ""2.png"", ""frame"": 4}]","[1, 2]","{""k"": null}",a.ply\n'
        "b,6,,,,\n"
    )
    a, b = open_source(None, path).scenes
    assert [(image.uri, image.frame) for image in a.images] == [
        (str(tmp_path / "1.png"), None),
        (str(tmp_path / "2.png"), 4),
    ]
    assert (a.regions, a.meta, a.pointcloud) == ((1, 2), {"k": None}, str(tmp_path / "a.ply"))
    assert (b.images, b.regions, b.meta) == ((), None, {})


def test_a_cell_left_empty_is_no_cost(write: Write) -> None:
    """A scene may lack a resource that the budget does not limit."""
    path = write("scene_id,cost.points,cost.hours\na,5,\nb,6,1\n")
    pool = open_source(None, path)
    assert pool.resource == "points"
    assert [scene.costs for scene in pool.scenes] == [{"points": 5.0}, {"points": 6.0, "hours": 1}]


def test_a_spreadsheets_byte_order_mark_does_no_harm(write: Write) -> None:
    """Spreadsheets start UTF-8 with a byte order mark and quote what they like."""
    path = write('\ufeff"scene_id","cost"\r\n"é","1"')
    assert open_source(None, path).scenes[0].scene_id == "é"


IMAGES = "scene_id,image_uri,cost,group\na,1.png,5,g\n"


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", "", "the header must name the column scene_id"),
        ("cost\n", ":1", "the header must name the column scene_id"),
        ("scene_id,cost\n", "", "has no scenes"),
        ("scene_id,cost,cost\n", ":1", "the header names a column twice"),
        ("scene_id,COST\n", ":1", "'COST' is no known column (cost, external_ids, group, images,"),
        ("scene_id,Scene ID\n", ":1", "is scene_id meant?"),
        ("scene_id,costs\n", ":1", "'costs' is no known column"),
        ("scene_id;cost\na;1,5\nb;1.5\n", ":3", "numbers have decimal commas ("),
        ("scene_id;cost\na;1.5\nb;1,5\n", ":3", "numbers have decimal commas ("),
        ("scene_id;cost\na;1,234,5\n", ":2", "cost must be a number, not '1,234,5'"),
        ("scene_id,cost\na,1e-400\n", ":2", "cost cannot be kept: 1e-400 is too small to be told"),
        ("scene_id,cost\na,9007199254740993\n", ":2", "has more digits than are kept"),
        ("scene_id,cost\na,\x1e5\n", ":2", "cost must be a number, not '"),
        ("scene_id,cost,frame\n", ":1", "'frame' is no known column"),
        ("scene_id,cost,image_uri,images\n", ":1", "'images' is no known column"),
        ("scene_id,cost\na\n", ":2", "the row has 1 columns, the header 2"),
        ("scene_id,cost\na,1,2\n", ":2", "the row has 3 columns, the header 2"),
        ("scene_id,cost\na,1\na,1\n", ":3", "scene_id 'a' is already used at"),
        ("scene_id,cost\n,1\n", ":2", "scene_id is missing"),
        ("scene_id,cost\n ,1\n", ":2", "scene_id must not be empty"),
        ("scene_id,cost\na,\n", ":2", "the record must have a cost or costs"),
        ("scene_id,cost\na,1_000\n", ":2", "cost must be a number, not '"),
        ("scene_id,cost\na,nan\n", ":2", "cost must be a number, not '"),
        ("scene_id,cost\na,-1\n", ":2", "cost must be finite and at least 0, not -1"),
        ("scene_id,cost\na,1e400\n", ":2", "cost must be finite and at least 0, not inf"),
        ("scene_id,cost.\na,1\n", ":2", "costs must not have a resource named ''"),
        ("scene_id,cost,cost.cost\na,1,1\n", ":2", "costs.cost is also given by the key cost"),
        ("scene_id,cost,images\na,1,[a.png\n", ":2", "images: not JSON (Expecting value"),
        ("scene_id,cost,images\na,1,{}\n", ":2", "images must be a list, not an object"),
        ('scene_id,cost,meta\na,1,"{""a"":1,""a"":2}"\n', ":2", "meta: not usable JSON"),
        ('scene_id,cost\n"a"b,1\n', ":2", "not CSV"),
        ('scene_id,cost\n"a\n', ":2", "not CSV"),
        ('scene_id,cost\n"a\nb",1\n', ":3", "scene_id must not contain control characters"),
        (f"scene_id,cost\n{'a' * 131_073},1\n", ":2", "not CSV (field larger than field limit"),
        (IMAGES + "a,2.png,6,g\n", ":3", "costs of 'a' differs from its first row at"),
        (IMAGES + "a,2.png,5,h\n", ":3", "group of 'a' differs from its first row at"),
        (IMAGES + "a,2.png,5,\n", ":3", "group of 'a' differs from its first row at"),
        (IMAGES + "a,,5,g\n", ":3", "a row without image_uri must be the only one of 'a'"),
        (IMAGES + "b,,5,g\nb,,5,g\n", ":4", "a row without image_uri must be the only one of 'b'"),
        (IMAGES + "b,,5,g\nb,1.png,5,g\n", ":4", "a row without image_uri must be the only one"),
        ("scene_id,image_uri,cost,frame\na,1.png,5,x\n", ":2", "images[0].frame must be a whole"),
        ("scene_id,image_uri,cost,frame\na,1.png,5,1.0\n", ":2", "images[0].frame must be a whole"),
        ("scene_id,image_uri,cost,frame\na,1.png,5,-1\n", ":2", "images[0].frame must be a whole"),
        ("scene_id,image_uri,cost,sensor\na,,5,left\n", ":2", "images[0].uri is missing"),
    ],
)
def test_a_broken_table_names_its_line(write: Write, text: str, line: str, rule: str) -> None:
    """Whatever is wrong, the error is one sentence with FILE:LINE and the rule."""
    path = write(text)
    error = refused(path)
    assert error.place == f"{path}{line}"
    assert rule in error.rule


def test_bytes_that_are_no_text_name_their_line(tmp_path: Path) -> None:
    """A table in another encoding is named with the first line that shows it."""
    path = tmp_path / "scenes.csv"
    path.write_bytes(b"scene_id,cost\na,1\nb\xff,2\n")
    assert str(refused(path)) == f"{path}:3: not UTF-8"


def test_a_line_without_end_is_not_read_into_memory(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit of a line holds for CSV as for JSON Lines."""
    path = write("scene_id,cost\na,1\n")
    monkeypatch.setattr(text_lines, "MAX_LINE_BYTES", 10)
    assert str(refused(path)) == f"{path}:1: the line has more than 10 bytes"


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("a.csv", b"\xef\xbb\xbfscene_id,cost,images\ns,10.5,im/0.jpg\n", "taken as one path each"),
        ("a.csv", b"scene_id;cost;images\ns;10,5;im/0.jpg\n", "parted by semicolons"),
        ("a.csv", b"scene_id;cost;images\ns;10,5;im/0.jpg\n", "have decimal commas"),
        ("a.csv", b"scene_id;cost;images\ns;10.5;im/0.jpg\n", "parted by semicolons"),
        ("a.tsv", b"scene_id\tcost\timages\ns\t10.5\tim/0.jpg\n", "parted by tabs"),
        ("a.csv", "\ufeffscene_id,cost,images\ns,10.5,im/0.jpg\n".encode("utf-16-le"), "as UTF-16"),
        ("a.csv", "\ufeffscene_id,cost,images\ns,10.5,im/0.jpg\n".encode("utf-16-be"), "as UTF-16"),
        ("a.csv", b"who,scene_id,cost,images\nme,s,10.5,im/0.jpg\n", "is kept as meta ('who')"),
    ],
)
def test_what_other_programs_call_csv_is_read_with_a_note(
    tmp_path: Path, name: str, content: bytes, note: str
) -> None:
    """The scene is the same however it was written, and what was understood is said."""
    path = tmp_path / name
    path.write_bytes(content)
    pool = open_source(None, path)
    (scene,) = pool.scenes
    assert (scene.scene_id, scene.costs["cost"]) == ("s", 10.5)
    assert scene.images == (Image(str(tmp_path / "im/0.jpg")),)
    assert any(note in said for said in pool.notes)


def test_utf_16_that_breaks_off_is_named(tmp_path: Path) -> None:
    """Half a character at the end of UTF-16 is no text."""
    path = tmp_path / "scenes.csv"
    path.write_bytes("\ufeffscene_id,cost\na,1\n".encode("utf-16-le") + b"x")
    assert "not UTF-16" in str(refused(path))


@pytest.mark.shared_data
def test_real_images_by_clip(shared_data: Path, tmp_path: Path) -> None:
    """CamVid's frames as a table, an image a row: one scene a clip, every image is there."""
    folder = shared_data / "camvid" / "train"
    images = sorted(folder.glob("*.jpg"))
    rows = [f"{path.name.split('_')[0]},{path},1" for path in images]
    table = tmp_path / "camvid.csv"
    table.write_text("scene_id,image_uri,cost\n" + "\n".join(rows))
    pool = open_source(None, table, SourceOptions())
    assert {scene.scene_id for scene in pool.scenes} == {p.name.split("_")[0] for p in images}
    listed = [image.uri for scene in pool.scenes for image in scene.images]
    assert sorted(listed) == [str(path) for path in images]
