"""Files and bodies that were made to do harm, over HTTP: a sentence each, and the service lives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from fastapi.testclient import TestClient

CASES = Path(__file__).resolve().parents[1] / "cases"
SCENES = [{"scene_id": f"s{number}", "cost": 1} for number in range(6)]

Register = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("name", "kind", "rule"),
    [
        ("vectors_abort_1.parquet", "vnd.apache.parquet", "its reader crashed on it"),
        ("vectors_abort_2.parquet", "vnd.apache.parquet", "its reader crashed on it"),
        ("vectors_damaged_1.npz", "x-npz", "is neither stored nor deflated"),
    ],
)
def test_uploaded_vectors_that_crash_their_reader_are_refused(
    client: TestClient, register: Register, name: str, kind: str, rule: str
) -> None:
    """The upload is 422 and names no place of the server; the next upload is taken."""
    made = register({"kind": "inline", "scenes": SCENES}, features={"backbone": "precomputed"})
    path = f"/v1/datasets/{made['dataset']['id']}/vectors"
    content = (CASES / name).read_bytes()
    answer = client.put(path, content=content, headers={"Content-Type": f"application/{kind}"})
    assert answer.status_code == 422, answer.text
    assert rule in answer.json()["detail"]
    assert answer.json()["detail"].startswith("vectors: ")


@pytest.mark.parametrize(
    ("scenes", "rule"),
    [
        ([{"scene_id": f"s{n}", "cost": 1} for n in range(10_001)], "10000 items"),
        (
            [{"scene_id": f"s{n}", "cost": 1, "images": ["/a"] * 10_001} for n in range(10)],
            "must have at most 100,000 images",
        ),
        ([{"scene_id": "s" * 1025, "cost": 1}], "scene_id must have at most 1,024 bytes"),
        ([{"scene_id": "s", "cost": 1, "group": "g" * 1025}], "group must have at most 1,024"),
        ([{"scene_id": "s", "cost": 1, "images": ["/" * 8193]}], "at most 8,192 bytes"),
        ([{"scene_id": "s", "cost": 2**53 + 1}], "has more digits than are kept"),
    ],
)
def test_inline_scenes_have_limits(
    client: TestClient, scenes: list[dict[str, Any]], rule: str
) -> None:
    """What a manifest may not have, a body may not have; and it may have fewer scenes."""
    source = {"kind": "inline", "scenes": scenes}
    answer = client.post("/v1/datasets", json={"name": "n", "source": source})
    assert answer.status_code == 422, answer.text
    assert rule in answer.text


def test_a_body_of_too_many_values_is_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small values by the million would take gigabytes; the body is not even parsed."""
    monkeypatch.setattr("app.http.strict.MAX_BODY_VALUES", 1000)
    body = b'{"source": {"kind": "inline", "scenes": [' + b"0," * 1001 + b"0]}}"
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/datasets", content=body, headers=headers)
    assert answer.status_code == 400
    assert "more than 1,000 values" in answer.json()["detail"]


def test_a_number_that_would_become_0_is_refused(client: TestClient) -> None:
    """The body is as strict as a manifest."""
    body = b'{"source": {"kind": "inline", "scenes": [{"scene_id": "s", "cost": 1e-400}]}}'
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/datasets", content=body, headers=headers)
    assert "1e-400 is too small to be told from 0" in answer.json()["detail"]


def test_a_thumbnail_of_a_bomb_is_not_made(
    client: TestClient, register: Register, pool: Path
) -> None:
    """A picture of 200 megapixels in a small file is not decoded; the next scene is shown."""
    bomb = pool / "bomb.png"
    PIL.Image.new("L", (14_000, 14_000)).save(bomb, compress_level=9)
    scenes = [{"scene_id": "a", "cost": 1, "images": [f"file://{bomb}"]}]
    made = register({"kind": "inline", "scenes": scenes})
    path = f"/v1/datasets/{made['dataset']['id']}/scenes/a/thumbnail"
    assert client.get(path).status_code == 404
