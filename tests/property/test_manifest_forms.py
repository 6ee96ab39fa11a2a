"""Three forms of one manifest: JSON Lines is the oracle of CSV and of Parquet."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from features.errors import SourceError
from features.sources import SourceOptions, open_source

# Files are written over and over in one folder; examples do not see each other's files.
one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

Record = dict[str, Any]

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda text: text.strip() != ""
)
uris = st.from_regex(r"[a-zA-Z0-9 ,;\"'_%-]{1,12}\.png", fullmatch=True)
amounts = st.integers(0, 2**53).map(float) | st.floats(1e-90, 1e90)
images = st.fixed_dictionaries(
    {"uri": uris}, optional={"sensor": names, "frame": st.integers(0, 2**62)}
)
optional = {
    "cost": amounts,
    "group": names,
    "images": st.lists(images, max_size=3),
    "pointcloud": uris,
    "regions": st.lists(st.integers(1, 2**31), min_size=1, max_size=4, unique=True),
    "external_ids": st.dictionaries(names, names, min_size=1, max_size=2),
    "meta": st.dictionaries(names, names, min_size=1, max_size=2),
}
records = st.fixed_dictionaries(
    {
        "scene_id": names,
        "costs": st.fixed_dictionaries({"points": amounts}, optional={"hours": amounts}),
    },
    optional=optional,
)
pools = st.lists(records, min_size=1, max_size=4, unique_by=lambda record: record["scene_id"])


def cells(record: Record) -> dict[str, str]:
    """Return all but the images of a record as cells of CSV."""
    result = {f"cost.{name}": repr(cost) for name, cost in record["costs"].items()}
    for key in ("scene_id", "group", "pointcloud"):
        result[key] = record.get(key, "")
    result["cost"] = repr(record["cost"]) if "cost" in record else ""
    for key in ("regions", "external_ids", "meta"):
        result[key] = json.dumps(record[key]) if key in record else ""
    return result


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write a table with all columns that occur."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_jsonl(path: Path, pool: list[Record]) -> Path:
    """Write a line a scene."""
    path.write_text("".join(json.dumps(record) + "\n" for record in pool))
    return path


def per_scene(path: Path, pool: list[Record]) -> Path:
    """Write a row of CSV a scene."""
    return write_rows(
        path,
        [cells(record) | {"images": json.dumps(record.get("images", []))} for record in pool],
    )


def per_image(path: Path, pool: list[Record]) -> Path:
    """Write a row of CSV an image; a scene without images is one row."""
    rows = [
        cells(record)
        | {"image_uri": image["uri"], "sensor": image.get("sensor", "")}
        | {"frame": str(image.get("frame", ""))}
        for record in pool
        for image in record.get("images", []) or [{"uri": ""}]
    ]
    return write_rows(path, rows)


def write_parquet(path: Path, pool: list[Record], *, maps: bool = False) -> Path:
    """Write a row of Parquet a scene, two rows a row group."""
    text, number = pa.string(), pa.float64()
    image = pa.struct([("uri", text), ("sensor", text), ("frame", pa.int64())])
    costs = pa.map_(text, number) if maps else pa.struct([("points", number), ("hours", number)])
    schema = pa.schema(
        [("scene_id", text), ("cost", number), ("costs", costs), ("group", text)]
        + [("images", pa.list_(image)), ("pointcloud", text), ("regions", pa.list_(pa.int64()))]
        + [(key, pa.map_(text, text)) for key in ("external_ids", "meta")]
    )
    pq.write_table(pa.Table.from_pylist(pool, schema), path, row_group_size=2)
    return path


@one_folder
@given(pool=pools, maps=st.booleans())
def test_three_forms_of_a_manifest_are_one_pool(
    tmp_path: Path, pool: list[Record], *, maps: bool
) -> None:
    """What JSON Lines says, both forms of CSV and Parquet say too."""
    points = SourceOptions(resource="points")
    expected = open_source("manifest", write_jsonl(tmp_path / "a.jsonl", pool), points)
    for path in (
        per_scene(tmp_path / "a.csv", pool),
        per_image(tmp_path / "b.CSV", pool),
        write_parquet(tmp_path / "a.parquet", pool, maps=maps),
    ):
        assert open_source(None, path, points) == expected


@one_folder
@given(pool=pools, data=st.data())
def test_a_wrong_cost_names_its_row(
    tmp_path: Path, pool: list[Record], data: st.DataObject
) -> None:
    """A negative cost is an error of its row in every form."""
    index = data.draw(st.integers(0, len(pool) - 1))
    pool[index]["costs"] = {"points": -1.0}
    expected = "costs.points must be finite and at least 0, not -1"
    for path, place in (
        (write_jsonl(tmp_path / "a.jsonl", pool), f"a.jsonl:{index + 1}"),
        (per_scene(tmp_path / "a.csv", pool), f"a.csv:{index + 2}"),
        (write_parquet(tmp_path / "a.parquet", pool), f"a.parquet row {index + 1}"),
    ):
        with pytest.raises(SourceError) as caught:
            open_source("manifest", path)
        assert caught.value.place == str(tmp_path / place)
        assert caught.value.rule == expected


@one_folder
@given(pool=pools, form=st.sampled_from(["csv", "parquet"]), data=st.data())
def test_arbitrary_damage_is_read_or_named(
    tmp_path: Path, pool: list[Record], form: str, data: st.DataObject
) -> None:
    """A damaged file is another manifest or one sentence, never another exception."""
    path = tmp_path / f"a.{form}"
    original = (per_image if form == "csv" else write_parquet)(path, pool).read_bytes()
    start = data.draw(st.integers(0, len(original)))
    end = data.draw(st.integers(start, min(start + 20, len(original))))
    middle = data.draw(st.binary(max_size=8))
    assume(original[start:end] != middle)
    path.write_bytes(original[:start] + middle + original[end:])
    try:
        assert open_source("manifest", path, SourceOptions(resource="points")).scenes
    except SourceError as error:
        assert error.place.startswith(str(path))  # noqa: PT017 - both outcomes are right
        assert "\n" not in str(error)  # noqa: PT017
