"""Maps over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient


def test_a_map_shows_every_usable_scene(client: TestClient, ready: str) -> None:
    """Its columns have the scenes in the source's order, with their costs and groups."""
    answer = client.get(f"/v1/datasets/{ready}/map")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    scenes = client.get(f"/v1/datasets/{ready}/scenes").json()["items"]
    assert (shown["dataset_id"], shown["method"], shown["resource"]) == (ready, "pca", "images")
    assert shown["scene_ids"] == [scene["scene_id"] for scene in scenes]
    assert shown["costs"] == [scene["costs"]["images"] for scene in scenes]
    assert shown["groups"] == list(dict.fromkeys(scene["group"] for scene in scenes))
    named = [shown["groups"][place] for place in shown["group_of"]]
    assert named == [scene["group"] for scene in scenes]
    assert 1 >= sum(shown["explained"]) >= shown["explained"][0] >= shown["explained"][1] > 0
    for axis in ("x", "y"):
        assert len(shown[axis]) == len(scenes)
        assert all(number == float(f"{number:.5g}") for number in shown[axis])
        assert max(shown[axis]) == pytest.approx(max(map(abs, shown[axis])))


def test_a_map_may_be_kept_for_good(client: TestClient, ready: str) -> None:
    """It is immutable, and the same when it is asked for again."""
    first, again = (client.get(f"/v1/datasets/{ready}/map?method=pca") for _ in "12")
    assert first.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert first.content == again.content


def test_what_has_no_map_says_why(
    client: TestClient, ready: str, register: Callable[..., dict[str, Any]], pool: Path
) -> None:
    """Unknown datasets are 404, those that are not ready 409, unknown methods 422."""
    assert client.get("/v1/datasets/none/map").status_code == 404
    registered = register({"kind": "images", "root": str(pool)})
    early = client.get(f"/v1/datasets/{registered['dataset']['id']}/map")
    assert (early.status_code, "registered" in early.json()["detail"]) == (409, True)
    wrong = client.get(f"/v1/datasets/{ready}/map?method=guess")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "method")
