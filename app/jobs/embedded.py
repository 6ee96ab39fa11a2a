"""A worker as the child of another process: started again when it dies, gone when the parent is."""

import os
import subprocess
import sys
import threading
import time
from typing import Final, Self

import structlog

from app.settings import Settings

_COMMAND: Final = (sys.executable, "-P", "-m", "app.worker")
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_HEALTHY_S: Final = 60.0
"""A worker that lived this long died of something new: the pauses start from the beginning."""

_STOP_S: Final = 10.0
_LOOK_S: Final = 0.2

_log = structlog.get_logger(__name__)


class EmbeddedWorker:
    """Keeps one worker process alive while its context lasts.

    The worker watches its standard input, a pipe that nobody writes to: when this process ends, in
    whatever way, the pipe closes and the worker ends, too.

    Parameters
    ----------
    settings
        The worker's.
    """

    def __init__(self, settings: Settings) -> None:
        self._environment = {**os.environ, **settings.environment()}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, name="embedded-worker")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _keep_alive(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            started = time.monotonic()
            with self._start() as process:
                while process.poll() is None and not self._stopping.wait(_LOOK_S):
                    pass
                if self._stopping.is_set():
                    _end(process)
                    return
            if time.monotonic() - started > _HEALTHY_S:
                pause = _FIRST_PAUSE_S
            _log.warning("worker died", status=process.returncode, starting_another_in_s=pause)
            if self._stopping.wait(pause):
                return
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  our own program
            _COMMAND,
            stdin=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,  # Ctrl-C is for the parent, which then ends the worker
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the worker's standard input; kill it where it does not see that in time."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
