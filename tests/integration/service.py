"""A service without its HTTP face, for tests: register a dataset, watch its operation."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from app.datasets.service import Datasets
from app.datasets.wire import Dataset, DatasetRequest
from app.operations.service import Operations
from app.operations.wire import Operation, OperationStatus
from app.settings import Settings
from app.store.engine import open_engine
from app.store.queue import JobQueue
from app.store.schema import upgrade
from app.store.sessions import open_sessions

_ROOT = Path(__file__).resolve().parents[2]
_FINAL = {OperationStatus.SUCCEEDED, OperationStatus.FAILED, OperationStatus.CANCELLED}


class Service:
    """What the API does with the database, without the API."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = open_engine(settings.database(), pool_size=5)
        upgrade(self.engine)
        self.sessions = open_sessions(self.engine)
        self.queue = JobQueue(self.engine)

    def register(self, source: dict[str, Any], **features: object) -> tuple[str, str]:
        """Register a dataset; return its id and its operation's."""
        request = DatasetRequest.model_validate(
            {
                "name": "test",
                "source": source,
                "features": {"backbone": "colour_grid", "clusters": 3, **features},
            }
        )
        with self.sessions.begin() as session:
            registered = Datasets(session, self.queue, self.settings).register(request)
        return registered.dataset.id, registered.operation.id

    def dataset(self, dataset_id: str) -> Dataset:
        """Return a dataset."""
        with self.sessions() as session:
            return Datasets(session, self.queue, self.settings).get(dataset_id)

    def operation(self, operation_id: str) -> Operation:
        """Return an operation."""
        with self.sessions() as session:
            return Operations(session).get(operation_id)

    def wait(
        self, operation_id: str, until: Callable[[Operation], bool] | None = None
    ) -> Operation:
        """Return the operation once it has ended, or fulfils a condition."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            operation = self.operation(operation_id)
            if operation.status in _FINAL or (until is not None and until(operation)):
                return operation
            time.sleep(0.01)
        message = f"the operation hangs: {self.operation(operation_id)}"
        raise AssertionError(message)

    def steps(self, operation_id: str) -> list[str]:
        """Return the steps in the journal of an operation that has ended, once it is complete."""
        client = self.queue._client
        while client.retrieve_workflow(operation_id).get_status().status == "PENDING":
            time.sleep(0.01)
        return [step["function_name"] for step in client.list_workflow_steps(operation_id)]

    def close(self) -> None:
        """Let go of the database."""
        self.queue.close()
        self.engine.dispose()


@contextmanager
def opened(settings: Settings) -> Iterator[Service]:
    """Open a service within the context."""
    service = Service(settings)
    try:
        yield service
    finally:
        service.close()


@contextmanager
def worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker process within the context, killed at its end if it is alive."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.worker"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **settings.environment(), "OMP_NUM_THREADS": "1"},
        cwd=_ROOT,
    )
    with process:
        assert process.stderr is not None
        for line in process.stderr:
            if b"worker ready" in line:
                break
        try:
            yield process
        finally:
            process.kill()


def slow_pool(folder: Path, groups: int) -> Path:
    """Write a pool of as many groups of 128 large images, which take a moment to decode."""
    picture = folder / "picture.jpg"
    folder.mkdir(parents=True)
    Image.radial_gradient("L").convert("RGB").resize((960, 720)).save(picture)
    for scene in range(16 * groups):
        place = folder / "scenes" / f"{scene:03d}"
        place.mkdir(parents=True)
        for view in range(8):
            (place / f"{view}.jpg").hardlink_to(picture)
    return folder / "scenes"
