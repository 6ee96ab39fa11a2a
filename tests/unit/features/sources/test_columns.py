import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from string import digits
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import SourceError
from features.limits import MAX_KEPT_COLUMNS
from features.sources import SourceOptions, open_source
from features.sources.columns import IMAGE_COLUMNS, SCENE_COLUMNS, Columns, parse_columns
from features.sources.record import SCENE_KEYS, InlineImage
from features.sources.registry import detect
from features.sources.scenes import ScenePool

ROWS = [
    {"room": "a", "points": 10, "photo": "a.png", "floor": "1"},
    {"room": "b", "points": 20, "photo": "b.png", "floor": "2"},
]
SAID = ("scene_id=room", "cost=points", "images=photo")


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as CSV."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as JSON Lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as Parquet."""
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), stream)
    return stream.getvalue()


FORMS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "scenes.csv": as_csv,
    "scenes.csv.gz": lambda rows: gzip.compress(as_csv(rows)),
    "scenes.jsonl": as_lines,
    "Scenes.JSONL.GZ": lambda rows: gzip.compress(as_lines(rows)),
    "scenes.json": lambda rows: json.dumps(rows).encode(),
    "scenes.json.gz": lambda rows: gzip.compress(json.dumps(rows).encode()),
    "scenes.parquet": as_parquet,
}


def opened(path: Path, *said: str) -> ScenePool:
    """Open a manifest of any form, its kind detected."""
    assert detect(path) == "manifest"
    return open_source(None, path, SourceOptions(column=said))


def refused(path: Path, *said: str) -> str:
    """Return the sentence with which a manifest is refused."""
    with pytest.raises(SourceError) as caught:
        open_source("manifest", path, SourceOptions(column=said))
    return str(caught.value)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read_as_the_caller_says(tmp_path: Path, name: str) -> None:
    """The named columns have their meaning, the other one is kept as meta, and a note says so."""
    path = tmp_path / name
    path.write_bytes(FORMS[name](ROWS))
    pool = opened(path, *SAID)
    assert [(scene.scene_id, scene.costs) for scene in pool.scenes] == [
        ("a", {"cost": 10}),
        ("b", {"cost": 20}),
    ]
    assert [scene.images[0].uri for scene in pool.scenes] == [
        str(tmp_path / "a.png"),
        str(tmp_path / "b.png"),
    ]
    assert [scene.meta for scene in pool.scenes] == [{"floor": "1"}, {"floor": "2"}]
    assert f"1 column of {name} is kept as meta ('floor')." in pool.notes


@pytest.mark.parametrize("name", FORMS)
def test_a_named_column_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    """A slip in what the caller says is found, in whatever form the file is."""
    path = tmp_path / name
    path.write_bytes(FORMS[name](ROWS))
    sentence = refused(path, *SAID, "group=flor")
    assert "has no column 'flor', which is to be 'group'" in sentence


@pytest.mark.parametrize("name", FORMS)
def test_a_slip_of_the_pen_is_refused_and_can_be_meant(tmp_path: Path, name: str) -> None:
    """The sentence says what may be meant, and its other advice works."""
    path = tmp_path / name
    path.write_bytes(FORMS[name]([row | {"image": "x"} for row in ROWS]))
    said = [text for text in SAID if "photo" not in text]
    sentence = refused(path, *said)
    assert "'image' is no known column" in sentence
    assert (
        "is images meant? Then say --column 'images=image', else --column 'meta.image=image'"
        in sentence
    )
    assert opened(path, *said, "meta.image=image").scenes[0].meta["image"] == "x"
    assert opened(path, *said, "images=image").scenes[0].images[0].uri == str(tmp_path / "x")


@pytest.mark.parametrize("name", ["scenes.jsonl", "scenes.csv", "scenes.parquet"])
def test_members_of_objects_may_be_columns(tmp_path: Path, name: str) -> None:
    """Costs by resource, ids of other systems and meta come together, by name or as said."""
    path = tmp_path / name
    row = {"scene_id": "a", "cost.hours": 2, "points": 5, "task": "t9", "meta.note": "x"}
    path.write_bytes(FORMS[name]([row]))
    (scene,) = open_source(
        None,
        path,
        SourceOptions(column=("cost.points=points", "external_ids.cvat=task"), resource="hours"),
    ).scenes
    assert scene.costs == {"hours": 2, "points": 5}
    assert scene.external_ids == {"cvat": "t9"}
    assert scene.meta == {"note": "x"}


@pytest.mark.parametrize("name", ["scenes.jsonl", "scenes.csv", "scenes.parquet"])
def test_a_column_whose_name_another_one_got_is_kept(tmp_path: Path, name: str) -> None:
    """What the caller says wins, and what the file called so is not lost."""
    path = tmp_path / name
    path.write_bytes(FORMS[name]([{"scene_id": "a", "cost": 1, "points": 5}]))
    (scene,) = opened(path, "cost=points").scenes
    assert scene.costs == {"cost": 5}
    assert scene.meta["cost"] in {1, "1"}


def test_meta_of_its_own_and_other_keys_come_together(tmp_path: Path) -> None:
    """An object of meta is kept; a name that it has already is refused with the line."""
    path = tmp_path / "scenes.jsonl"
    path.write_bytes(as_lines([{"scene_id": "a", "cost": 1, "meta": {"x": 1}, "y": [2]}]))
    assert opened(path).scenes[0].meta == {"x": 1, "y": [2]}
    path.write_bytes(as_lines([{"scene_id": "a", "cost": 1, "meta": {"y": 1}, "y": [2]}]))
    assert refused(path).endswith("scenes.jsonl:1: meta.y is given twice")


def test_columns_without_a_name_are_not_used(tmp_path: Path) -> None:
    """A program's index and a spreadsheet's empty columns stand in nobody's way."""
    path = tmp_path / "scenes.csv"
    path.write_text(",scene_id,cost,floor,,\n0,a,1,2,,\n1,b,1,2,,\n")
    pool = opened(path)
    assert [scene.meta for scene in pool.scenes] == [{"floor": "2"}, {"floor": "2"}]
    assert "1 column of scenes.csv is not used ('')." in pool.notes


def test_columns_of_images_are_left_out_where_they_differ(tmp_path: Path) -> None:
    """Of a table of images, what all rows of a scene share is kept, and the rest is named."""
    path = tmp_path / "scenes.csv"
    path.write_text(
        "scene_id,image_uri,cost,width,floor\n"
        "a,1.png,1,640,2\nb,3.png,1,640,3\na,2.png,1,800,2\na,4.png,1,640,2\n"
    )
    pool = opened(path)
    assert [scene.meta for scene in pool.scenes] == [
        {"floor": "2"},
        {"width": "640", "floor": "3"},
    ]
    assert len(pool.scenes[0].images) == 3
    assert pool.notes == (
        "2 columns of scenes.csv are kept as meta ('floor', 'width').",
        "1 column of scenes.csv is left out where the rows of a scene differ ('width').",
    )


@pytest.mark.parametrize("name", ["scenes.csv", "scenes.parquet"])
def test_a_table_of_features_is_not_carried(tmp_path: Path, name: str) -> None:
    """Of more columns than meta is for none is kept; what the caller names is."""
    path = tmp_path / name
    row = {"scene_id": "a", "cost": 1} | {f"x{k}": k for k in range(MAX_KEPT_COLUMNS + 2)}
    path.write_bytes(FORMS[name]([row]))
    pool = opened(path, "meta.first=x0")
    assert list(pool.scenes[0].meta) == ["first"]
    assert pool.notes[0].startswith(f"{MAX_KEPT_COLUMNS + 1} columns of {name} are not used")


def test_what_json_has_no_value_for_is_not_used(tmp_path: Path) -> None:
    """Bytes and NaN of Parquet are left out; numbers, booleans and text keep their types."""
    path = tmp_path / "scenes.parquet"
    row = {"scene_id": "a", "cost": 1, "png": b"\xff", "ok": True, "score": 0.5, "none": None}
    path.write_bytes(as_parquet([row, row | {"scene_id": "b", "score": float("nan")}]))
    pool = opened(path)
    assert [scene.meta for scene in pool.scenes] == [{"ok": True, "score": 0.5}, {"ok": True}]
    assert any("not used ('none', 'png')" in note for note in pool.notes)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (("cost",), "'cost' is not TARGET=COLUMN"),
        (("=points",), "is not TARGET=COLUMN"),
        (("cost=",), "is not TARGET=COLUMN"),
        (("price=points",), "'price' is nothing that a column can be"),
        (("cost.=points",), "'cost.' is nothing that a column can be"),
        (("cost=a", "cost=b"), "a second time"),
        (("cost=a", "cost.x=a"), "a second time"),
    ],
)
def test_what_says_nothing_is_refused_at_once(said: tuple[str, ...], rule: str) -> None:
    """No file is needed to see it."""
    with pytest.raises(SourceError, match=rule.replace(".", r"\.")):
        SourceOptions(column=said)


def test_other_kinds_have_no_columns(tmp_path: Path) -> None:
    """A folder's scenes have no columns to name."""
    with pytest.raises(SourceError, match="a source of kind images has no option column"):
        open_source("images", tmp_path, SourceOptions(column=("cost=points",)))


def test_targets_are_the_keys_of_a_record() -> None:
    """What a column can be is what a record has."""
    assert SCENE_COLUMNS == SCENE_KEYS
    assert {"image_uri", *InlineImage.__annotations__} - {"uri"} == IMAGE_COLUMNS


NAMES = st.text(digits, min_size=9, max_size=12)


@given(st.dictionaries(NAMES, st.integers() | st.text(), max_size=8), st.booleans())
def test_no_value_is_lost_or_changed(others: dict[str, Any], in_header: bool) -> None:  # noqa: FBT001
    """Whatever else a record has is in its meta, and nothing else is."""
    columns = Columns(parse_columns(()), SCENE_COLUMNS, "a")
    others = {f"zq{name}": value for name, value in others.items()}
    record = {"scene_id": "a", "cost": 1, **others}
    if in_header:
        targets = columns.of_header(list(record), "a:1")
        assert targets == ["scene_id", "cost", *(f"meta.{name}" for name in others)]
    read = columns.record(record, "a:1")
    assert read.pop("meta", {}) == others
    assert read == {"scene_id": "a", "cost": 1}
