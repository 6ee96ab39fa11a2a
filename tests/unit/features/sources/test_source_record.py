from pathlib import Path

import pytest

from features.errors import SourceError
from features.sources import build_pool, parse_scene


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
