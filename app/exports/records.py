"""The chosen scenes for machines: JSON Lines and Parquet, with all that a platform shows.

Names are as they are in the pool, whatever a spreadsheet would make of them.
"""

import io
import json
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from app.exports.seed import ExportableSeed

_JSON: Final = ("external_ids", "meta")
"""Columns that are any JSON: as text in Parquet, which has no such type."""

_SCHEMA: Final = pa.schema(
    [
        ("rank", pa.int64()),
        ("scene_id", pa.string()),
        ("cost", pa.float64()),
        ("resource", pa.string()),
        ("gain", pa.float64()),
        ("represents", pa.int64()),
        ("group", pa.string()),
        (
            "images",
            pa.list_(pa.struct({"uri": pa.string(), "sensor": pa.string(), "frame": pa.int64()})),
        ),
        ("pointcloud", pa.string()),
        ("external_ids", pa.string()),
        ("meta", pa.string()),
    ]
)


def _records(seed: ExportableSeed) -> list[dict[str, Any]]:
    """Return one record a chosen scene, in rank order."""
    by_id = {scene.scene_id: scene for scene in seed.scenes}
    found = []
    for chosen in seed.summary["scenes"]:
        scene = by_id[chosen["scene_id"]]
        found.append(
            {
                "rank": chosen["rank"],
                "scene_id": scene.scene_id,
                "cost": chosen["cost"],
                "resource": seed.resource,
                "gain": chosen["gain"],
                "represents": chosen["represents"],
                "group": scene.group,
                "images": [
                    {"uri": image.uri, "sensor": image.sensor, "frame": image.frame}
                    for image in scene.images
                ],
                "pointcloud": scene.pointcloud,
                "external_ids": dict(scene.external_ids),
                "meta": dict(scene.meta),
            }
        )
    return found


def seed_jsonl(seed: ExportableSeed) -> dict[str, bytes]:
    """Return ``seed.jsonl``: one object a line."""
    lines = (json.dumps(record, ensure_ascii=False, allow_nan=False) for record in _records(seed))
    return {"seed.jsonl": "".join(f"{line}\n" for line in lines).encode()}


def seed_parquet(seed: ExportableSeed) -> dict[str, bytes]:
    """Return ``seed.parquet``: one row a scene; external ids and meta are JSON as text."""
    records = [
        record | {name: json.dumps(record[name], ensure_ascii=False) for name in _JSON}
        for record in _records(seed)
    ]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records, schema=_SCHEMA), stream)
    return {"seed.parquet": stream.getvalue()}
