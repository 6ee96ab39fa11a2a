"""Operations over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.jobs.extraction import Outcome
from app.store.identifiers import now
from app.store.tables import OperationRow
from app.translate.operations import to_wire

Register = Callable[..., dict[str, Any]]
Extract = Callable[[dict[str, Any]], Outcome]


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
    assert extract(registered) is Outcome.STOPPED
    assert client.get(path).json()["status"] == "cancelled"
    dataset = client.get(f"/v1/datasets/{registered['dataset']['id']}").json()
    assert dataset["status"] == "failed"
    assert dataset["error"] == "The extraction was cancelled."


def test_what_has_ended_cannot_be_cancelled(
    client: TestClient, register: Register, extract: Extract, pool: Path
) -> None:
    """An operation that succeeded is a 409, and its dataset stays ready."""
    registered = register({"kind": "images", "root": str(pool)})
    assert extract(registered) is Outcome.DONE
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
