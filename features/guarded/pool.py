"""The guarded processes of this one: a few, started as they are needed, used again while idle."""

import atexit
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from features.errors import FeatureError
from features.guarded.frames import Frame
from features.guarded.process import CrashedError, GuardedProcess, GuardError, environment
from features.limits import MAX_READERS, Guard

_AT_ONCE: Final = max(2, min(MAX_READERS, os.cpu_count() or 1))


class ReadersBusyError(FeatureError):
    """All guarded processes are taken; the same file may be read a moment later."""


class _Readers:
    """The processes that wait for a file, and a count of those that may be at work."""

    def __init__(self) -> None:
        self._idle: list[GuardedProcess] = []
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    @contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        """Wait until another file may be read.

        Raises
        ------
        ReadersBusyError
            It took too long.
        """
        if not self._free.acquire(timeout=patience):
            message = f"All {_AT_ONCE} processes that read files are busy; try again in a moment."
            raise ReadersBusyError(message)
        try:
            yield
        finally:
            self._free.release()

    def take(self) -> GuardedProcess:
        """Return a process that is alive and has today's environment."""
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return GuardedProcess()
            if not process.ended and process.environment == environment():
                return process
            process.kill()

    def give_back(self, process: GuardedProcess) -> None:
        """Keep a process for the next file, if it lives."""
        if process.ended:
            process.kill()
            return
        with self._lock:
            self._idle.append(process)

    def close(self) -> None:
        """End the processes that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.kill()


_readers = _Readers()


@atexit.register
def _close() -> None:
    _readers.close()


def _renew() -> None:
    """Forget the processes of a parent: its pipes are not this one's."""
    global _readers  # noqa: PLW0603  a fork has it too
    _readers = _Readers()


os.register_at_fork(after_in_child=_renew)


def prepare(reader: str) -> None:
    """Start a process that will be asked for a reader: meanwhile its parent does something else."""
    _readers.give_back(GuardedProcess(reader=reader))


def ask(
    reader: str,
    arguments: Mapping[str, Any],
    guard: Guard,
    refused: Callable[[str], FeatureError],
) -> Iterator[Frame]:
    """Yield the answer of a guarded reader, frame by frame.

    Parameters
    ----------
    reader, arguments, guard
        See :meth:`features.guarded.process.GuardedProcess.ask`.
    refused
        Makes an error of the reason why there is no answer, which is the end of a sentence.

    Raises
    ------
    FeatureError
        What the reader says of the file, or `refused`.
    ReadersBusyError
        No process was free in time.
    """
    readers = _readers
    with readers.turn(guard.patience):
        process = readers.take()
        begun = False
        try:
            for frame in process.ask(reader, arguments, guard):
                begun = True
                yield frame
        except CrashedError as error:
            if begun or not process.retired:
                why = f"cannot be read: {error}"
                raise refused(why) from error
        except GuardError as error:
            why = f"cannot be read: {error}"
            raise refused(why) from error
        else:
            return
        finally:
            readers.give_back(process)
    # It had ended by itself just before it was asked.
    yield from ask(reader, arguments, guard, refused)
