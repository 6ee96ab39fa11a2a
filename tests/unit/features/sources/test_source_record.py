from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from features.errors import SourceError
from features.sources import build_pool, parse_scene
from features.sources.record import SCENE_KEYS, SceneRecord


def test_records_of_a_request_obey_the_same_rules() -> None:
    """Scenes that arrive as a list become a pool through the same two functions."""
    records: list[object] = [{"scene_id": "a", "cost": 2, "images": ["x.png"]}]
    pool = build_pool(
        "inline",
        "scenes",
        (
            (f"scenes[{i}]", parse_scene(r, f"scenes[{i}]", Path("/base")))
            for i, r in enumerate(records)
        ),
        resource=None,
        cost_origin="the request",
    )
    assert pool.scenes[0].images[0].uri == "/base/x.png"
    with pytest.raises(SourceError, match=r"^scenes\[1\]: cost must be a number"):
        parse_scene({"scene_id": "b", "cost": {}}, "scenes[1]", Path("/base"))


def test_what_json_could_not_hold_is_named_by_its_type() -> None:
    """A value that no JSON holds is refused like any other wrong type, not passed on."""
    with pytest.raises(SourceError, match="meta cannot be written as JSON"):
        parse_scene({"scene_id": "b", "cost": 1, "meta": {"a": object()}}, "scenes[0]", Path())
    with pytest.raises(SourceError, match="scene_id must be a string, not a tuple"):
        parse_scene({"scene_id": (), "cost": 1}, "scenes[0]", Path())


def test_a_record_that_was_checked_is_read_as_it_is() -> None:
    """A request's scene has the types of a manifest's line afterwards, and only its own keys."""
    record = {
        "scene_id": "a",
        "cost": 2,
        "images": ["x.png", {"uri": "y.png", "frame": 3}],
        "regions": [1, 2],
        "pointcloud": {"uri": "a.ply"},
        "meta": {"floor": [1, None]},
    }
    checked = TypeAdapter(SceneRecord).validate_python(record)
    assert checked == record
    assert set(record) < SCENE_KEYS
    scene = parse_scene(checked, "scenes[0]", Path("/base"))
    assert scene == parse_scene(record, "scenes[0]", Path("/base"))
    assert [image.frame for image in scene.images] == [None, 3]


@pytest.mark.parametrize("change", [{"cost": "1"}, {"regions": [True]}, {"note": 1}])
def test_a_record_of_other_types_is_no_scene_record(change: dict[str, object]) -> None:
    """Numbers are not read from text, booleans are no numbers, and other keys are refused."""
    with pytest.raises(ValidationError):
        TypeAdapter(SceneRecord).validate_python({"scene_id": "a", "cost": 1, **change})
