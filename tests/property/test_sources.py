import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from features.errors import ImageError, SourceError
from features.images.pixels import load_rgb
from features.sources import open_source

# A file is written over and over in one folder; examples do not see each other's files.
one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda text: text.strip() != ""
)
amounts = st.floats(1e-90, 1e90) | st.integers(0, 2**53)
frames = st.integers(0, 2**63 - 1)
file_names = st.from_regex(r"[a-zA-Z0-9 _.%-]{1,20}", fullmatch=True).filter(
    lambda name: name.strip() not in {"", ".", ".."}
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
images = file_names | st.fixed_dictionaries(
    {"uri": file_names}, optional={"sensor": names, "frame": frames}
)
optional = {
    "costs": st.dictionaries(
        names.filter(lambda name: name != "cost"), amounts, min_size=1, max_size=3
    ),
    "group": names,
    "images": st.lists(images, max_size=3),
    "pointcloud": st.fixed_dictionaries({"uri": file_names}, optional={"format": names}),
    "regions": st.lists(st.integers(1, 2**31), max_size=4, unique=True),
    "external_ids": st.dictionaries(names, json_values, max_size=2),
    "meta": st.dictionaries(names, json_values, max_size=2),
}
records = st.fixed_dictionaries({"scene_id": names, "cost": amounts}, optional=optional)
pools = st.lists(records, min_size=1, max_size=4, unique_by=lambda record: record["scene_id"])

# For each key, a value that no scene may have.
WRONG: Mapping[str, object] = {
    "scene_id": ["", "\n", 1.5, None, [], "\ud800"],
    "cost": ["1", True, None, -1, -1e-9, float("nan"), float("inf"), [], 10**400],
    "costs": [{}, [], 1, None, {"a": -1}, {"a": None}, {"": 1}, {"cost": 1}],
    "group": ["", None, 1],
    "images": [{}, None, [1], [""], [{}], ["s3://a/b/"], [{"uri": "a", "frame": -1}]],
    "pointcloud": [1, None, "", {}, {"uri": "a", "x": 1}],
    "regions": [[0], [1, 1], [1.0], [True], 1, None],
    "external_ids": [[], None, {"a": float("nan")}],
    "meta": ["", None, {"a": {"b": float("inf")}}],
    "grup": [1],
}


def write(folder: Path, lines: list[bytes]) -> Path:
    """Write the lines of a manifest."""
    path = folder / "scenes.jsonl"
    path.write_bytes(b"\n".join(lines))
    return path


def encode(record: object) -> bytes:
    """Return the line of a record."""
    return json.dumps(record).encode()


@one_folder
@given(records=pools)
def test_every_valid_manifest_comes_back(tmp_path: Path, records: list[dict[str, object]]) -> None:
    """What a valid manifest says is what the pool holds, scene by scene, key by key."""
    pool = open_source("manifest", write(tmp_path, [encode(record) for record in records]))
    assert len(pool.scenes) == len(records)
    for scene, record in zip(pool.scenes, records, strict=True):
        assert scene.scene_id == record["scene_id"]
        assert scene.costs == {"cost": record["cost"], **record.get("costs", {})}
        assert scene.group == record.get("group")
        assert scene.regions == (tuple(record["regions"]) if "regions" in record else None)
        assert scene.external_ids == record.get("external_ids", {})
        assert scene.meta == record.get("meta", {})
        listed = [{"uri": i} if isinstance(i, str) else i for i in record.get("images", [])]
        assert [(image.uri, image.sensor, image.frame) for image in scene.images] == [
            (str(tmp_path / i["uri"]), i.get("sensor"), i.get("frame")) for i in listed
        ]
        if "pointcloud" in record:
            assert scene.pointcloud == str(tmp_path / record["pointcloud"]["uri"])


@one_folder
@given(records=pools, data=st.data())
def test_a_wrong_value_names_its_line(
    tmp_path: Path, records: list[dict[str, object]], data: st.DataObject
) -> None:
    """A wrong value under any key of any line is an error that names exactly that line."""
    index = data.draw(st.integers(0, len(records) - 1))
    key = data.draw(st.sampled_from(sorted(WRONG)))
    wrong = records[index] | {key: data.draw(st.sampled_from(WRONG[key]))}
    records[index] = wrong
    path = write(tmp_path, [encode(record) for record in records])
    with pytest.raises(SourceError) as caught:
        open_source("manifest", path)
    assert caught.value.place == f"{path}:{index + 1}"


@one_folder
@given(records=pools, data=st.data())
def test_a_missing_key_names_its_line(
    tmp_path: Path, records: list[dict[str, object]], data: st.DataObject
) -> None:
    """A line that lacks its id or every cost is an error that names exactly that line."""
    index = data.draw(st.integers(0, len(records) - 1))
    gone = data.draw(st.sampled_from([{"scene_id"}, {"cost", "costs"}]))
    records[index] = {key: value for key, value in records[index].items() if key not in gone}
    path = write(tmp_path, [encode(record) for record in records])
    with pytest.raises(SourceError) as caught:
        open_source("manifest", path)
    assert caught.value.place == f"{path}:{index + 1}"


def mutated(data: st.DataObject, original: bytes, avoid: bytes = b"") -> bytes:
    """Replace, insert or cut some bytes."""
    start = data.draw(st.integers(0, len(original)))
    end = data.draw(st.integers(start, min(start + 20, len(original))))
    middle = data.draw(st.binary(max_size=8))
    assume(not any(byte in middle for byte in avoid))
    return original[:start] + middle + original[end:]


@one_folder
@given(record=records, data=st.data())
def test_arbitrary_damage_is_read_or_named(
    tmp_path: Path, record: dict[str, object], data: st.DataObject
) -> None:
    """A damaged line is another valid scene or an error of that line, never another exception."""
    good = {"scene_id": "first of all", "cost": 1}
    path = write(tmp_path, [encode(good), mutated(data, encode(record), avoid=b"\n")])
    try:
        pool = open_source("manifest", path)
    except SourceError as error:
        assert error.place in {f"{path}:2", str(path)}  # noqa: PT017 - both outcomes are right
    else:
        assert 1 <= len(pool.scenes) <= 2


def encoded(suffix: str) -> bytes:
    """Return a small image as the bytes of a file."""
    data = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    PIL.Image.fromarray(noise).save(data, suffix)
    return data.getvalue()


@pytest.mark.parametrize("suffix", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
@one_folder
@given(data=st.data())
def test_a_damaged_image_decodes_or_says_why(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    """Damage anywhere in a file gives RGB pixels or an ImageError, never another exception."""
    path = tmp_path / "a.png"
    path.write_bytes(mutated(data, encoded(suffix)))
    try:
        image = load_rgb(str(path))
    except ImageError as error:
        assert error.reason  # noqa: PT017 - both outcomes are right
    else:
        assert image.mode == "RGB"
