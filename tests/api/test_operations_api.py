"""Operations over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from app.jobs.extraction import Outcome

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


def test_an_unknown_operation_is_not_found(client: TestClient) -> None:
    """Showing and cancelling what does not exist are 404 problems."""
    assert client.get("/v1/operations/nothing").status_code == 404
    assert client.post("/v1/operations/nothing:cancel").status_code == 404
