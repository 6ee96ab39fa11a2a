"""What runs inside a solve process: tasks come in through a pipe, answers or errors go out.

While it works, a process says what it has found so far, and looks whether it should stop.
"""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final, Protocol

import structlog

from app.errors import AppError, SolveCrashedError
from app.observability import configure_logging

_LOOK_S: Final = 0.05
"""Least time between two looks at the pipe while a task is in hand."""

Report = Callable[[float, float], None]
"""Takes objective and upper bound."""


def _never() -> bool:
    return False


def _silent(objective: float, upper_bound: float) -> None:
    del objective, upper_bound


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What tells a task whether its answer is still wanted.

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

    def run(self, watch: Cancellation) -> Any:  # noqa: ANN401 each task has its own answer
        """Do it."""
        ...


@dataclass(frozen=True, slots=True)
class SolveProgress:
    """What is known so far of a task in hand."""

    objective: float
    upper_bound: float


@dataclass(frozen=True, slots=True)
class StopRequest:
    """The task in hand is not wanted any more."""


def serve(connection: Connection) -> None:
    """Answer tasks one after the other until the other end is closed.

    Parameters
    ----------
    connection
        Brings tasks, and word to stop; takes progress and answers.
    """
    configure_logging("info")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the API; its end ends this
    while True:
        try:
            message: Task | StopRequest = connection.recv()
            if not isinstance(message, StopRequest):  # one that comes late meant the task before
                caller = _Caller(connection)
                connection.send(_answer(message, Cancellation(caller.has_left, caller.tell)))
        except (EOFError, OSError):
            return


class _Caller:
    """The other end of the pipe, as a task in hand sees it.

    All goes through the pipe. A flag in shared memory has a lock, and a process that is killed
    while it looks at the flag keeps that lock for ever.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._news: SolveProgress | None = None
        self._left = False
        self._next = 0.0

    def tell(self, objective: float, upper_bound: float) -> None:
        """Say what is known: at once, or, where much is said, with the next look."""
        self._news = SolveProgress(objective, upper_bound)
        self._look()

    def has_left(self) -> bool:
        """Tell whether to stop."""
        self._look()
        return self._left

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _LOOK_S
        try:
            if self._news is not None:
                self._connection.send(self._news)
                self._news = None
            if self._connection.poll():
                self._connection.recv()  # nothing but a Stop comes now
                self._left = True
        except (EOFError, OSError):
            self._left = True


def _answer(task: Task, watch: Cancellation) -> Any:  # noqa: ANN401 the task's own answer, or an error
    try:
        return task.run(watch)
    except AppError as error:
        return error
    except Exception:  # noqa: BLE001  whatever it is, it must not end the process
        structlog.get_logger(__name__).exception("solve failed", task=type(task).__name__)
        detail = "The solver failed on this request; the server's log has the reason."
        return SolveCrashedError(detail)
