"""A key does its work once, whichever API process gets it, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from postgres import Postgres, installed, running_postgres
from service import Service, opened
from sqlalchemy import func, select, update

from app.datasets.service import Datasets
from app.datasets.wire import DatasetRequest, RegisteredDataset
from app.errors import KeyReuseError
from app.http.idempotency import KEPT, Idempotency
from app.settings import Settings
from app.store.identifiers import now
from app.store.tables import DatasetRow, IdempotencyRow, OperationRow

Answer = tuple[RegisteredDataset, bool]

_REQUEST = DatasetRequest.model_validate(
    {
        "name": "once",
        "source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}]},
        "features": {"backbone": "colour_grid"},
    }
)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Run a PostgreSQL server; skips where none is installed."""
    if not installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Service, Service]]:
    """Return two services on one database, as two API processes are."""
    values: dict[str, object] = {"data_dir": tmp_path}
    if request.param == "postgresql":
        values["database_url"] = request.getfixturevalue("server").new_database()
    settings = Settings.model_validate(values)
    with opened(settings) as one, opened(settings) as other:
        yield one, other


def _register(
    service: Service,
    body: bytes = b"{}",
    *,
    start: Barrier | None = None,
    meet: Barrier | None = None,
    project: str = "default",
) -> Answer:
    """Do what a request with the one key of these tests does, up to its commit."""
    with service.sessions() as session:
        session.bind_to(project)
        if start is not None:
            start.wait(30)
        datasets = Datasets(session, service.queue, service.settings)

        def work() -> RegisteredDataset:
            if meet is not None:
                meet.wait(30)
            return datasets.register(_REQUEST)

        once = Idempotency(session=session, call="POST /v1/datasets", key='"k"', body=body)
        answer = once(work, RegisteredDataset)
        session.commit()
        return answer


def _together(
    services: tuple[Service, Service], bodies: tuple[bytes, bytes], place: str = "meet"
) -> list[object]:
    """Send two requests; with `meet`, neither finds the other's answer before it works."""
    barrier = Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        sent = [
            threads.submit(_register, service, body, **{place: barrier})
            for service, body in zip(services, bodies, strict=True)
        ]
        return [one.exception() or one.result() for one in sent]


def _count(service: Service) -> tuple[int, int, int]:
    """Return how many datasets, operations and jobs there are."""
    with service.sessions() as session:
        rows, operations = (
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (DatasetRow, OperationRow)
        )
    return rows, operations, len(service.queue._client.list_workflows())


def test_of_two_requests_at_once_one_works(services: tuple[Service, Service]) -> None:
    """Both get the one answer; there is one dataset, one operation and one job."""
    answers = _together(services, (b"{}", b"{}"))
    assert all(isinstance(answer, tuple) for answer in answers), answers
    (first, _), (second, _) = answers  # type: ignore[misc]
    assert first == second
    assert sorted(replayed for _, replayed in answers) == [False, True]  # type: ignore[misc]
    assert _count(services[0]) == (1, 1, 1)


def test_of_two_different_requests_at_once_one_is_refused(
    services: tuple[Service, Service],
) -> None:
    """What the other has done is undone."""
    kinds = {type(answer) for answer in _together(services, (b"{}", b"{ }"))}
    assert kinds == {tuple, KeyReuseError}
    assert _count(services[0]) == (1, 1, 1)


def test_a_key_that_has_expired_works_once_more(services: tuple[Service, Service]) -> None:
    """After a day a key is new, and still does its work once."""
    before, _ = _register(services[0])
    with services[0].sessions.begin() as session:
        session.execute(update(IdempotencyRow).values(created_at=now() - KEPT - timedelta(1)))
    answers = _together(services, (b"other", b"other"), "start")
    assert all(isinstance(answer, tuple) for answer in answers), answers
    (first, _), (second, _) = answers  # type: ignore[misc]
    assert first == second != before
    assert _count(services[0]) == (2, 2, 2)


def test_a_request_that_dies_leaves_nothing(services: tuple[Service, Service]) -> None:
    """Without its commit there is neither work nor key: the request is simply sent again."""
    with services[0].sessions() as session:
        datasets = Datasets(session, services[0].queue, services[0].settings)
        once = Idempotency(session=session, call="POST /v1/datasets", key="k", body=b"{}")
        once(lambda: datasets.register(_REQUEST), RegisteredDataset)
    assert _count(services[0]) == (0, 0, 0)
    assert _register(services[1])[1] is False
    assert _count(services[0]) == (1, 1, 1)


def test_projects_do_not_share_keys(services: tuple[Service, Service]) -> None:
    """The same key of another project is another key."""
    answers = [_register(services[0], project=project) for project in ("a", "b", "a")]
    assert [replayed for _, replayed in answers] == [False, False, True]
    assert _count(services[0]) == (2, 2, 2)
