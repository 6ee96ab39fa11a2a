"""A disk that is full: one sentence, nothing half-written, and over when there is room."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from sqlite3 import Connection

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event


@pytest.fixture
def full(client: TestClient) -> Callable[[], AbstractContextManager[None]]:
    """Return a context in which the database's file cannot grow."""
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    engine = app_state.sessions.kw["bind"]

    @contextmanager
    def within() -> Iterator[None]:
        def limit(connection: Connection, *_: object) -> None:
            connection.execute("PRAGMA max_page_count=1")  # as many as there are, no more

        def free(connection: Connection, *_: object) -> None:
            connection.execute("PRAGMA max_page_count=4294967294")

        event.listen(engine, "checkout", limit)
        event.listen(engine, "checkin", free)
        try:
            yield
        finally:
            event.remove(engine, "checkout", limit)
            event.remove(engine, "checkin", free)

    return within


def test_a_full_disk_is_a_reason_to_come_back(
    client: TestClient, full: Callable[[], AbstractContextManager[None]]
) -> None:
    """What does not fit is a 503 with Retry-After; reads go on; with room the request works."""
    scenes = [{"scene_id": f"s{k}" * 20, "cost": 1} for k in range(2_000)]
    body = {"name": "large", "source": {"kind": "inline", "scenes": scenes}}
    body |= {"features": {"backbone": "colour_grid"}}
    headers = {"Idempotency-Key": "until-there-is-room"}
    before = client.get("/v1/datasets").json()
    with full():
        refused = client.post("/v1/datasets", json=body, headers=headers)
        assert refused.status_code == 503, refused.text
        assert refused.headers["Retry-After"] == "1"
        assert "nothing was changed" in refused.json()["detail"]
        assert client.get("/v1/datasets").json() == before
    accepted = client.post("/v1/datasets", json=body, headers=headers)
    assert accepted.status_code == 202
    assert "Idempotency-Replayed" not in accepted.headers
