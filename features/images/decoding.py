"""Decode images in processes of their own, ahead of the network that waits for them.

Decoders are C code that reads what strangers wrote. In a process of its own, one that crashes or
never ends costs one image, which is known by name, and no other.
"""

import json
import math
import os
import select
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from features.backbones.protocol import SIZE
from features.errors import ImageError
from features.images.decode_process import HEADER

TIMEOUT_S: Final = 300.0
"""Longest time that one image may take, its transfer from a remote store included."""

_MAX_PROCESSES: Final = 16
_SHAPE: Final = (SIZE, SIZE, 3)
_PIPE_BYTES: Final = 2**18
"""A decoder can put a whole answer down and go on with the next image."""
_HOME: Final = Path(__file__).resolve().parents[2]


class Decoder:
    """A number of decoding processes, started as they are needed, with today's environment.

    Parameters
    ----------
    processes
        Most images that are decoded at once; by default one for each core.
    timeout_s
        See :data:`TIMEOUT_S`.
    """

    def __init__(self, processes: int | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        most = processes or min(_MAX_PROCESSES, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="decoding")
        self._own = threading.local()
        self._started: list[DecodingProcess] = []
        self._lock = threading.Lock()

    def decode(self, uri: str) -> Future[NDArray[np.uint8]]:
        """Begin to decode an image to the size that backbones take.

        Returns
        -------
        Future
            Of (224, 224, 3) uint8. Its exception is an :class:`ImageError`, also where the image
            took a decoder down with it.
        """
        return self._threads.submit(self._decode, uri)

    def close(self) -> None:
        """Give up what has not begun and end the processes, also those that are at work."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for process in self._started:
                process.end()
        self._threads.shutdown()
        for process in self._started:
            process.kill()

    def _decode(self, uri: str) -> NDArray[np.uint8]:
        process: DecodingProcess | None = getattr(self._own, "process", None)
        if process is None or process.ended:
            with self._lock:
                if process is not None:
                    process.kill()
                    self._started.remove(process)
                process = self._own.process = DecodingProcess()
                self._started.append(process)
        return process.decode(uri, self._timeout_s)


class DecodingProcess:
    """One process that decodes one image at a time. See :mod:`features.images.decode_process`."""

    def __init__(self) -> None:
        # A program of its own and not multiprocessing's: that would run the caller's main module
        # again, and pickle. With -P nothing is imported from whatever folder this runs in.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "features.images.decode_process"],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pipesize=_PIPE_BYTES,
        )

    @property
    def ended(self) -> bool:
        """Whether the process is no more."""
        return self._process.poll() is not None

    def decode(self, uri: str, timeout_s: float) -> NDArray[np.uint8]:
        """Decode an image; a process that fails at it is ended.

        Raises
        ------
        ImageError
            The image cannot be decoded, took the process down, or took too long.
        """
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None  # noqa: S101  they are pipes, see above
        assert answers is not None  # noqa: S101
        deadline = time.perf_counter() + timeout_s
        try:
            requests.write(json.dumps(uri).encode() + b"\n")
            (length,) = HEADER.unpack(_read(answers, HEADER.size, deadline))
            content = _read(answers, length or math.prod(_SHAPE), deadline)
        except TimeoutError as error:
            self.kill()
            raise ImageError(uri, f"it took longer than {timeout_s:g} s to read") from error
        except (OSError, EOFError) as error:
            self.kill()
            raise ImageError(uri, "the decoder crashed on it") from error
        if length:
            raise ImageError(uri, content.decode())
        return np.frombuffer(content, np.uint8).reshape(_SHAPE)

    def end(self) -> None:
        """End the process at once; those who wait for it get an error."""
        self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        """End the process at once and let go of its pipes."""
        self.end()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _environment() -> dict[str, str]:
    path = [str(_HOME), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "OPENBLAS_NUM_THREADS": "1",  # it has no use for more
    }


def _read(pipe: IO[bytes], size: int, deadline: float) -> bytearray:
    """Read exactly so many bytes.

    Raises
    ------
    TimeoutError
        They did not come in time.
    EOFError
        The other end is closed.
    """
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    content = bytearray(size)
    read = 0
    while read < size:
        if not poll.poll(1000 * max(0.0, deadline - time.perf_counter())):
            raise TimeoutError
        count = os.readv(pipe.fileno(), [memoryview(content)[read:]])
        if count == 0:
            raise EOFError
        read += count
    return content
