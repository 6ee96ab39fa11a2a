"""Errors over HTTP: always a problem document, never a trace."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from app.datasets.service import Datasets

JSON = {"Content-Type": "application/json"}


def _assert_problem(answer: Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    return problem


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not valid JSON"),
        (b'{"name": NaN}', "NaN is no JSON number"),
        (b'{"name": -Infinity}', "-Infinity is no JSON number"),
        (b'{"name": 1e400}', "1e400 is too large"),
        (b'{"name": "\\ud800"}', "not Unicode"),
        (b'{"name": "\xff"}', "not Unicode"),
        (b"[" * 100_000, "nested too deeply"),
        (b"9" * 5_000, "too many digits"),
    ],
)
def test_a_body_that_is_not_json_is_malformed(client: TestClient, body: bytes, words: str) -> None:
    """What JSON, a double or Unicode cannot hold is a 400 that says so."""
    answer = client.post("/v1/datasets", content=body, headers=JSON)
    problem = _assert_problem(answer, 400)
    assert words in problem["detail"]
    assert problem["type"] == "urn:seedal:problem:malformed-request"


def test_half_a_pair_is_refused_and_a_pair_is_not(client: TestClient) -> None:
    """A character written as two escapes is a character."""
    body = b'{"name": "\\ud83c\\udfe0", "source": {}}'
    problem = _assert_problem(client.post("/v1/datasets", content=body, headers=JSON), 422)
    assert problem["errors"][0]["pointer"] == "#/source"


def test_a_body_beyond_the_limit_is_not_read(client: TestClient) -> None:
    """More than the limit is a 413 that names it."""
    answer = client.post("/v1/datasets", content=b" " * (2**20 + 1), headers=JSON)
    assert "1 MiB" in _assert_problem(answer, 413)["detail"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
        ("application/jsonp", 415),
        ("Application/JSON; charset=utf-8", 422),
        ("application/merge-patch+json", 422),
    ],
)
def test_a_body_of_another_type_is_refused(client: TestClient, kind: str, status: int) -> None:
    """What does not say that it is JSON is not read as JSON."""
    answer = client.post("/v1/datasets", content=b"{}", headers={"Content-Type": kind})
    problem = _assert_problem(answer, status)
    assert ("application/json" in problem["detail"]) == (status == 415)


def test_an_unknown_path_is_a_problem(client: TestClient) -> None:
    """The framework's own 404 is a problem document, too."""
    assert _assert_problem(client.get("/v2"), 404)["type"] == "about:blank"


def test_a_wrong_method_keeps_allow(client: TestClient) -> None:
    """405 tells which methods there are."""
    answer = client.put("/v1/datasets")
    _assert_problem(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_an_id_that_no_database_can_hold_is_refused(client: TestClient) -> None:
    """Control characters in a path are a 422, not a crash of the database driver."""
    _assert_problem(client.get("/v1/datasets/a%00b"), 422)


def test_the_unexpected_is_told_without_a_trace(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody thought of is a 500 with a request id and nothing of its reason."""

    def fail(*_: object) -> None:
        message = "secret reason"
        raise RuntimeError(message)

    monkeypatch.setattr(Datasets, "page", fail)
    answer = client.get("/v1/datasets")
    _assert_problem(answer, 500)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_a_request_keeps_the_id_that_it_came_with(client: TestClient) -> None:
    """A sound X-Request-ID is kept; anything else is replaced."""
    assert (
        client.get("/livez", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    )
    replaced = client.get("/livez", headers={"X-Request-ID": "a b\tc"}).headers["X-Request-ID"]
    assert len(replaced) == 32


def test_health_is_told(client: TestClient) -> None:
    """A process that works is alive and ready."""
    assert client.get("/livez").json()["status"] == "ok"
    assert client.get("/readyz").json()["checks"] == ["database", "data directory"]


def test_a_data_directory_that_is_gone_is_not_ready(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its folder the process is alive and not ready: 503, and when to ask again."""
    settings = app.state.app_state.settings
    gone = settings.model_copy(update={"data_dir": settings.data_dir / "gone"})
    monkeypatch.setattr(app.state.app_state, "settings", gone)
    answer = client.get("/readyz")
    assert "data directory" in _assert_problem(answer, 503)["detail"]
    assert answer.headers["Retry-After"] == "1"
    assert client.get("/livez").status_code == 200


def test_a_database_that_is_gone_is_not_ready(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that cannot be reached is a 503, not a 500."""
    nowhere = sessionmaker(create_engine("sqlite:////nowhere/at/all.sqlite"))
    monkeypatch.setattr(app.state.app_state, "sessions", nowhere)
    assert "database" in _assert_problem(client.get("/readyz"), 503)["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"name": "a", "source": {"kind": "a", "kind": "b"}}', "the member 'kind' twice"),
        (b"{" + b",".join(b'"k%d":1' % k for k in range(10_001)) + b"}", "10,000 members"),
    ],
)
def test_an_object_is_no_heap_of_members(client: TestClient, body: bytes, words: str) -> None:
    """A member that is given twice is not guessed at, and ten thousand unknown ones not listed."""
    problem = _assert_problem(client.post("/v1/datasets", content=body, headers=JSON), 400)
    assert words in problem["detail"]


def test_a_list_that_is_wrong_everywhere_is_told_of_one_place(
    client: TestClient, ready: str
) -> None:
    """A list of a hundred thousand mistakes costs no more than its first."""
    body = {"budget": {"limit": 10}, "constraints": {"exclude": [0] * 100_000}}
    problem = _assert_problem(client.post(f"/v1/datasets/{ready}/seeds", json=body), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["#/constraints/exclude/0"]
    scenes = [{"scene_id": 0}] * 10_000
    body = {"name": "wrong", "source": {"kind": "inline", "scenes": scenes}}
    problem = _assert_problem(client.post("/v1/datasets", json=body), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["#/source/scenes/0/scene_id"]


def test_a_pointer_names_no_type_of_the_program(client: TestClient, ready: str) -> None:
    """Where a member may be of several kinds, the pointer leads to the member."""
    body = {"budgets": {"from": 0.1, "to": 0.2, "steps": 1}}
    problem = _assert_problem(client.post(f"/v1/datasets/{ready}/frontiers", json=body), 422)
    assert {error["pointer"] for error in problem["errors"]} == {"#/budgets", "#/budgets/steps"}


def test_a_body_that_breaks_off_is_no_fault_of_the_server(app: FastAPI, ready: str) -> None:
    """A caller who hangs up in the middle of a body is a 400 in log and metrics, not a 500."""
    messages = [
        {"type": "http.request", "body": b'{"budget"', "more_body": True},
        {"type": "http.disconnect"},
    ]
    for method, path in (("POST", f"/v1/datasets/{ready}/seeds"), ("POST", "/v1/datasets")):
        assert _told(app, method, path, list(messages)) == 400


def _told(app: FastAPI, method: str, path: str, messages: list[dict[str, Any]]) -> int:
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "server": ("test", 80),
        "client": ("test", 1),
        "state": {},
    }
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    status: int = sent[0]["status"]
    return status
