"""Solve in processes of their own: a crash or a hang costs one request and no other."""

import queue
import threading
import time
from multiprocessing import get_context
from typing import Any, Final

from app.errors import (
    AppError,
    BusyError,
    SolveCancelledError,
    SolveCrashedError,
    SolveKilledError,
)
from app.observability import span
from app.processes.child import Cancellation, SolveProgress, StopRequest, Task, serve

GRACE_S: Final = 30.0
"""How long a solve may overrun its time limit (loading, ranking, verifying) before it is killed."""

_LOOK_S: Final = 0.02
"""How often it is looked whether an answer is still wanted."""

_STOP_S: Final = 1.0
"""How long a solve that is not wanted any more has to stop by itself."""

# A process that starts from nothing: no locks or connections of the API are copied into it.
_SPAWN = get_context("spawn")


class SolvePool:
    """A fixed number of solve processes, each with one task at a time.

    Parameters
    ----------
    processes
        How many there are.
    room
        How many tasks may wait for one; the next is turned away at once.
    patience_s
        How long a task waits for a free one.
    grace_s
        How long a task may overrun its time limit.
    """

    def __init__(
        self, processes: int, *, patience_s: float, room: int = 16, grace_s: float = GRACE_S
    ) -> None:
        self._patience_s = patience_s
        self._grace_s = grace_s
        self._places = processes + room
        self._admitted = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._all = [SolveProcess() for _ in range(processes)]
        self._free: queue.Queue[SolveProcess] = queue.Queue()
        for process in self._all:
            self._free.put(process)

    @property
    def busy(self) -> int:
        """How many processes have a task."""
        return len(self._all) - self._free.qsize()

    @property
    def waiting(self) -> int:
        """How many tasks wait for a process."""
        return max(0, self._admitted - self.busy)

    def answer(self, task: Task, watch: Cancellation | None = None) -> Any:  # noqa: ANN401 the task's own
        """Return the answer to a task.

        Raises
        ------
        BusyError
            Too many wait already, or no process was free in time.
        SolveCancelledError
            The watch said that nobody wants it any more, or the pool is closing.
        SolveCrashedError
            The process died, did not end, or failed; it has been replaced.
        InvalidRequestError
            See the task.
        """
        watch = watch or Cancellation()
        wanted = Cancellation(lambda: self._closing.is_set() or watch.cancelled(), watch.report)
        self._enter()
        try:
            with span("seedal.wait"):
                process = self._take(wanted)
            try:
                with span("seedal.solve", task=type(task).__name__):
                    return process.answer(task, task.time_limit_s + self._grace_s, wanted)
            finally:
                self._free.put(process)
        finally:
            with self._lock:
                self._admitted -= 1

    @property
    def closing(self) -> bool:
        """Whether no more answers are given."""
        return self._closing.is_set()

    def dismiss(self) -> None:
        """Tell everybody who waits, now or later, that there will be no answer."""
        self._closing.set()

    def close(self) -> None:
        """End all processes, also those that are solving."""
        self.dismiss()
        for process in self._all:
            process.stop()

    def _enter(self) -> None:
        with self._lock:
            if self._admitted >= self._places:
                detail = (
                    f"All {len(self._all)} solve processes are busy and {self.waiting} requests "
                    "wait; try again in a moment."
                )
                raise BusyError(detail)
            self._admitted += 1

    def _take(self, watch: Cancellation) -> "SolveProcess":
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                return self._free.get(timeout=min(_LOOK_S, self._patience_s))
            except queue.Empty:
                if watch.cancelled():
                    raise _cancelled() from None
                if time.monotonic() > deadline:
                    detail = (
                        f"All {len(self._all)} solve processes are busy; try again in a moment."
                    )
                    raise BusyError(detail) from None


class SolveProcess:
    """One process and the pipe to it; replaced by a fresh one when it dies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        self._start()

    def answer(self, task: Task, timeout_s: float, watch: Cancellation) -> Any:  # noqa: ANN401 the task's own
        """Return the answer to a task.

        Raises
        ------
        SolveCancelledError
            The watch said that nobody wants it any more.
        SolveKilledError
            The process died.
        SolveCrashedError
            It did not answer within `timeout_s` and was killed, or it failed.
        InvalidRequestError
            See the task.
        """
        try:
            self._connection.send(task)
            answer = self._wait(timeout_s, watch)
        except (EOFError, OSError) as error:
            self._replace()
            if watch.cancelled():
                raise _cancelled() from None
            detail = "The solve process died on this request; another has taken its place."
            raise SolveKilledError(detail) from error
        except BaseException:
            # Whatever happened, the watch's own errors included: the process may still be at work,
            # and what it sends would be taken for the answer to the next task.
            self._replace()
            raise
        if isinstance(answer, AppError):
            raise answer
        return answer

    def stop(self) -> None:
        """End the process at once and for good."""
        with self._lock:
            self._stopped = True
            self._end()

    def _wait(self, timeout_s: float, watch: Cancellation) -> Any:  # noqa: ANN401 the task's own answer
        """Return the answer, or the error that takes its place."""
        deadline = time.monotonic() + timeout_s
        told_to_stop = False
        while True:
            if self._connection.poll(_LOOK_S):
                message = self._connection.recv()
                if not isinstance(message, SolveProgress):
                    return _cancelled() if told_to_stop else message
                watch.report(message.objective, message.upper_bound)
            if not told_to_stop and watch.cancelled():
                told_to_stop = True
                self._connection.send(StopRequest())
                deadline = min(deadline, time.monotonic() + _STOP_S)
            if time.monotonic() > deadline:
                raise _cancelled() if told_to_stop else _overdue(timeout_s)

    def _start(self) -> None:
        self._connection, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()  # or the pipe would stay open when the process dies

    def _end(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _replace(self) -> None:
        with self._lock:
            self._end()
            if not self._stopped:
                self._start()


def _overdue(timeout_s: float) -> SolveCrashedError:
    return SolveCrashedError(f"The solve did not end within {timeout_s:g} s and was stopped.")


def _cancelled() -> SolveCancelledError:
    return SolveCancelledError("The solve was stopped before it had an answer.")
