"""What runs inside a solve process: tasks come in through a pipe, answers or errors go out.

While it works, a process says what it has found so far, and looks whether it should stop.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any, Final, Protocol

import structlog

from app.errors import AppError, SolveCrashedError
from app.observability import configure_logging

_REPORT_S: Final = 0.1
"""Least time between two reports of progress."""

Report = Callable[[float, float], None]
"""Takes objective and upper bound."""


def _never() -> bool:
    return False


def _silent(objective: float, upper_bound: float) -> None:
    del objective, upper_bound


@dataclass(frozen=True, slots=True)
class Watch:
    """Whoever waits for an answer.

    Parameters
    ----------
    cancelled
        Polled; true once nobody wants the answer any more.
    report
        Called with what is known so far.
    """

    cancelled: Callable[[], bool] = _never
    report: Report = _silent


class Task(Protocol):
    """Work for a solve process; it is sent through a pipe."""

    @property
    def time_limit_s(self) -> float:
        """Seconds that it may take."""
        ...

    def run(self, watch: Watch) -> Any:  # noqa: ANN401 each task has its own answer
        """Do it."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known so far of a task in hand."""

    objective: float
    upper_bound: float


def serve(connection: Connection, stop: Event) -> None:
    """Answer tasks one after the other until the other end is closed.

    Parameters
    ----------
    connection
        Brings tasks and takes answers.
    stop
        Set while the task in hand is not wanted any more.
    """
    configure_logging("info")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the API; its end ends this
    parent = os.getppid()

    def cancelled() -> bool:
        return stop.is_set() or os.getppid() != parent

    while True:
        try:
            task: Task = connection.recv()
            connection.send(_answer(task, Watch(cancelled, _Reporter(connection))))
        except (EOFError, BrokenPipeError):
            return


class _Reporter:
    """Sends progress, though not more often than anybody looks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._next = 0.0

    def __call__(self, objective: float, upper_bound: float) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _REPORT_S
            self._connection.send(Progress(objective, upper_bound))


def _answer(task: Task, watch: Watch) -> Any:  # noqa: ANN401 the task's own answer, or an error
    try:
        return task.run(watch)
    except AppError as error:
        return error
    except Exception:  # noqa: BLE001  whatever it is, it must not end the process
        structlog.get_logger(__name__).exception("solve failed", task=type(task).__name__)
        detail = "The solver failed on this request; the server's log has the reason."
        return SolveCrashedError(detail)
