import csv
import io
import json
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.exports import FORMATS, ExportableSeed, ExportError, export, export_files
from app.exports.seed import ExportScene
from features.sources.scenes import Image


def seed(
    kind: str = "s3dis", regions: tuple[int, ...] | None = (1, 2), names: tuple[str, ...] = ()
) -> ExportableSeed:
    """Return a seed of two out of four scenes."""
    names = names or tuple(f"Area_{k}/office_{k}" for k in range(1, 5))
    chosen = (names[2], names[0])
    return ExportableSeed(
        kind=kind,
        resource="points",
        scenes=tuple(
            ExportScene(scene_id=name, cost=100.0, group="Area", regions=regions) for name in names
        ),
        chosen=chosen,
        summary={
            "budget": {"limit": 250.0},
            "scenes": [
                {"scene_id": name, "rank": k, "cost": 100.0, "gain": 0.5, "represents": 1}
                for k, name in enumerate(chosen, start=1)
            ],
        },
    )


def test_redal_names_s3dis_as_redal_does() -> None:
    """Room files and region keys are spelt as ReDAL's loader reads them."""
    files = {name: text.decode() for name, text in export_files(seed(), "redal").items()}
    assert json.loads(files["init_label_scan.json"]) == [
        "Area_3/coords/office_3.npy",
        "Area_1/coords/office_1.npy",
    ]
    assert json.loads(files["init_ulabel_region.json"]) == {
        "Area_2#office_2": [1, 2],
        "Area_4#office_4": [1, 2],
    }
    assert files["info.txt"] == "Region Num: 4 and Point Num: 200 in the current set\n"


def test_redal_names_semantic_kitti_as_redal_does() -> None:
    """Scan files, region keys and the large-region file are spelt as ReDAL's loader reads them."""
    names = ("05/001429", "00/000000", "06/000711", "01/000876")
    files = export_files(seed("semantic_kitti", names=names), "redal")
    assert json.loads(files["init_label_scan.json"]) == [
        "06/velodyne/000711.bin",
        "05/velodyne/001429.bin",
    ]
    assert set(json.loads(files["init_label_large_region.json"])) == {"06_000711", "05_001429"}


@pytest.mark.parametrize("kind", ["s3dis", "semantic_kitti"])
def test_redal_partitions_the_whole_pool(kind: str) -> None:
    """Every scene is in exactly one of the labelled and unlabelled files."""
    files = export_files(seed(kind), "redal")
    for ending in ("scan", "region" if kind == "s3dis" else "large_region"):
        label, ulabel = (json.loads(files[f"init_{p}_{ending}.json"]) for p in ("label", "ulabel"))
        assert len(label) + len(ulabel) == len({*label, *ulabel}) == 4


def test_redal_without_regions_writes_no_region_file() -> None:
    """Where regions are unknown no file claims that there are none."""
    files = export_files(seed(regions=None), "redal")
    assert sorted(files) == ["info.txt", "init_label_scan.json", "init_ulabel_scan.json"]
    assert b"Region Num: unknown" in files["info.txt"]


def test_redal_is_refused_for_other_sources() -> None:
    """A pool that ReDAL knows nothing of cannot be written in its files."""
    with pytest.raises(ExportError, match="not for images"):
        export_files(seed("images"), "redal")


@pytest.mark.shared_data
def test_redal_repeats_the_published_seed(shared_data: Path) -> None:
    """Given SeedAL's published choice, our files hold what SeedAL published: 859 regions."""
    published = shared_data / "seedal_reference" / "s3dis_seed"
    regions = json.loads(
        (shared_data / "seedal_reference/datasets/s3dis_regions.json").read_bytes()
    )
    chosen = json.loads((published / "init_label_region.json").read_bytes())
    pool = ExportableSeed(
        kind="s3dis",
        resource="points",
        scenes=tuple(
            ExportScene(scene_id=key.replace("#", "/"), cost=0.0, regions=tuple(ids))
            for key, ids in regions.items()
        ),
        chosen=tuple(key.replace("#", "/") for key in chosen),
        summary={},
    )
    files = export_files(pool, "redal")
    for name in ("init_label_region.json", "init_ulabel_region.json"):
        assert json.loads(files[name]) == json.loads((published / name).read_bytes())
    for name in ("init_label_scan.json", "init_ulabel_scan.json"):
        ours, theirs = json.loads(files[name]), json.loads((published / name).read_bytes())
        assert sorted(ours) == sorted(theirs)
    assert files["info.txt"].startswith(b"Region Num: 859 ")


def test_csv_defuses_formulas() -> None:
    """A name that a spreadsheet would run comes out as text, and quotes survive."""
    names = ("=1+1", 'say "hi", twice', "+SUM(A1)", "b")
    rows = list(
        csv.reader(io.StringIO(export_files(seed(names=names), "csv")["seed.csv"].decode()))
    )
    assert rows[0][:4] == ["rank", "scene_id", "group", "cost_points"]
    assert [row[1] for row in rows[1:]] == ["'+SUM(A1)", "'=1+1"]


def _rich() -> ExportableSeed:
    """Return a seed whose scenes have all that a scene may have."""
    names = ("=cmd()", "raum/ä", 'c,"d"', "e")
    plain = seed(names=names)
    scenes = tuple(
        replace(
            scene,
            images=(Image(f"s3://b/{k}.jpg", "front", k), Image(f"/data/{k}.png")),
            pointcloud=f"/clouds/{k}.ply" if k % 2 else None,
            external_ids={"ls": k},
            meta={"weather": "rain", "deep": {"er": [1, None]}},
        )
        for k, scene in enumerate(plain.scenes)
    )
    return replace(plain, scenes=scenes)


def test_lines_and_rows_have_all_of_a_chosen_scene() -> None:
    """JSON Lines and Parquet say the same, in rank order, with names as they are in the pool."""
    given_seed = _rich()
    lines = export(given_seed, "jsonl")
    assert (lines.filename, lines.media_type) == ("seed.jsonl", "application/jsonl")
    records = [json.loads(line) for line in lines.content.decode().splitlines()]
    assert [record["scene_id"] for record in records] == list(given_seed.chosen)
    assert records[0]["images"] == [
        {"uri": "s3://b/2.jpg", "sensor": "front", "frame": 2},
        {"uri": "/data/2.png", "sensor": None, "frame": None},
    ]
    assert records[1]["meta"] == {"weather": "rain", "deep": {"er": [1, None]}}
    assert [record["rank"] for record in records] == [1, 2]
    rows = pq.read_table(io.BytesIO(export(given_seed, "parquet").content)).to_pylist()
    for row in rows:
        row.update({name: json.loads(row[name]) for name in ("external_ids", "meta")})
    assert rows == records


@given(st.integers(1, 40))
def test_every_column_of_priorities_has_the_seeds_order(count: int) -> None:
    """Ranks rise; what is high first falls, stays in its range, and the fifths are even."""
    names = tuple(f"scene {k}" for k in range(count))
    asked = replace(seed(names=(*names, *"abcd")), chosen=names)
    text = export(asked, "priorities").content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["scene_id"] for row in rows] == list(names)
    assert [int(row["rank"]) for row in rows] == list(range(1, count + 1))
    assert [int(row["priority_high"]) for row in rows] == list(range(count, 0, -1))
    parts = [float(row["priority_0_1"]) for row in rows]
    assert parts[0] == 1.0
    assert parts == sorted(parts, reverse=True)
    assert min(parts) > 0
    fifths = [int(row["priority_1_5"]) for row in rows]
    assert fifths == sorted(fifths)
    sizes = Counter(fifths).values()
    assert set(fifths) <= set(range(1, 6))
    assert max(sizes) - min(sizes) <= 1


def test_json_is_the_summary() -> None:
    """The JSON format is the answer itself."""
    content = export(seed(), "json")
    assert content.media_type == "application/json"
    assert json.loads(content.content)["budget"] == {"limit": 250.0}


def test_several_files_make_one_reproducible_zip() -> None:
    """A format of several files downloads as a zip whose bytes depend on the seed alone."""
    first, second = export(seed(), "redal"), export(seed(), "redal")
    assert (first.filename, first.media_type) == ("redal.zip", "application/zip")
    assert first.content == second.content
    assert "info.txt" in zipfile.ZipFile(io.BytesIO(first.content)).namelist()


def test_the_contact_sheet_is_a_picture() -> None:
    """Scenes whose images are gone still make a picture."""
    assert export(seed(), "contact_sheet").content.startswith(b"\x89PNG")


def test_unknown_formats_list_the_known() -> None:
    """A format that does not exist is answered with those that do."""
    with pytest.raises(ExportError, match=r"no format 'pdf'; the formats are json, csv"):
        export(seed(), "pdf")
    assert set(FORMATS) == {
        *("json", "csv", "jsonl", "parquet", "priorities", "label_studio", "coco", "redal"),
        *("contact_sheet", "cvat", "supervisely"),
    }
