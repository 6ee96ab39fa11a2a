"""Formats that list scenes, read back: the same scenes, in the same order, at the same cost."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.exports import ExportableSeed, export_files
from app.exports.seed import ExportScene
from features.sources.scenes import Image

Read = Callable[[bytes], list[tuple[str, float]]]


def _lines(content: bytes) -> list[tuple[str, float]]:
    records = [json.loads(line) for line in content.decode().split("\n") if line]
    return [(record["scene_id"], record["cost"]) for record in records]


def _table(content: bytes) -> list[tuple[str, float]]:
    rows = pq.read_table(io.BytesIO(content)).to_pylist()
    return [(row["scene_id"], row["cost"]) for row in rows]


def _tasks(content: bytes) -> list[tuple[str, float]]:
    data = [task["data"] for task in json.loads(content)]
    return [(one["scene_id"], one["seedal_cost"]) for one in data]


def _images(content: bytes) -> list[tuple[str, float]]:
    images = json.loads(content)["images"]
    return list(dict.fromkeys((one["scene_id"], one["seedal_cost"]) for one in images))


def _summary(content: bytes) -> list[tuple[str, float]]:
    return [(one["scene_id"], one["cost"]) for one in json.loads(content)["scenes"]]


_READERS: dict[str, tuple[str, Read]] = {
    "json": ("seed.json", _summary),
    "jsonl": ("seed.jsonl", _lines),
    "parquet": ("seed.parquet", _table),
    "label_studio": ("tasks.json", _tasks),
    "coco": ("coco.json", _images),
}

_names = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1, max_size=30),
    min_size=1,
    max_size=8,
    unique=True,
)


def _seed(names: list[str], costs: list[float]) -> ExportableSeed:
    scenes = tuple(
        ExportScene(scene_id=name, cost=cost, images=(Image(f"/{k}a.jpg"), Image(f"/{k}b.jpg")))
        for k, (name, cost) in enumerate(zip(names, costs, strict=True))
    )
    chosen: list[dict[str, Any]] = [
        {"scene_id": name, "rank": rank, "cost": cost, "gain": 1.0, "represents": 0}
        for rank, (name, cost) in enumerate(zip(names, costs, strict=True), start=1)
    ]
    return ExportableSeed(
        kind="manifest",
        resource="points",
        scenes=tuple(reversed(scenes)),
        chosen=tuple(names),
        summary={"id": "s", "dataset_id": "d", "scenes": chosen},
    )


@pytest.mark.parametrize("name", _READERS)
@settings(deadline=None)
@given(names=_names, data=st.data())
def test_scenes_come_back_in_order(name: str, names: list[str], data: st.DataObject) -> None:
    """Whatever scenes are called, a reader of the format finds them, ranked, with their costs."""
    costs = [data.draw(st.floats(0, 1e12)) for _ in names]
    file, read = _READERS[name]
    content = export_files(_seed(names, costs), name)[file]
    assert read(content) == list(zip(names, costs, strict=True))


@settings(deadline=None)
@given(_names)
def test_priorities_come_back_in_order(names: list[str]) -> None:
    """The table of priorities has the names in rank order."""
    content = export_files(_seed(names, [1.0] * len(names)), "priorities")["priorities.csv"]
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert [row["scene_id"] for row in rows] == names
    assert [int(row["rank"]) for row in rows] == [*range(1, len(names) + 1)]
