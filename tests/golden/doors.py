"""The doors of the product that golden questions go through: a shell command, and HTTP.

Nothing else under ``tests/golden`` imports the product, so a module that moves is named here alone.
"""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from app.cli.main import main
from app.datasets.extraction import ExtractionJob, ExtractionOutcome
from app.main import create_app
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a command said: its exit status, and what it printed."""

    status: int
    out: str
    err: str

    def answer(self) -> dict[str, Any]:
        """Return it for the record: JSON where it printed that, else lines."""
        try:
            out = json.loads(self.out)
        except ValueError:
            out = self.out.splitlines()
        return {"exit": self.status, "out": out, "err": self.err.splitlines()}


def run_seedal(*words: object) -> Spoken:
    """Run ``seedal`` with these words in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([str(word) for word in words])
    return Spoken(status, out.getvalue(), err.getvalue())


@contextmanager
def open_service(data_dir: Path, file_root: Path) -> Iterator[TestClient]:
    """Serve over ASGI, with one solve process; yield a client."""
    settings = Settings(
        data_dir=data_dir,
        file_roots=(file_root,),
        solve_processes=1,
        max_time_limit_s=100,
        max_wait_s=100,
        max_body_mb=1,
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def worker_of(client: TestClient) -> Callable[[dict[str, Any]], str]:
    """Return a function that does what a worker does with a dataset; it returns the outcome."""
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI

    def work(registered: dict[str, Any]) -> str:
        names = (registered["operation"]["id"], registered["dataset"]["id"])
        with closing(ExtractionJob(app_state.settings, app_state.sessions, *names)) as extraction:
            outcome, group = extraction.read_source(), 0
            while outcome is ExtractionOutcome.MORE:
                outcome, group = extraction.extract_group(group), group + 1
            return (extraction.finish() if outcome is ExtractionOutcome.DONE else outcome).name

    return work
