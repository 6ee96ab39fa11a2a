"""Point clouds of scenes over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

Show = Callable[..., Response]


@pytest.fixture(scope="module")
def show(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    pool: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Show:
    """Register scenes with clouds, good and bad, and return a function that asks for one."""
    folder = pool.parent / "clouds"
    folder.mkdir()
    rng = np.random.default_rng(2)
    rows = rng.normal(0, 9, (3000, 4)).astype("<f4")
    rows[7] = np.nan
    (folder / "scan.bin").write_bytes(rows.tobytes())
    (folder / "cut.bin").write_bytes(b"\0" * 30)
    (folder / "room.xyz").write_text("1 2.00049 -0.0001 255 0 16\n" * 5)
    outside = tmp_path_factory.mktemp("outside") / "far.bin"
    outside.write_bytes(b"\0" * 16)
    names = {
        "scan": folder / "scan.bin",
        "cut": folder / "cut.bin",
        "room": folder / "room.xyz",
        "gone": folder / "gone.ply",
        "far": outside,
        "cloud": "s3://bucket/scan.bin",
    }
    scenes: list[dict[str, object]] = [
        {"scene_id": name, "cost": 1, "pointcloud": {"uri": str(uri)}}
        for name, uri in names.items()
    ]
    scenes.append({"scene_id": "bare", "cost": 1})
    registered = register({"kind": "inline", "scenes": scenes})
    path = f"/v1/datasets/{registered['dataset']['id']}/scenes"

    def get(name: str, **params: object) -> Response:
        return client.get(f"{path}/{name}/pointcloud", params=params)

    return get


def test_a_cloud_comes_column_by_column(show: Show) -> None:
    """Coordinates are in millimetres, colours in hexadecimal; what is not there is null."""
    answer = show("room")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "private, max-age=300"
    assert answer.json() == {
        "scene_id": "room",
        "total": 5,
        "x": [1.0] * 5,
        "y": [2.0] * 5,
        "z": [0.0] * 5,
        "colors": ["#ff0010"] * 5,
        "intensity": None,
    }


def test_a_cloud_is_thinned_to_what_is_asked_for(show: Show) -> None:
    """So many points at most, the same ones every time; the total is the file's."""
    for wanted, there in ((1, 1), (100, 100), (100_000, 2999)):
        cloud = show("scan", points=wanted).json()
        assert cloud["total"] == 3000
        assert {len(cloud[name]) for name in ("x", "y", "z", "intensity")} == {there}
        assert cloud == show("scan", points=wanted).json()
    for wrong in (0, 100_001):
        assert show("scan", points=wrong).status_code == 422


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("bare", 404, "There is no point cloud of scene 'bare'."),
        ("gone", 404, "There is no point cloud of scene 'gone'."),
        ("none", 404, "There is no scene 'none'."),
        ("cut", 422, "The point cloud of scene 'cut' has 30 bytes, not a positive multiple of 16."),
        ("far", 422, "SEEDAL_FILE_ROOTS"),
        ("cloud", 422, "SEEDAL_URL_ROOTS"),
    ],
)
def test_a_cloud_that_cannot_be_shown_says_why(
    show: Show, name: str, status: int, words: str
) -> None:
    """What is not there is a 404; what is broken, or may not be read, is a 422 with its rule."""
    answer = show(name)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
