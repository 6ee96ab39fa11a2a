"""What runs inside a guarded process: names of files come in, what they hold goes out.

A request is a line of JSON on standard input: a reader's name, its arguments, and the limits that
hold for this file. The answer is frames (`features.guarded.frames`) on standard output. The process
ends with its input or its parent, whichever comes first. Where nobody asks for a while, or a file
has made it large, it ends too, with the status 0, and its parent starts another.
"""

import gc
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any, BinaryIO, Final

from features.errors import FeatureError
from features.files.paths import confined
from features.guarded import frames
from features.guarded.frames import Frame

Reader = Callable[..., Iterator[Frame]]

READERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pixels": "features.images.served",
        "preview": "features.readers.previews",
        "cloud": "features.readers.clouds",
        "original": "features.readers.originals",
        "scenes": "features.readers.scenes",
        "vectors": "features.readers.vectors",
    }
)
"""The modules whose ``serve`` reads; they lie above this one, and are imported when they are asked
for."""

IDLE_S: Final = 120.0
"""How long is waited for the next file."""

_LARGE: Final = 2**29
"""Bytes from which a process does not wait for another file: what it took it may not give back."""

_LATE_S: Final = 10.0
"""The parent ends an answer that is late; should it hang itself, this process ends all the same."""

_LOOK_S: Final = 1.0
"""How often a process at work looks whether its parent still lives."""


def serve(requests: int, answers: BinaryIO) -> None:
    """Answer requests one after the other until there are no more."""
    waiting = b""
    while True:
        while b"\n" not in waiting:
            if not select.select([requests], [], [], IDLE_S)[0]:
                return
            chunk = os.read(requests, 2**16)
            if not chunk:
                return
            waiting += chunk
        line, _, waiting = waiting.partition(b"\n")
        _answer(json.loads(line), answers)
        if _resident() > _LARGE:
            return


def _answer(asked: Mapping[str, Any], answers: BinaryIO) -> None:
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"] + _LATE_S)
    with suppress(OSError):  # a folder that is gone: only relative names need it
        os.chdir(asked["folder"])
    try:
        reader: Reader = import_module(READERS[asked["reader"]]).serve
        _limit(asked["memory"])
        roots = asked["roots"]
        with confined(None if roots is None else tuple(map(Path, roots))):
            for frame in reader(**asked["arguments"]):
                frames.write(answers, frames.MORE, frame)
        frames.write(answers, frames.LAST, Frame(None))
    except BrokenPipeError:
        raise
    except FeatureError as error:
        frames.write(answers, frames.FAILED, Frame(frames.describe(error)))
    except MemoryError:
        gc.collect()
        frames.write(answers, frames.FAILED, Frame(None))
    except Exception as error:  # noqa: BLE001  whatever a file does, it is one sentence
        reason = (str(error).splitlines() or [""])[0][:200]
        sentence = ["unknown", f"{type(error).__name__}: {reason}"]
        frames.write(answers, frames.FAILED, Frame(sentence))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _resident() -> int:
    """Return the bytes that this process holds in memory.

    Not `ru_maxrss`: that begins with the most that the parent ever held, so the child of a large
    process would end after each file.
    """
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except OSError:  # no Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize()


def _limit(memory: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    least = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (least, hard))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(0)


def _main() -> None:
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; its end ends this
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is expected, its picture is not
    # What a library prints must not get into the answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if sys.argv[2]:
        import_module(READERS[sys.argv[2]])
    # Only now: who waits for the first answer waits for the start as well.
    nice = int(sys.argv[1])
    if nice and hasattr(os, "nice"):
        os.nice(nice)
    with suppress(BrokenPipeError):  # the parent is gone in the middle of an answer
        serve(sys.stdin.fileno(), answers)
    os._exit(0)  # no farewell to a parent that is gone


if __name__ == "__main__":
    _main()
