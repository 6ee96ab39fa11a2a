"""Conventions that every call keeps: validators, idempotency, preferences, pages, limits."""

import asyncio
import base64
import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import BoundedSemaphore
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from structlog.testing import capture_logs

from app.datasets.service import Datasets
from app.errors import InvalidRequestError
from app.http.parameters import Preference
from app.main import _show
from app.metrics import Metrics
from app.seeds import questions
from app.store import paging
from app.store.sessions import open_sessions
from app.store.tables import OperationRow

BUDGET = {"budget": {"fraction": 0.4}}


def test_what_the_client_has_is_not_sent_again(client: TestClient, ready: str) -> None:
    """A GET with the ETag it gave, among others, weak or as a star, is answered 304."""
    seed = client.post(f"/v1/datasets/{ready}/seeds", json=BUDGET).json()
    for path in (f"/v1/datasets/{ready}", f"/v1/seeds/{seed['id']}", "/v1/datasets"):
        first = client.get(path)
        tag = first.headers["ETag"]
        for condition in (tag, f'"other", W/{tag}', "*"):
            again = client.get(path, headers={"If-None-Match": condition})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
            assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
            assert "Content-Type" not in again.headers
        assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_a_star_is_a_star_alone(client: TestClient, ready: str) -> None:
    """A foreign tag may hold commas and stars; conditions may come on several lines."""
    path = f"/v1/datasets/{ready}"
    assert client.get(path, headers={"If-None-Match": '"a, *, b"'}).status_code == 200
    tag = client.get(path).headers["ETag"]
    lines = [("If-None-Match", '"a,b"'), ("If-None-Match", tag)]
    assert client.get(path, headers=lines).status_code == 304


def test_what_has_not_changed_says_when_to_ask_again(
    client: TestClient, register: Callable[..., dict[str, Any]]
) -> None:
    """A 304 of an operation that has not ended carries Retry-After, as its 200 does."""
    source = {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}]}
    registered = register(source, features={"backbone": "precomputed"})
    path = f"/v1/operations/{registered['operation']['id']}"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.headers["Retry-After"]) == (304, "1")


def test_results_may_be_kept_for_good_and_all_else_is_asked_for_again(
    client: TestClient, ready: str
) -> None:
    """Seeds are immutable; what can change says so; no shared cache keeps either."""
    seed = client.post(f"/v1/datasets/{ready}/seeds", json=BUDGET).json()
    kept = client.get(f"/v1/seeds/{seed['id']}").headers["Cache-Control"]
    assert kept == "private, max-age=31536000, immutable"
    assert client.get(f"/v1/datasets/{ready}").headers["Cache-Control"] == "private, no-cache"
    assert "ETag" not in client.get("/v1/datasets/none").headers


def test_the_same_key_registers_once(client: TestClient) -> None:
    """A registration that is sent again with its key is answered as before; nothing is doubled."""
    body = {
        "name": "once",
        "source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}]},
        "features": {"backbone": "colour_grid"},
    }
    headers = {"Idempotency-Key": '"a quoted key"'}
    before = len(client.get("/v1/datasets?page_size=1000").json()["items"])
    first = client.post("/v1/datasets", json=body, headers=headers)
    again = client.post("/v1/datasets", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(client.get("/v1/datasets?page_size=1000").json()["items"]) == before + 1


def test_a_key_belongs_to_one_request(client: TestClient, ready: str) -> None:
    """The same key with another body is a 422; on another path it is another key."""
    headers = {"Idempotency-Key": "bare-key"}
    path = f"/v1/datasets/{ready}/seeds"
    assert client.post(path, json=BUDGET, headers=headers).status_code == 201
    other = client.post(path, json={"budget": {"fraction": 0.6}}, headers=headers)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:seedal:problem:idempotency-key-reused"
    frontier = {"budgets": [{"fraction": 0.5}]}
    path = f"/v1/datasets/{ready}/frontiers"
    assert client.post(path, json=frontier, headers=headers).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9".encode().decode("latin-1"), 'a"b'])
def test_a_key_that_is_none_is_refused(client: TestClient, ready: str, key: str) -> None:
    """A key is a string of at most 255 printable characters; nothing is done under another."""
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = client.post(f"/v1/datasets/{ready}/seeds", json=BUDGET, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "Idempotency-Key")


def test_what_was_refused_may_be_tried_again(client: TestClient, ready: str) -> None:
    """A refusal is not remembered: the same key works once the request can be carried out."""
    headers = {"Idempotency-Key": "later"}
    body = {"budget": {"limit": 0.5}}
    path = f"/v1/datasets/{ready}/seeds"
    assert client.post(path, json=body, headers=headers).status_code == 422
    assert client.post(path, json=BUDGET, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, Preference()),
        ("respond-async", Preference(respond_async=True)),
        ("Respond-Async, wait=5", Preference(respond_async=True, wait_s=5)),
        ('handling=lenient, wait = "7" ; x=1, respond-async', Preference(True, 7)),
        ("wait=-1, wait=abc, wait=1e9", Preference()),
        ("wait=99999999999999999999", Preference(wait_s=86_400)),
    ],
)
def test_preferences_are_read_leniently(header: str | None, expected: Preference) -> None:
    """What RFC 7240 allows is understood; what makes no sense is ignored."""
    assert Preference.parse(header) == expected


def test_pages_link_to_the_next(client: TestClient, ready: str) -> None:
    """The Link header leads through the whole list."""
    path, found = f"/v1/datasets/{ready}/scenes?page_size=4", []
    while path:
        page = client.get(path)
        found += [scene["scene_id"] for scene in page.json()["items"]]
        link = page.headers.get("Link", "")
        path = link.partition(">")[0].removeprefix("<")
        assert not link or link.endswith('; rel="next"')
    whole = client.get(f"/v1/datasets/{ready}/scenes").json()["items"]
    assert found == [scene["scene_id"] for scene in whole]


def test_seeds_are_listed_without_their_scenes(client: TestClient, ready: str) -> None:
    """A dataset's seeds are listed, newest first, page by page."""
    made = [
        client.post(f"/v1/datasets/{ready}/seeds", json={"budget": {"limit": 9.5 + k}}).json()
        for k in range(3)
    ]
    page = client.get(f"/v1/datasets/{ready}/seeds?page_size=2").json()
    assert [seed["id"] for seed in page["items"]] == [made[2]["id"], made[1]["id"]]
    first = page["items"][0]
    assert first["scene_count"] == len(made[2]["scenes"])
    assert {name: first[name] for name in ("status", "gap", "budget", "total_cost")} == {
        name: made[2][name] for name in ("status", "gap", "budget", "total_cost")
    }
    token = page["next_page_token"]
    rest = client.get(f"/v1/datasets/{ready}/seeds?page_size=1000&page_token={token}").json()
    assert made[0]["id"] in [seed["id"] for seed in rest["items"]]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(content=_JSON | st.tuples(st.just("list"), _JSON))
def test_a_forged_token_is_refused_or_a_key(content: object) -> None:
    """Whatever a token holds, it names a key of the right kind or is refused."""
    token = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    for decode, kind in ((paging.decode_name, str), (paging.decode_number, int)):
        with suppress(InvalidRequestError):
            assert type(decode("list", token)) is kind


@pytest.mark.parametrize("token", ["x", "\u00e9", "[" * 4000, "AAAA", "bnVsbA"])
def test_a_token_that_is_none_is_refused(client: TestClient, token: str) -> None:
    """Other strings are a 422 too."""
    answer = client.get("/v1/datasets", params={"page_token": token})
    assert answer.status_code == 422


def test_compressed_bodies_are_not_read(client: TestClient) -> None:
    """A body that would grow when it is read is a 415."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = client.post("/v1/datasets", content=b"\x1f\x8b", headers=headers)
    assert answer.status_code == 415


def test_a_body_that_says_it_is_too_long_is_not_read(client: TestClient) -> None:
    """Content-Length alone is enough to refuse."""
    headers = {"Content-Length": str(2**31), "Content-Type": "application/json"}
    assert client.post("/v1/datasets", content=b"{}", headers=headers).status_code == 413


def test_metrics_count_requests_by_route(client: TestClient, ready: str) -> None:
    """Routes are labels, ids are not; solves and operations are counted."""
    client.post(f"/v1/datasets/{ready}/seeds", json=BUDGET)
    client.post(f"/v1/datasets/{ready}/seeds", json=BUDGET)
    client.get("/nowhere/at/all")
    text = client.get("/metrics").text
    assert ready not in text
    assert "nowhere" not in text
    assert 'route="unmatched"' in text
    assert 'route="/v1/datasets/{dataset_id}/seeds",status="201"' in text
    assert 'seedal_solves_total{source="stored",status="' in text
    assert 'seedal_operations{kind="extraction",status="succeeded"}' in text
    assert "seedal_solve_processes_busy 0.0" in text


def test_what_broke_is_counted_and_logged_as_such(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error is a 500 in the metrics and in the log, under its route."""
    monkeypatch.setattr(Datasets, "page", lambda *_: 1 / 0)
    with capture_logs() as logs:
        assert client.get("/v1/datasets").status_code == 500
    line = next(line for line in logs if line["event"] == "request")
    assert (line["status"], line["route"]) == (500, "/v1/datasets")
    text = client.get("/metrics").text
    assert 'method="GET",route="/v1/datasets",status="500"' in text
    assert 'status="0"' not in text


def test_metrics_do_without_a_database(app: FastAPI) -> None:
    """When the database is gone, everything else is shown."""
    metrics = Metrics("1.2")
    gone = open_sessions(create_engine("sqlite:////nowhere/at/all.sqlite"))
    _show(metrics, app.state.app_state.pool, gone)
    text = metrics.text().decode()
    assert 'version="1.2"' in text
    assert "seedal_solve_processes_busy 0.0" in text
    assert "seedal_operations{" not in text


def test_what_is_looked_up_is_believed_for_a_moment() -> None:
    """Reading metrics again at once asks no database."""
    asked: list[int] = []

    def rows() -> dict[tuple[str, ...], float]:
        asked.append(1)
        return {("a",): 7}

    metrics = Metrics("1")
    metrics.table("seedal_things", "Things.", ("kind",), rows)
    texts = {b'seedal_things{kind="a"} 7.0' in metrics.text() for _ in range(3)}
    assert (texts, len(asked)) == ({True}, 1)


def test_a_solve_without_a_bound_leaves_the_gaps_finite() -> None:
    """It has no gap; the sum of all gaps stays a number."""
    metrics = Metrics("1")
    metrics.solved("feasible", 1.0, math.inf)
    metrics.solved("feasible", 1.0, 0.25)
    text = metrics.text().decode()
    assert "seedal_solver_gap_ratio_sum 0.25" in text
    assert 'seedal_solves_total{source="new",status="feasible"} 2.0' in text


def test_a_slow_body_is_given_up(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not arrive in time is a 408, and holds no thread until then."""
    app_state = app.state.app_state
    hasty = app_state.settings.model_copy(update={"body_timeout_s": 0.01})
    monkeypatch.setattr(app_state, "settings", hasty)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(3600)
        return {}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/datasets", "raw_path": b"/v1/datasets",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "http_version": "1.1", "scheme": "http", "server": ("x", 80), "client": ("y", 1),
        "root_path": "", "app": app, "state": {},
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408


def test_a_key_hands_one_operation_to_the_workers(client: TestClient, ready: str) -> None:
    """Of requests with one key, made while each waits for its operation, one does the work."""
    headers = {"Idempotency-Key": "patient", "Prefer": "respond-async, wait=1"}
    path, body = f"/v1/datasets/{ready}/seeds", {"budget": {"fraction": 0.61}}

    def ask(_: int) -> Response:
        return client.post(path, json=body, headers=headers)

    before = _solves(client, ready)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(4)))
    assert {answer.status_code for answer in answers} == {202}
    (location,) = {answer.headers["Location"] for answer in answers}
    assert _solves(client, ready) == before + 1
    assert client.post(f"{location}:cancel").status_code == 200


def test_waiting_leaves_room_for_others(
    client: TestClient, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where too many wait already, a caller gets the operation at once; places are given back."""
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    waits = BoundedSemaphore(1)
    monkeypatch.setattr(app_state, "waits", waits)
    path, headers = f"/v1/datasets/{ready}/seeds", {"Prefer": "respond-async, wait=1"}
    for fraction in (0.62, 0.63):
        answer = client.post(path, json={"budget": {"fraction": fraction}}, headers=headers)
        assert answer.status_code == 202
    assert waits.acquire(blocking=False)
    with monkeypatch.context() as patch:
        patch.setattr(questions, "_LOOK_S", 3600)  # whoever waits never comes back
        answer = client.post(path, json={"budget": {"fraction": 0.64}}, headers=headers)
    assert answer.status_code == 202


def _solves(client: TestClient, dataset_id: str) -> int:
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    with app_state.sessions() as session:
        found: int = session.query(OperationRow).filter_by(dataset_id=dataset_id).count()
    return found
