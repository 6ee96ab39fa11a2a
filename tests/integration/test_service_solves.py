"""Solves that outlast their requests, on the service as a user runs it."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from planted import plant
from service import opened, worker
from serving import eventually, free_port, serving

from app.operations.wire import OperationStatus
from app.seeds.questions import new_solve
from app.seeds.wire import SeedRequest
from app.settings import Settings
from app.store.tables import SeedRow

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

EASY = {"budget": {"fraction": 0.1}}
ENDLESS = {"budget": {"fraction": 0.3}, "objective": "spread", "time_limit_s": 90}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings of a server with one solve process and no room to wait."""
    return Settings(
        data_dir=tmp_path_factory.mktemp("solves"),
        port=free_port(),
        solve_processes=1,
        solve_queue=1,
        max_wait_s=100,
    )


@pytest.fixture(scope="module")
def dataset_id(settings: Settings) -> str:
    """Return a dataset that is ready."""
    return plant(settings, 400)


@pytest.fixture(scope="module")
def http(settings: Settings, dataset_id: str) -> Iterator[httpx2.Client]:
    """Return a client of a running server."""
    assert dataset_id
    with serving(settings) as client:
        yield client


def _post(
    http: httpx2.Client, dataset_id: str, body: dict[str, Any], prefer: str | None
) -> httpx2.Response:
    headers = {} if prefer is None else {"Prefer": prefer}
    return http.post(f"/v1/datasets/{dataset_id}/seeds", json=body, headers=headers, timeout=120)


def _events(http: httpx2.Client, path: str, **headers: str) -> list[dict[str, Any]]:
    """Return the events of an operation up to its end."""
    found: list[dict[str, Any]] = []
    event: dict[str, Any] = {}
    with http.stream("GET", f"{path}/events", headers=headers, timeout=60) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Cache-Control"] == "no-store"
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if name == "data":
                event["data"] = json.loads(value)
            elif name in {"id", "event"}:
                event[name] = value
            elif not line and event:
                found.append(event)
                event = {}
    return found


def test_a_caller_who_does_not_wait_gets_an_operation(http: httpx2.Client, dataset_id: str) -> None:
    """`respond-async` is answered 202; the events lead to the seed, and the seed is stored once."""
    body = {"budget": {"fraction": 0.11}, "objective": "spread", "time_limit_s": 3}
    accepted = _post(http, dataset_id, body, "respond-async")
    assert accepted.status_code == 202
    assert accepted.headers["Preference-Applied"] == "respond-async"
    assert accepted.headers["Retry-After"] == "1"
    path = accepted.headers["Location"]
    events = _events(http, path)
    versions = [int(event["id"]) for event in events]
    assert versions == sorted(set(versions))
    assert events[-1]["event"] == "done"
    assert all(event["event"] in {"progress", "incumbent"} for event in events[:-1])
    done = events[-1]["data"]
    assert done["percent_complete"] == 100
    seed = http.get(f"/v1/seeds/{done['seed_id']}").json()
    assert (done["incumbent"], done["upper_bound"]) == (seed["objective"], seed["upper_bound"])
    again = _post(http, dataset_id, body, "respond-async")
    assert (again.status_code, again.json()) == (201, seed)
    late = http.get(f"{path}/events", headers={"Last-Event-ID": str(versions[-1])})
    assert late.status_code == 204
    (last,) = _events(http, path, **{"Last-Event-ID": str(versions[-1] - 1)})
    assert last["event"] == "done"


def test_a_frontier_may_be_an_operation(http: httpx2.Client, dataset_id: str) -> None:
    """Many budgets take their time: accepted, watched, and there at the end."""
    body = {"budgets": {"from": 0.05, "to": 0.5, "steps": 8}, "nested": True, "objective": "seedal"}
    path, headers = f"/v1/datasets/{dataset_id}/frontiers", {"Prefer": "respond-async"}
    accepted = http.post(path, json=body, headers=headers)
    assert accepted.status_code == 202
    done = _events(http, accepted.headers["Location"])[-1]["data"]
    found = http.get(f"/v1/frontiers/{done['frontier_id']}").json()
    assert len(found["points"]) == 8
    assert http.post(path, json=body, headers=headers).json() == found
    waited = {"Prefer": "respond-async, wait=60"}
    answer = http.post(path, json={**body, "nested": False}, headers=waited)
    assert (answer.status_code, len(answer.json()["points"])) == (201, 8)


def test_a_caller_who_waits_long_enough_gets_the_seed(http: httpx2.Client, dataset_id: str) -> None:
    """`respond-async, wait=N` is answered with the seed where that is there in time."""
    answer = _post(http, dataset_id, {"budget": {"fraction": 0.12}}, "respond-async, wait=60")
    assert answer.status_code == 201
    assert answer.json()["status"] == "optimal"


def test_a_solve_longer_than_requests_last_becomes_an_operation(
    http: httpx2.Client, dataset_id: str
) -> None:
    """A time limit above what is waited for is answered 202 without being asked to."""
    answer = _post(http, dataset_id, {**EASY, "time_limit_s": 200}, None)
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers
    assert _events(http, answer.headers["Location"])[-1]["event"] == "done"


def test_a_cancelled_solve_stops(http: httpx2.Client, dataset_id: str) -> None:
    """Cancelling ends the operation for good and frees the worker for the next one."""
    path = _post(http, dataset_id, ENDLESS, "respond-async").headers["Location"]
    eventually(lambda: http.get(path).json()["gap"] is not None, "the solve has a bound")
    running = http.get(path)
    assert running.headers["Retry-After"] == "1"
    assert 0 < running.json()["gap"] < 10
    assert http.post(f"{path}:cancel").json()["status"] == "cancelled"
    assert http.post(f"{path}:cancel").status_code == 200
    answer = _post(http, dataset_id, {"budget": {"fraction": 0.13}}, "respond-async, wait=60")
    assert answer.status_code == 201
    assert http.get(path).json()["status"] == "cancelled"
    assert http.get(path).json()["seed_id"] is None


def _busy(http: httpx2.Client) -> float:
    lines = http.get("/metrics").text.splitlines()
    return float(
        next(line for line in lines if line.startswith("seedal_solve_processes_busy"))[28:]
    )


def test_a_caller_who_leaves_ends_the_solve(
    http: httpx2.Client, settings: Settings, dataset_id: str
) -> None:
    """When the connection closes the solve stops, frees its process, and leaves no seed."""
    listing = f"/v1/datasets/{dataset_id}/seeds?page_size=1000"
    before = http.get(listing).json()
    body = json.dumps(ENDLESS).encode()
    head = f"POST /v1/datasets/{dataset_id}/seeds HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", settings.port)) as caller:
        caller.sendall(head.encode() + body)
        eventually(lambda: _busy(http) == 1, "the solve starts")
    eventually(lambda: _busy(http) == 0, "the solve stops")
    assert http.get(listing).json() == before


def test_reads_go_on_while_the_house_is_full(http: httpx2.Client, dataset_id: str) -> None:
    """With process and room taken, a budget is turned away at once and everything else answers."""
    long = {**ENDLESS, "time_limit_s": 4}
    answers: list[int] = []

    def ask(part: float) -> None:
        body = {**long, "budget": {"fraction": part}}
        answers.append(_post(http, dataset_id, body, None).status_code)

    threads = [threading.Thread(target=ask, args=(0.31 + 0.01 * k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    eventually(lambda: "seedal_solves_waiting 1.0" in http.get("/metrics").text, "both are in")
    turned_away = _post(http, dataset_id, {"budget": {"fraction": 0.5}}, None)
    assert turned_away.status_code == 429
    assert turned_away.headers["Retry-After"] == "1"
    assert http.get(f"/v1/datasets/{dataset_id}").status_code == 200
    for thread in threads:
        thread.join()
    assert answers == [201, 201]


def test_a_solve_outlives_its_worker(tmp_path: Path) -> None:
    """Kill -9 in the middle of a solve: another worker answers it, and there is one seed."""
    settings = Settings(data_dir=tmp_path, solve_processes=1)
    dataset_id = plant(settings, 400)
    request = SeedRequest.model_validate({**ENDLESS, "time_limit_s": 6})
    with opened(settings) as service, worker(settings) as first:
        with service.sessions.begin() as session:
            row = new_solve(dataset_id, request)
            session.add(row)
            service.queue.enqueue_solve(session, row.id)
            operation_id = row.id
        service.wait(operation_id, until=lambda operation: operation.incumbent is not None)
        with worker(settings):
            first.kill()
            operation = service.wait(operation_id)
        assert operation.status is OperationStatus.SUCCEEDED
        with service.sessions() as session:
            assert [seed.id for seed in session.query(SeedRow)] == [operation.seed_id]


def test_a_question_that_cannot_be_answered_ends_its_operation(
    http: httpx2.Client, dataset_id: str
) -> None:
    """What only the solve finds out is the reason why the operation failed."""
    body = {"budget": {"limit": 5}, "constraints": {"min_scenes": 300}}
    path = _post(http, dataset_id, body, "respond-async").headers["Location"]
    last = _events(http, path)[-1]
    assert last["event"] == "error"
    assert "300" in last["data"]["error"]["detail"]
    assert http.get(f"/v1/datasets/{dataset_id}").json()["status"] == "ready"
