"""Workers may die in the middle of a solve; it still ends, once, and leaves no process behind."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from planted import plant
from postgres import Postgres, installed, running_postgres
from service import Service, opened, worker
from serving import eventually

from app.access.service import Caller
from app.operations.service import Operations
from app.operations.wire import OperationStatus
from app.seeds.questions import new_solve
from app.seeds.wire import SeedRequest
from app.settings import Settings
from app.store.tables import SeedRow

pytestmark = pytest.mark.slow

LONG = {"budget": {"fraction": 0.3}, "objective": "spread"}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Run a PostgreSQL server; skips where none is installed."""
    if not installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """Return a service on an empty database of each kind."""
    values = {"data_dir": tmp_path / "data", "solve_processes": 1}
    if request.param == "postgresql":
        values["database_url"] = request.getfixturevalue("server").new_database()
    with opened(Settings.model_validate(values)) as service:
        yield service


def _submit(service: Service, dataset_id: str, **question: object) -> str:
    request = SeedRequest.model_validate({**LONG, **question})
    with service.sessions.begin() as session:
        row = new_solve(dataset_id, request)
        session.add(row)
        service.queue.enqueue_solve(session, row.id)
        return row.id


def _descendants(pid: int) -> set[int]:
    """Return the processes that a process started, and those that they did."""
    found: set[int] = set()
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listed.read_text().split()):
            found |= {child} | _descendants(child)
    return found


def _alive(pids: set[int]) -> bool:
    return any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize(
    ("service", "end"),
    [
        ("sqlite", signal.SIGKILL),
        ("postgresql", signal.SIGKILL),
        ("postgresql", signal.SIGTERM),  # which asks the database nothing: one will do
    ],
    indirect=["service"],
)
def test_the_next_worker_ends_a_solve(service: Service, end: signal.Signals) -> None:
    """The only worker is killed or told to stop in the middle: the next one has the one seed."""
    dataset_id = plant(service.settings, 400)
    operation_id = _submit(service, dataset_id, time_limit_s=6)
    with worker(service.settings) as first:
        service.wait(operation_id, until=lambda operation: operation.incumbent is not None)
        left = _descendants(first.pid)
        assert left
        first.send_signal(end)
        assert first.wait(timeout=20) == (0 if end is signal.SIGTERM else -end)
        eventually(lambda: not _alive(left), "its solve goes on")
    assert service.operation(operation_id).status is OperationStatus.RUNNING
    with worker(service.settings):
        operation = service.wait(operation_id)
    assert operation.status is OperationStatus.SUCCEEDED
    with service.sessions() as session:
        (seed,) = session.query(SeedRow)
    assert seed.id == operation.seed_id
    assert seed.answer["objective"] == operation.incumbent


def test_a_cancelled_solve_frees_its_worker(service: Service) -> None:
    """Cancelled in the middle, a solve gives its place to the next and leaves no seed."""
    dataset_id = plant(service.settings, 400)
    endless, short = (_submit(service, dataset_id, time_limit_s=limit) for limit in (280, 1))
    with worker(service.settings):
        service.wait(endless, until=lambda operation: operation.incumbent is not None)
        assert service.operation(short).status is OperationStatus.NOT_STARTED
        with service.sessions.begin() as session:
            Operations(session).cancel(endless, Caller())
        assert service.wait(short).status is OperationStatus.SUCCEEDED
    assert service.operation(endless).status is OperationStatus.CANCELLED
    with service.sessions() as session:
        assert session.query(SeedRow).count() == 1


def test_solves_do_not_wait_for_those_of_a_killed_process(service: Service) -> None:
    """Kill -9 of the process that solves, not of its worker: the same worker ends the operation."""
    operation_id = _submit(service, plant(service.settings, 400), time_limit_s=4)
    with worker(service.settings) as process:
        service.wait(operation_id, until=lambda operation: operation.incumbent is not None)
        for child in _descendants(process.pid):
            os.kill(child, signal.SIGKILL)
        assert service.wait(operation_id).status is OperationStatus.SUCCEEDED
        assert process.poll() is None
