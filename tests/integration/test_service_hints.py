"""Hints over HTTP, on the service as a user runs it: uploaded once, looked at once, then taught."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hint_world import RARE, as_coco, draw_world, zipped
from serving import eventually, free_port, serving

from app.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

ZIP = {"Content-Type": "application/zip"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a pool and a hint."""
    return draw_world(tmp_path_factory.mktemp("hints"))


@pytest.fixture(scope="module")
def http(world: Path) -> Iterator[httpx2.Client]:
    """Return a client of a running server."""
    settings = Settings(data_dir=world / "data", port=free_port(), file_roots=(world,))
    with serving(settings) as client:
        yield client


@pytest.fixture(scope="module")
def dataset_id(http: httpx2.Client, world: Path) -> str:
    """Return the pool as a dataset that is ready."""
    body = {
        "name": "pool",
        "source": {"kind": "images", "root": str(world / "pool")},
        "features": {"backbone": "colour_grid"},
    }
    name: str = http.post("/v1/datasets", json=body).json()["dataset"]["id"]
    url = f"/v1/datasets/{name}"
    eventually(lambda: http.get(url).json()["status"] == "ready", "it does not become ready")
    return name


def _upload(http: httpx2.Client, path: Path) -> dict[str, Any]:
    answer = http.post("/v1/hints", content=path.read_bytes(), headers=ZIP)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _ask(http: httpx2.Client, dataset_id: str, **more: object) -> httpx2.Response:
    body = {"budget": {"fraction": 0.25}, "time_limit_s": 5, **more}
    url, prefer = f"/v1/datasets/{dataset_id}/seeds", {"Prefer": "wait=60"}
    return http.post(url, json=body, headers=prefer, timeout=120)


def test_a_hint_over_http_brings_in_what_it_shows(
    http: httpx2.Client, dataset_id: str, world: Path
) -> None:
    """An upload says what it shows; its seed has the small red thing, and says which hint led."""
    hint = _upload(http, zipped(world / "hint"))
    assert hint["images"] == 4
    assert [(one["value"], one["images"]) for one in hint["classes"]] == [(0, 4), (1, 4)]
    answer = _ask(http, dataset_id, hint={"uri": hint["uri"]})
    assert answer.status_code == 201, answer.text
    seed = answer.json()
    assert {scene["scene_id"] for scene in seed["scenes"]} & {f"s{scene:02}" for scene in RARE}
    assert seed["hint"] == {"uri": hint["uri"], "ignore": []}
    assert seed["recommendation"]["expected"] is None
    again = _ask(http, dataset_id, hint={"uri": hint["uri"]}).json()
    assert again["id"] == seed["id"]
    assert _ask(http, dataset_id).json()["id"] != seed["id"]
    proof = http.get(f"/v1/seeds/{seed['id']}/certificate", timeout=120)
    assert proof.status_code == 200, proof.text


def test_annotations_of_coco_are_a_hint_too(
    http: httpx2.Client, dataset_id: str, world: Path
) -> None:
    """Classes have the categories' names."""
    hint = _upload(http, zipped(as_coco(world / "hint")))
    assert [one["name"] for one in hint["classes"]] == ["background", "red thing"]
    first = _ask(http, dataset_id, hint={"uri": hint["uri"]})
    assert first.status_code == 201, first.text
    # What a worker has looked at once is there for every further budget, in the request itself.
    other = http.post(
        f"/v1/datasets/{dataset_id}/seeds",
        json={"budget": {"fraction": 0.5}, "hint": {"uri": hint["uri"]}, "time_limit_s": 2},
        timeout=60,
    )
    assert other.status_code == 201, other.text


def test_hints_that_are_none_are_refused(http: httpx2.Client, dataset_id: str, world: Path) -> None:
    """Each with one sentence that names the place."""
    folder = world / "none"
    (folder / "images").mkdir(parents=True)
    empty = http.post("/v1/hints", content=zipped(folder).read_bytes(), headers=ZIP)
    assert (empty.status_code, "has no image with a label PNG" in empty.text) == (422, True)
    broken = http.post("/v1/hints", content=b"PK and nothing", headers=ZIP)
    assert (broken.status_code, "hint.zip: is no ZIP archive" in broken.text) == (422, True)
    other = http.post("/v1/hints", content=b"PK", headers={"Content-Type": "text/plain"})
    assert other.status_code == 415
    hint = {"uri": _upload(http, zipped(world / "hint"))["uri"]}
    unknown = _ask(http, dataset_id, hint={"uri": f"upload:{64 * '0'}.zip"})
    assert (unknown.status_code, "POST /v1/hints gives out" in unknown.text) == (422, True)
    for_one = _ask(http, dataset_id, hint=hint, objective="coverage")
    assert (for_one.status_code, "not for coverage" in for_one.text) == (422, True)
    single = _ask(http, dataset_id, hint={**hint, "ignore": [1]})
    assert single.status_code == 202, single.text
    operation = http.get(single.headers["Location"]).json()
    assert operation["status"] == "failed"
    assert "hint.zip: its labels show a single class (0)" in operation["error"]["detail"]
