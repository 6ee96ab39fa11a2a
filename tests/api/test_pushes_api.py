"""Seeds go to a Label Studio that an operator connected, and labels come back into the ledger."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from label_studio_fake import FakeLabelStudio

from app.datasets.extraction import ExtractionOutcome
from app.pushes.running import Exchange

Register = Callable[..., dict[str, Any]]
Extract = Callable[[dict[str, Any]], ExtractionOutcome]


@pytest.fixture
def dataset(register: Register, extract: Extract, pool: Path) -> str:
    """Return a dataset of nine scenes."""
    registered = register({"kind": "images", "root": str(pool)}, name="pushed")
    assert extract(registered) is ExtractionOutcome.DONE
    return str(registered["dataset"]["id"])


def _seed(client: TestClient, dataset: str, **question: object) -> dict[str, Any]:
    body = {"budget": {"fraction": 0.4}, "objective": "seedal", **question}
    answer = client.post(f"/v1/datasets/{dataset}/seeds", json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


def _run(client: TestClient, server: FakeLabelStudio, path: str, **body: object) -> dict[str, Any]:
    """Ask for a push or a sync, do what a worker does, and return the operation."""
    answer = client.post(path, json={"connection": "main", **body})
    assert answer.status_code == 202, answer.text
    state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    exchange = Exchange(state.settings, state.sessions, transport=server.transport)
    exchange.run(answer.json()["id"])
    return dict(client.get(answer.headers["Location"]).json())


def _push(client: TestClient, server: FakeLabelStudio, seed: str, **body: object) -> dict[str, Any]:
    return _run(client, server, f"/v1/seeds/{seed}/pushes", **body)


def _sync(client: TestClient, server: FakeLabelStudio, dataset: str) -> dict[str, Any]:
    operation = _run(client, server, f"/v1/datasets/{dataset}/syncs")
    assert operation["status"] == "succeeded", operation
    return dict(operation["sync"])


def _states(client: TestClient, dataset: str) -> dict[str, str]:
    answer = client.get(f"/v1/datasets/{dataset}/labels").json()
    return {item["scene_id"]: item["state"] for item in answer["items"]}


def test_a_seed_is_in_the_queue_in_rank_order(client: TestClient, dataset: str) -> None:
    """A push makes tasks that show the images, serves them in rank order, and marks them queued."""
    server = FakeLabelStudio()
    seed = _seed(client, dataset)
    ids = [scene["scene_id"] for scene in seed["scenes"]]
    operation = _push(client, server, seed["id"])
    assert operation["status"] == "succeeded", operation
    report = operation["push"]
    assert server.queue(int(report["project"])) == ids == report["first"]
    first = server.tasks[int(report["tasks"][ids[0]])]["data"]
    assert first["images"][0].startswith("/data/local-files/?d=permitted/pool/floor_")
    assert "%20" in first["images"][0]
    assert _states(client, dataset) == dict.fromkeys(ids, "queued")
    again = _push(client, server, seed["id"])["push"]
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, len(ids))


def test_a_dry_run_leaves_no_trace(client: TestClient, dataset: str) -> None:
    """Only what would be done is said: neither the platform nor the ledger changes."""
    server = FakeLabelStudio()
    report = _push(client, server, _seed(client, dataset)["id"], dry_run=True)["push"]
    assert report["dry_run"] is True
    assert report["created"] > 0
    assert (server.tasks, _states(client, dataset)) == ({}, {})


def test_labels_come_back_and_pay_for_the_second_round(client: TestClient, dataset: str) -> None:
    """A sync hears labels, skips and deletions; the second seed keeps what is queued."""
    server = FakeLabelStudio()
    seed = _seed(client, dataset)
    report = _push(client, server, seed["id"])["push"]
    first, second, third, *_ = report["tasks"]
    tasks = {name: int(task) for name, task in report["tasks"].items()}
    server.annotate(tasks[first], seconds=4.0)
    server.annotate(tasks[second], skipped=True)
    heard = _sync(client, server, dataset)
    assert (heard["accepted"], heard["removed"], heard["labelled_count"]) == (2, 0, 1)
    states = _states(client, dataset)
    assert (states[first], states[second], states[third]) == ("labelled", "skipped", "queued")
    again = _sync(client, server, dataset)
    assert (again["accepted"], again["version"]) == (0, heard["version"])
    question = {
        "budget": {"fraction": 0.6, "includes_labelled": True},
        "constraints": {"labelled_from": "ledger", "keep_queued": True},
    }
    later = _seed(client, dataset, **question)
    ids = {scene["scene_id"] for scene in later["scenes"]}
    assert later["constraints"]["labelled"] == [first]
    assert first not in ids
    assert third in ids
    del server.tasks[tasks[third]]
    assert _sync(client, server, dataset)["removed"] == 1
    assert _states(client, dataset)[third] == "removed"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx2.Response(401, json={"detail": "Invalid token."}), "does not accept the token"),
        (httpx2.Response(404, text="<html>"), "with 404."),
    ],
)
def test_a_platform_that_fails_ends_the_operation(
    client: TestClient, dataset: str, answer: httpx2.Response, sentence: str
) -> None:
    """The operation says in a sentence why nothing was sent, and nothing is marked."""
    server = FakeLabelStudio(canned=[answer, answer])
    operation = _push(client, server, _seed(client, dataset)["id"])
    assert operation["status"] == "failed"
    assert sentence in operation["error"]["detail"]
    assert operation["push"] is None
    assert _states(client, dataset) == {}


def test_connections_are_the_operators(client: TestClient, dataset: str) -> None:
    """Callers see names alone, and those of another project not even these."""
    items = client.get("/v1/connections").json()["items"]
    assert items == [{"name": "main", "kind": "label_studio", "project": "new:Rooms"}]
    for name in ("others", "nowhere"):
        answer = client.post(f"/v1/datasets/{dataset}/syncs", json={"connection": name})
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"There is no connection {name!r}."


def test_the_seed_of_a_dataset_that_is_gone(client: TestClient, dataset: str) -> None:
    """A seed that went with its dataset is not pushed."""
    seed = _seed(client, dataset)["id"]
    assert client.delete(f"/v1/datasets/{dataset}").status_code == 204
    answer = client.post(f"/v1/seeds/{seed}/pushes", json={"connection": "main"})
    assert answer.status_code == 404
