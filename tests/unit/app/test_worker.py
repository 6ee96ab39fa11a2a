import io
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from app import worker
from app.jobs.slots import SlotLostError
from app.settings import Settings


class _Jobs:
    """A job engine that does nothing."""

    executor_id = "slot-0"

    def __init__(self, *_: object) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def forget(self, job_ids: Sequence[str]) -> None:
        """Do nothing: there are no jobs."""

    def forget_before(self, *_: object) -> int:
        return 0


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[list[Exception | None]], None]]:
    """Return a function that decides what the next rounds of upkeep raise."""
    coming: list[Exception | None] = []

    class Upkeep:
        def __init__(self, *_: object) -> None:
            return

        def round(self) -> None:
            error = coming.pop(0)
            if error is not None:
                raise error

    monkeypatch.setattr(worker, "JobEngine", _Jobs)
    monkeypatch.setattr(worker, "Upkeep", Upkeep)
    monkeypatch.setattr(worker, "INTERVAL_S", 0.001)
    yield coming.extend
    assert coming == []


def test_a_worker_outlives_a_database_that_is_away(
    rounds: Callable[[list[Exception | None]], None], tmp_path: Path
) -> None:
    """A round that the database fails is logged and tried again; a lost slot ends the worker."""
    away = OperationalError("SELECT 1", {}, Exception("gone"))
    rounds([None, away, away, None, SlotLostError("taken")])
    assert worker.work(Settings(data_dir=tmp_path), threading.Event()) == 1


def test_a_database_that_is_away_does_not_make_a_worker_ill(
    rounds: Callable[[list[Exception | None]], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rounds that the database fails beat like others; a lost slot does not."""
    beats: list[int] = []

    class Heartbeat:
        def __init__(self, _: Path) -> None:
            return

        def beat(self) -> None:
            beats.append(1)

        def end(self) -> None:
            beats.append(0)

    monkeypatch.setattr(worker, "Heartbeat", Heartbeat)
    away = OperationalError("SELECT 1", {}, Exception("gone"))
    rounds([away, away, away, SlotLostError("taken")])
    assert worker.work(Settings(data_dir=tmp_path), threading.Event()) == 1
    assert beats == [1, 1, 1, 1, 0]


def test_a_process_ends_as_its_work_did(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stop signal or a closed input ends the work; the process exits with its status."""
    handlers: dict[int, Callable[..., object]] = {}
    statuses: list[int] = []
    monkeypatch.setattr(worker.signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(worker.os, "_exit", statuses.append)
    monkeypatch.setattr(worker, "configure_logging", lambda _: None)

    def wait(_: Settings, stop: threading.Event) -> int:
        assert stop.wait(30)
        return 7

    monkeypatch.setattr(worker, "work", wait)
    worker.run(Settings(data_dir=tmp_path), until_closed=io.BytesIO(b""))

    def stopped(_: Settings, stop: threading.Event) -> int:
        handlers[signal.SIGTERM]()
        return wait(_, stop)

    monkeypatch.setattr(worker, "work", stopped)
    worker.run(Settings(data_dir=tmp_path))
    assert set(handlers) == {signal.SIGTERM, signal.SIGINT}
    assert statuses == [7, 7]
