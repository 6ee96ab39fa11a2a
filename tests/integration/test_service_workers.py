"""Workers may die at any time; every accepted job still ends, and ends once."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import Postgres, installed, running_postgres
from service import Service, opened, slow_pool, worker

from app.datasets.wire import DatasetStatus
from app.operations.wire import OperationStatus
from app.settings import Settings
from app.worker import work

pytestmark = pytest.mark.slow

GROUPS = 4
STEPS = ["read_source", *["extract_group"] * GROUPS, "finish"]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Run a PostgreSQL server; skips where none is installed."""
    if not installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Return settings with an empty database of each kind."""
    values = {"data_dir": tmp_path / "data", "file_roots": str(tmp_path)}
    if request.param == "postgresql":
        values["database_url"] = request.getfixturevalue("server").new_database()
    return Settings.model_validate(values)


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    """Return settings with an empty SQLite database."""
    return Settings.model_validate({"data_dir": tmp_path / "data", "file_roots": str(tmp_path)})


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """Return a service on an empty database."""
    with opened(settings) as service:
        yield service


@pytest.fixture
def source(tmp_path: Path) -> dict[str, str]:
    """Write a pool of several groups that take a moment each."""
    return {"kind": "images", "root": str(slow_pool(tmp_path / "pool", GROUPS))}


def _assert_ended_right(service: Service, dataset_id: str, operation_id: str) -> None:
    operation = service.wait(operation_id)
    assert operation.status is OperationStatus.SUCCEEDED
    assert (operation.done, operation.total) == (128 * GROUPS, 128 * GROUPS)
    assert service.dataset(dataset_id).status is DatasetStatus.READY
    assert service.dataset(dataset_id).usable_scene_count == 16 * GROUPS
    assert service.steps(operation_id) == STEPS
    blocks = list((service.settings.cache_dir / "vectors").iterdir())
    assert len(blocks) == GROUPS


def test_a_peer_takes_over_from_a_killed_worker(service: Service, source: dict[str, str]) -> None:
    """Kill -9 in the middle: another worker ends the job, and no finished group is done again."""
    dataset_id, operation_id = service.register(source)
    with worker(service.settings) as first:
        service.wait(operation_id, until=lambda operation: operation.done >= 1)
        with worker(service.settings):
            first.kill()
            _assert_ended_right(service, dataset_id, operation_id)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_restarted_worker_goes_on(
    local: Settings, source: dict[str, str], end: signal.Signals
) -> None:
    """The only worker is killed, or told to stop: the next one to start ends the job."""
    with opened(local) as service:
        dataset_id, operation_id = service.register(source)
        with worker(local) as first:
            service.wait(operation_id, until=lambda operation: operation.done >= 1)
            first.send_signal(end)
            assert first.wait(timeout=20) == (0 if end is signal.SIGTERM else -end)
        assert service.operation(operation_id).status is OperationStatus.RUNNING
        with worker(local) as second:
            _assert_ended_right(service, dataset_id, operation_id)
            assert second.stdin is not None
            second.stdin.close()  # as it does when its parent ends
            assert second.wait(timeout=20) == 0


def test_two_workers_do_each_job_once(service: Service, tmp_path: Path) -> None:
    """Jobs are shared out; each is done once and by one worker."""
    root = slow_pool(tmp_path / "pool", 1)
    with worker(service.settings), worker(service.settings):
        jobs = [service.register({"kind": "images", "root": str(root)}) for _ in range(4)]
        for _, operation_id in jobs:
            assert service.wait(operation_id).status is OperationStatus.SUCCEEDED
            assert service.steps(operation_id) == ["read_source", "extract_group", "finish"]


def test_a_job_survives_a_restart_of_the_database(
    server: Postgres, tmp_path: Path, source: dict[str, str]
) -> None:
    """PostgreSQL stopped hard in the middle of a job: the same worker finishes it afterwards."""
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "file_roots": str(tmp_path),
            "database_url": server.new_database(),
        }
    )
    with opened(settings) as service:
        dataset_id, operation_id = service.register(source)
        with worker(settings) as process:
            service.wait(operation_id, until=lambda operation: operation.done >= 1)
            server.stop()
            time.sleep(1)
            server.start()
            _assert_ended_right(service, dataset_id, operation_id)
            assert process.poll() is None


def test_a_job_that_kills_its_workers_is_given_up(
    local: Settings, source: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that the engine will not run again ends as failed, with a reason."""
    with opened(local) as service:
        dataset_id, operation_id = service.register(source)
        service.queue._client.cancel_workflow(operation_id)  # what the engine does after 5 deaths
        stop = threading.Event()
        monkeypatch.setattr("app.worker.INTERVAL_S", 0.01)
        thread = threading.Thread(target=work, args=(local, stop))
        thread.start()
        operation = service.wait(operation_id)
        stop.set()
        thread.join()
        assert operation.status is OperationStatus.FAILED
        assert operation.error is not None
        assert "again and again" in operation.error.detail
        assert service.dataset(dataset_id).error == operation.error.detail


def test_a_worker_runs_jobs_until_it_is_told_to_stop(settings: Settings, tmp_path: Path) -> None:
    """A worker takes jobs from the queue of either database, and gives back its slot at the end."""
    root = slow_pool(tmp_path / "pool", 1)
    for _ in range(2):  # the second worker finds the first one's slot free
        stop = threading.Event()
        statuses: list[int] = []
        thread = threading.Thread(target=lambda: statuses.append(work(settings, stop)))  # noqa: B023  joined below
        with opened(settings) as service:
            thread.start()
            _, operation_id = service.register({"kind": "images", "root": str(root)})
            assert service.wait(operation_id).status is OperationStatus.SUCCEEDED
            assert len(service.steps(operation_id)) == 3
        stop.set()
        thread.join()
        assert statuses == [0]
