"""A disk that is full: one sentence, nothing half-written, and over when there is room."""

import errno
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from sqlite3 import Connection
from typing import BinaryIO

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.datasets.service import Datasets


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

        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")  # pages that other tests left free
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


def _full_file(*_: object, **__: object) -> BinaryIO:
    """Return a file on a disk that takes nothing more: the kernel's own errors."""
    return Path("/dev/full").open("wb", buffering=0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
def test_an_upload_to_a_full_disk_is_a_reason_to_come_back(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a 503 with Retry-After, leaves nothing behind, and works as soon as there is room."""
    headers = {"Content-Type": "application/octet-stream"}
    line = b'{"scene_id": "room for one more", "cost": 1}'
    folder = client.app.state.app_state.settings.uploads_dir  # type: ignore[attr-defined]  # starlette knows it as ASGI
    before = sorted(folder.glob("*"))
    with monkeypatch.context() as patch:
        patch.setattr("app.datasets.uploads.tempfile.NamedTemporaryFile", _full_file)
        refused = client.post("/v1/manifests", content=line, headers=headers)
    assert refused.status_code == 503, refused.text
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert "disk is full" in refused.json()["detail"]
    assert sorted(folder.glob("*")) == before
    assert client.post("/v1/manifests", content=line, headers=headers).status_code == 201


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
def test_a_full_disk_is_not_ready(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes new files and no bytes, or few, is alive and not ready."""
    with monkeypatch.context() as patch:
        patch.setattr("app.http.health.tempfile.TemporaryFile", _full_file)
        refused = client.get("/readyz")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert "full" in refused.json()["detail"]
    with monkeypatch.context() as patch:
        patch.setattr("app.http.health._LEAST_FREE", 2**62)
        assert client.get("/readyz").status_code == 503
        assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_another_error_of_the_system_stays_unexpected(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with this program is no reason to come back: 500, and the log has it."""

    def fail(*_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "secret")

    monkeypatch.setattr(Datasets, "page", fail)
    answer = client.get("/v1/datasets")
    assert (answer.status_code, "secret" in answer.text) == (500, False)
