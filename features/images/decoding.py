"""Decode images in processes of their own, ahead of the network that waits for them.

Decoders are C code that reads what strangers wrote. In a process of its own, one that crashes or
never ends costs one image, which is known by name, and no other.
"""

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.errors import ImageError
from features.guarded.process import CrashedError, GuardedProcess, GuardError
from features.limits import PIXELS_GUARD

_MAX_PROCESSES: Final = 16
_NICE: Final = 10
"""Decoding fills the gaps that the network leaves; it must not slow the network's own threads."""


class Decoder:
    """A number of decoding processes, started as they are needed, with today's environment.

    Parameters
    ----------
    processes
        Most images that are decoded at once; by default one for each core.
    timeout_s
        Longest time that one image may take, its transfer from a remote store included.
    """

    def __init__(
        self, processes: int | None = None, timeout_s: float = PIXELS_GUARD.seconds
    ) -> None:
        self._guard = replace(PIXELS_GUARD, seconds=timeout_s)
        most = processes or min(_MAX_PROCESSES, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="decoding")
        self._own = threading.local()
        self._started: list[GuardedProcess] = []
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
        process = self._process()
        try:
            (frame,) = process.ask("pixels", {"uri": uri}, self._guard)
        except CrashedError as error:
            if process.retired:  # it had grown at an earlier image
                return self._decode(uri)
            raise ImageError(uri, "the decoder crashed on it") from error
        except GuardError as error:
            raise ImageError(uri, str(error)) from error
        pixels: NDArray[np.uint8] = frame.arrays[0]
        return pixels

    def _process(self) -> GuardedProcess:
        """Return the process of this thread."""
        process: GuardedProcess | None = getattr(self._own, "process", None)
        if process is None or process.ended:
            with self._lock:
                if process is not None:
                    process.kill()
                    self._started.remove(process)
                process = self._own.process = GuardedProcess(_NICE, "pixels")
                self._started.append(process)
        return process
