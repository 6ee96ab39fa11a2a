"""Operations over HTTP."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from app.datasets.extraction import ExtractionOutcome
from app.errors import NotFoundError
from app.operations.service import Operations
from app.operations.stream import OperationPoller, OperationStream
from app.operations.translate import to_wire
from app.operations.wire import Operation
from app.store.identifiers import now
from app.store.tables import OperationRow

Register = Callable[..., dict[str, Any]]
Extract = Callable[[dict[str, Any]], ExtractionOutcome]


def test_a_cancelled_operation_stays_cancelled(
    client: TestClient, register: Register, extract: Extract, pool: Path
) -> None:
    """Cancelling ends the operation and its dataset for good; a worker that comes later stops."""
    registered = register({"kind": "images", "root": str(pool)})
    path = f"/v1/operations/{registered['operation']['id']}"
    for _ in range(2):  # the second time changes nothing
        answer = client.post(f"{path}:cancel")
        assert answer.status_code == 200
        assert answer.json()["status"] == "cancelled"
    assert extract(registered) is ExtractionOutcome.STOPPED
    assert client.get(path).json()["status"] == "cancelled"
    dataset = client.get(f"/v1/datasets/{registered['dataset']['id']}").json()
    assert dataset["status"] == "failed"
    assert dataset["error"] == "The extraction was cancelled."


def test_what_has_ended_cannot_be_cancelled(
    client: TestClient, register: Register, extract: Extract, pool: Path
) -> None:
    """An operation that succeeded is a 409, and its dataset stays ready."""
    registered = register({"kind": "images", "root": str(pool)})
    assert extract(registered) is ExtractionOutcome.DONE
    answer = client.post(f"/v1/operations/{registered['operation']['id']}:cancel")
    assert answer.status_code == 409
    assert "succeeded" in answer.json()["detail"]
    assert client.get(f"/v1/datasets/{registered['dataset']['id']}").json()["status"] == "ready"


def test_a_running_operation_tells_its_pace() -> None:
    """Images a second and the time left are those of the images done since it started."""
    row = OperationRow(
        id="x", kind="extraction", dataset_id="y", status="running", version=1, done=0, total=300,
        created_at=now(), started_at=now() - timedelta(seconds=20),
    )  # fmt: skip
    assert (to_wire(row).images_per_s, to_wire(row).remaining_s) == (None, None)
    row.done = 200
    shown = to_wire(row)
    assert shown.images_per_s == pytest.approx(10, rel=0.05)
    assert shown.remaining_s == pytest.approx(10, rel=0.05)
    row.status = "succeeded"
    assert to_wire(row).images_per_s is None


def test_an_unknown_operation_is_not_found(client: TestClient) -> None:
    """Showing and cancelling what does not exist are 404 problems."""
    assert client.get("/v1/operations/nothing").status_code == 404
    assert client.post("/v1/operations/nothing:cancel").status_code == 404


@pytest.mark.parametrize("event_id", ["9" * 5_000, "9" * 19, "-1", "1.5", "x"])
def test_an_event_id_that_is_none_of_ours_counts_for_nothing(
    client: TestClient, register: Register, extract: Extract, pool: Path, event_id: str
) -> None:
    """Whatever `Last-Event-ID` holds, the end is told."""
    registered = register({"kind": "images", "root": str(pool)})
    extract(registered)
    path = f"/v1/operations/{registered['operation']['id']}/events"
    answer = client.get(path, headers={"Last-Event-ID": event_id})
    assert answer.status_code == 200
    assert "event: done" in answer.text


@pytest.fixture
def pending(register: Register, pool: Path) -> dict[str, str]:
    """Return the ids of a dataset that no worker extracts, and of its operation."""
    registered = register({"kind": "images", "root": str(pool)})
    return {name: registered[name]["id"] for name in ("dataset", "operation")}


def test_watchers_look_together(
    client: TestClient, pending: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five hundred watchers of an operation cost one look; the next one sees what has changed."""
    sessions = client.app.state.app_state.sessions  # type: ignore[attr-defined]  # starlette knows it as ASGI
    name, get, seen = pending["operation"], Operations.get, []

    def counted(operations: Operations, operation_id: str) -> Operation:
        seen.append(operation_id)
        return get(operations, operation_id)

    monkeypatch.setattr(Operations, "get", counted)

    async def watch() -> None:
        poller = OperationPoller(sessions)
        found = await asyncio.gather(*(poller.look("default", name) for _ in range(500)))
        first = found[0]
        assert all(operation is first for operation in found)
        assert seen == [name]
        with pytest.raises(NotFoundError):
            await poller.look("another", name)
        client.post(f"/v1/operations/{name}:cancel")
        following = OperationStream(poller, "default").changes(first, first.version)
        last = await anext(following)
        assert last is not None
        assert last.status == "cancelled"

    asyncio.run(watch())


def test_a_watcher_of_what_is_deleted_is_let_go(
    client: TestClient, pending: dict[str, str]
) -> None:
    """The events of an operation end when its dataset is deleted; asked again, it is not found."""
    sessions = client.app.state.app_state.sessions  # type: ignore[attr-defined]  # starlette knows it as ASGI

    async def watch() -> list[str]:
        watching = OperationStream(OperationPoller(sessions), "default")
        versions = []
        async for operation in watching.changes(await watching.look(pending["operation"]), -1):
            assert operation is not None
            versions.append(operation.status.value)
            assert client.delete(f"/v1/datasets/{pending['dataset']}").status_code == 204
        return versions

    assert asyncio.run(watch()) == ["not_started"]
    assert client.get(f"/v1/operations/{pending['operation']}/events").status_code == 404


def test_a_watcher_outlives_a_database_that_is_away(
    client: TestClient, pending: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed while the database did not answer is told once it does."""
    sessions = client.app.state.app_state.sessions  # type: ignore[attr-defined]  # starlette knows it as ASGI
    poller = OperationPoller(sessions)
    gone = OperationalError("SELECT 1", {}, Exception("gone"))

    async def watch() -> Operation | None:
        first = await poller.look("default", pending["operation"])
        look, failures = poller.look, [gone, gone]

        async def fail_first(project: str, operation_id: str) -> Operation:
            if failures:
                raise failures.pop()
            return await look(project, operation_id)

        monkeypatch.setattr(poller, "look", fail_first)
        client.post(f"/v1/operations/{pending['operation']}:cancel")
        changes = OperationStream(poller, "default").changes(first, first.version)
        last = await anext(changes)
        assert failures == []
        return last

    last = asyncio.run(watch())
    assert last is not None
    assert last.status == "cancelled"


def test_a_watcher_is_let_go_when_the_process_ends(
    client: TestClient, pending: dict[str, str]
) -> None:
    """The events of an operation that goes on elsewhere end with the process that tells them."""
    sessions = client.app.state.app_state.sessions  # type: ignore[attr-defined]  # starlette knows it as ASGI

    async def watch() -> list[str]:
        poller = OperationPoller(sessions)
        watching = OperationStream(poller, "default")
        versions = []
        async for operation in watching.changes(await watching.look(pending["operation"]), -1):
            assert operation is not None
            versions.append(operation.status.value)
            poller.end()
        return versions

    assert asyncio.run(watch()) == ["not_started"]
