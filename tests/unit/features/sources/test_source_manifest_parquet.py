from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import SourceError
from features.sources import manifest_parquet, open_source
from features.sources.scenes import Image, ScenePool


def write(path: Path, table: dict[str, object], *, group: int | None = None) -> Path:
    """Write columns as a Parquet file."""
    pq.write_table(pa.table(table), path, row_group_size=group)
    return path


def opened(tmp_path: Path, **columns: object) -> ScenePool:
    """Return the pool of a table."""
    return open_source(None, write(tmp_path / "scenes.parquet", columns))


def refused(path: Path) -> SourceError:
    """Return the error that opening the manifest raises; it is one line."""
    with pytest.raises(SourceError) as caught:
        open_source("manifest", path)
    assert "\n" not in str(caught.value)
    return caught.value


def test_images_may_be_plain_strings(tmp_path: Path) -> None:
    """The simplest table: an id, a cost and a list of paths."""
    pool = opened(tmp_path, scene_id=["a", "b"], cost=[1, 2], images=[["1.png", "/2.png"], None])
    assert pool.scenes[0].images == (Image(str(tmp_path / "1.png")), Image("/2.png"))
    assert [scene.costs for scene in pool.scenes] == [{"cost": 1.0}, {"cost": 2.0}]
    assert pool.scenes[1].images == ()


def test_a_null_is_an_absent_key(tmp_path: Path) -> None:
    """Nulls in rows and in structs are keys that a line of JSON would not have."""
    pool = opened(
        tmp_path,
        scene_id=["a", "b"],
        costs=[{"points": 1.0, "hours": None}, {"points": 2.0, "hours": 0.5}],
        group=[None, "g"],
        images=[[{"uri": "1.png", "sensor": None, "frame": 3}], []],
        meta=[{"floor": {"level": 1, "wing": None}}, None],
    )
    a, b = pool.scenes
    assert (a.costs, b.costs) == ({"points": 1.0}, {"points": 2.0, "hours": 0.5})
    assert (a.group, b.group) == (None, "g")
    assert a.images == (Image(str(tmp_path / "1.png"), frame=3),)
    assert (a.meta, b.meta) == ({"floor": {"level": 1}}, {})


@pytest.mark.parametrize(
    "ids",
    [
        pa.array(["a", "b"], pa.large_string()),
        pa.array(["a", "b"]).dictionary_encode(),
    ],
)
@pytest.mark.parametrize(
    "costs",
    [
        pa.array([1, 2], pa.uint8()),
        pa.array([1, 2], pa.float32()),
        pa.array([Decimal("1.00"), Decimal("2.00")]),
    ],
)
def test_types_that_databases_write_are_read(
    tmp_path: Path, ids: pa.Array, costs: pa.Array
) -> None:
    """Long strings, dictionaries and decimals mean what they say."""
    pool = opened(tmp_path, scene_id=ids, cost=costs)
    assert {scene.scene_id: scene.costs["cost"] for scene in pool.scenes} == {"a": 1.0, "b": 2.0}


@pytest.mark.parametrize("rows", [1, 3])
def test_rows_count_on_through_groups_and_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """However a file is cut into row groups, all rows come and errors name the right one."""
    monkeypatch.setattr(manifest_parquet, "_BATCH_ROWS", 2)
    path = tmp_path / "scenes.parquet"
    ids = [f"s{number}" for number in range(7)]
    write(path, {"scene_id": ids, "cost": [1.0] * 7}, group=rows)
    assert [scene.scene_id for scene in open_source(None, path).scenes] == ids
    write(path, {"scene_id": ids, "cost": [1.0] * 5 + [float("nan"), 1.0]}, group=rows)
    error = refused(path)
    assert str(error) == f"{path} row 6: cost must be finite and at least 0, not nan"


@pytest.mark.parametrize(
    ("columns", "where", "rule"),
    [
        ({"cost": [1]}, " row 1", "scene_id is missing"),
        ({"scene_id": ["a", "a"], "cost": [1, 1]}, " row 2", "scene_id 'a' is already used at"),
        ({"scene_id": ["a"]}, " row 1", "must have a cost or costs"),
        ({"scene_id": ["a"], "cost": ["1"]}, " row 1", "cost must be a number, not '"),
        ({"scene_id": ["a"], "cost": [True]}, " row 1", "cost must be a number, not a boolean"),
        ({"scene_id": [b"a"], "cost": [1]}, " row 1", "scene_id must be a string, not a bytes"),
        ({"scene_id": [1.5], "cost": [1]}, " row 1", "scene_id must be a string, not a number"),
        ({"scene_id": [True], "cost": [1]}, " row 1", "scene_id must be a string, not a boolean"),
        ({"scene_id": ["a"], "cost": [1], "image": [None]}, "", "'image' is no known column"),
        ({"scene_id": ["a"], "cost": [2**53 + 1]}, " row 1", "has more digits than are kept"),
        ({"scene_id": ["a"], "cost": [1], "images": [[None]]}, " row 1", "images[0] must be an"),
        ({"scene_id": ["a"], "cost": [1], "images": [1]}, " row 1", "images must be a list"),
        ({"scene_id": ["a"], "cost": [1], "images": [[{"path": "x"}]]}, " row 1", "'path' is not"),
        (
            {"scene_id": ["a"], "cost": [1], "meta": [{"at": datetime(2026, 1, 1, tzinfo=UTC)}]},
            " row 1",
            "meta cannot be written as JSON",
        ),
        (
            {
                "scene_id": ["a"],
                "costs": pa.array([[("h", 1.0), ("h", 2.0)]], pa.map_(pa.string(), pa.float64())),
            },
            " row 1",
            "a key stands twice in a map",
        ),
        (
            {
                "scene_id": pa.array([b"\xff"], pa.binary()).view(pa.string()),
                "cost": [1],
            },
            " row 1",
            "has a value that cannot be read",
        ),
        ({"scene_id": pa.array([], pa.string()), "cost": []}, "", "has no scenes"),
    ],
)
def test_a_broken_row_is_named(
    tmp_path: Path, columns: dict[str, object], where: str, rule: str
) -> None:
    """Whatever is wrong, the error is one sentence with FILE row N and the rule."""
    path = write(tmp_path / "scenes.parquet", columns)
    error = refused(path)
    assert error.place == f"{path}{where}"
    assert rule in error.rule


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    """A second column of the same name would silently win or lose."""
    path = tmp_path / "scenes.parquet"
    table = pa.Table.from_arrays(
        [pa.array(["a"]), pa.array([1]), pa.array([2])], ["scene_id", "cost", "cost"]
    )
    pq.write_table(table, path)
    assert refused(path).rule == "the header names a column twice"


def test_what_is_no_parquet_is_named(tmp_path: Path) -> None:
    """An empty file, another format and a missing file are one sentence each."""
    path = tmp_path / "scenes.parquet"
    assert refused(path).rule == "does not exist"
    for content in (b"", b"scene_id,cost\na,1\n", b"PAR1" + b"x" * 100 + b"PAR1"):
        path.write_bytes(content)
        error = refused(path)
        assert error.place == str(path)
        assert error.rule.startswith("is no readable Parquet file")


def test_ids_may_be_numbers_and_images_paths(tmp_path: Path) -> None:
    """What other programs write is read, and what was understood is said once."""
    pool = opened(tmp_path, scene_id=[7, 8], cost=[1, 2], images=["1.png", "/2.png"], colour=[0, 1])
    assert [scene.scene_id for scene in pool.scenes] == ["7", "8"]
    assert [scene.images[0].uri for scene in pool.scenes] == [str(tmp_path / "1.png"), "/2.png"]
    assert pool.notes == (
        "The whole numbers of scene_id in scenes.parquet are taken as text.",
        "The cells of images in scenes.parquet are taken as one path each.",
        "1 column of scenes.parquet is kept as meta ('colour').",
    )


def test_a_table_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path: Path) -> None:
    """Ten kilobytes that stand for eighty megabytes of text are refused before all is read."""
    long = "/".join(["x" * 200] * 10)
    images = pa.DictionaryArray.from_arrays(pa.array([0] * 40_000, pa.int32()), [long])
    lists = pa.ListArray.from_arrays(pa.array(range(0, 40_001, 100), pa.int32()), images)
    ids = [str(number) for number in range(len(lists))]
    path = tmp_path / "scenes.parquet"
    pq.write_table(pa.table({"scene_id": ids, "cost": [1] * len(ids), "images": lists}), path)
    assert path.stat().st_size < 2**20
    assert refused(path).rule == "unpacks to more than 100 times its size and 67,108,864 bytes"
