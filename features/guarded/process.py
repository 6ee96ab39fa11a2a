"""One guarded process: asked for one file at a time, ended where it does not keep its limits."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from features.errors import FeatureError
from features.files.paths import confinement
from features.guarded import frames
from features.guarded.frames import Frame
from features.limits import Guard

_PIPE_BYTES: Final = 2**20
"""A reader can put a whole answer down, or a large part of one, and go on."""

_HOME: Final = Path(__file__).resolve().parents[2]


class GuardError(Exception):
    """A guarded process has not answered; its reason is the end of a sentence about the file."""


class CrashedError(GuardError):
    """The process died at this file."""


class LateError(GuardError):
    """The file took longer than it may."""


class GuardedProcess:
    """A process that reads files; see :mod:`features.guarded.child`.

    Parameters
    ----------
    nice
        By how much it gives way to others.
    reader
        Which reader's code it loads while nobody asks it yet; none if empty.
    """

    def __init__(self, nice: int = 0, reader: str = "") -> None:
        self.environment = environment()
        # A program of its own and not multiprocessing's: that would run the caller's main module
        # again, and pickle. With -P nothing is imported from whatever folder this runs in.
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-P", "-m", "features.guarded.child", str(nice), reader],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what a dying library says is nothing for the user
            bufsize=0,
            pipesize=_PIPE_BYTES,
        )

    @property
    def ended(self) -> bool:
        """Whether the process is no more."""
        return self._process.poll() is not None

    @property
    def retired(self) -> bool:
        """Whether it has ended by itself, because nobody asked or it had grown: no file's fault."""
        return self._process.poll() == 0

    def ask(self, reader: str, arguments: Mapping[str, Any], guard: Guard) -> Iterator[Frame]:
        """Yield the answer of a reader, frame by frame; a process that fails is ended.

        Parameters
        ----------
        reader
            One of :data:`features.guarded.child.READERS`.
        arguments
            What its ``serve`` takes, as JSON can say it.
        guard
            The limits.

        Raises
        ------
        FeatureError
            What the reader says of the file.
        GuardError
            It took the process down, too long, or too much.
        """
        roots = confinement()
        request = {
            "reader": reader,
            "arguments": arguments,
            "seconds": guard.seconds,
            "memory": guard.memory,
            "folder": _folder(),
            "roots": None if roots is None else list(map(str, roots)),
        }
        whole = False
        try:
            yield from self._answer(json.dumps(request).encode() + b"\n", guard)
            whole = True
        except FeatureError:
            whole = True
            raise
        except TimeoutError as error:
            message = f"it took longer than {guard.seconds:g} s to read"
            raise LateError(message) from error
        except (OSError, EOFError) as error:
            message = "its reader crashed on it"
            raise CrashedError(message) from error
        except ValueError as error:
            raise GuardError(str(error)) from error
        finally:
            if not whole:  # the rest of the answer would be taken for that to the next question
                self.end()

    def end(self) -> None:
        """End the process at once; those who wait for it get an error."""
        if not self.ended:
            self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        """End the process at once and let go of its pipes."""
        self.end()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _answer(self, request: bytes, guard: Guard) -> Iterator[Frame]:
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None  # noqa: S101  they are pipes, see above
        assert answers is not None  # noqa: S101
        deadline = time.perf_counter() + guard.seconds
        requests.write(request)
        room = guard.answer
        while True:
            state, frame, size = frames.read(lambda part: _fill(answers, part, deadline), room)
            room -= size
            if state == frames.FAILED:
                _fail(frame.value, guard)
            if state == frames.LAST:
                return
            yield frame


def _fail(value: list[str] | None, guard: Guard) -> None:
    if value is None:
        message = f"it needs more than {guard.memory // 2**20:,} MiB of memory"
        raise MemoryGuardError(message)
    if value[0] == "unknown":
        raise GuardError(value[1])
    raise frames.rebuilt(value)


class MemoryGuardError(GuardError):
    """The file needs more memory than it may."""


def environment() -> dict[str, str]:
    """Return what a reader may be told by its environment: not which test is running."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


def _environment() -> dict[str, str]:
    path = [str(_HOME), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "OPENBLAS_NUM_THREADS": "1",  # it has no use for more
        "MALLOC_ARENA_MAX": "2",  # each takes address space, which is limited
    }


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it is gone
        return "/"


def _fill(pipe: IO[bytes], part: memoryview, deadline: float) -> None:
    """Fill a buffer.

    Raises
    ------
    TimeoutError
        The bytes did not come in time.
    EOFError
        The other end is closed.
    """
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    done = 0
    while done < len(part):
        if not poll.poll(1000 * max(0.0, deadline - time.perf_counter())):
            raise TimeoutError
        count = os.readv(pipe.fileno(), [part[done:]])
        if count == 0:
            raise EOFError
        done += count
