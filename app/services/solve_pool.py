"""Solve in processes of their own: a crash or a hang costs one request and no other."""

import queue
from multiprocessing import get_context
from typing import Final

from app.errors import AppError, BusyError, SolveCrashedError
from app.services.seeding import SeedAnswer
from app.services.solve_process import SolveTask, serve

GRACE_S: Final = 30.0
"""How long a solve may overrun its time limit (loading, ranking, verifying) before it is killed."""

# A process that starts from nothing: no locks or connections of the API are copied into it.
_SPAWN = get_context("spawn")


class SolvePool:
    """A fixed number of solve processes, each with one task at a time.

    Parameters
    ----------
    processes
        How many there are.
    patience_s
        How long a task waits for a free one.
    grace_s
        How long a task may overrun its time limit.
    """

    def __init__(self, processes: int, *, patience_s: float, grace_s: float = GRACE_S) -> None:
        self._patience_s = patience_s
        self._grace_s = grace_s
        self._all = [SolveProcess() for _ in range(processes)]
        self._free: queue.Queue[SolveProcess] = queue.Queue()
        for process in self._all:
            self._free.put(process)

    def answer(self, task: SolveTask) -> SeedAnswer:
        """Return the answer to a task.

        Raises
        ------
        BusyError
            No process was free in time.
        SolveCrashedError
            The process died, did not end, or failed; it has been replaced.
        InvalidRequestError
            See `app.services.seeding.make_seed`.
        """
        try:
            process = self._free.get(timeout=self._patience_s)
        except queue.Empty:
            detail = f"All {len(self._all)} solve processes are busy; try again in a moment."
            raise BusyError(detail) from None
        try:
            return process.answer(task, task.time_limit_s + self._grace_s)
        finally:
            self._free.put(process)

    def close(self) -> None:
        """End all processes, also those that are solving."""
        for process in self._all:
            process.stop()


class SolveProcess:
    """One process and the pipe to it; replaced by a fresh one when it dies."""

    def __init__(self) -> None:
        self._start()

    def answer(self, task: SolveTask, timeout_s: float) -> SeedAnswer:
        """Return the answer to a task.

        Raises
        ------
        SolveCrashedError
            The process died, or did not answer within `timeout_s` and was killed.
        InvalidRequestError
            See `app.services.seeding.make_seed`.
        """
        try:
            self._connection.send(task)
            if not self._connection.poll(timeout_s):
                self._replace()
                detail = f"The solve did not end within {timeout_s:g} s and was stopped."
                raise SolveCrashedError(detail)
            answer: SeedAnswer | AppError = self._connection.recv()
        except (EOFError, OSError) as error:
            self._replace()
            detail = "The solve process died on this request; another has taken its place."
            raise SolveCrashedError(detail) from error
        if isinstance(answer, AppError):
            raise answer
        return answer

    def stop(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _start(self) -> None:
        self._connection, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()  # or the pipe would stay open when the process dies

    def _replace(self) -> None:
        self.stop()
        self._start()
