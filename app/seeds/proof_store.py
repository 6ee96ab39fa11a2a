"""Certificates that were made once, kept to be given again (ADR 21).

A file holds a line of JSON, with what making the certificate took and the hash of the rest, and
then the certificate, compressed. One that is damaged counts as absent. All of them can be made
again, so the oldest go where they take too much room.
"""

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import structlog

from app.choosing.certificates import Proof
from app.errors import SolveCancelledError
from app.processes.child import Cancellation
from features.files.paths import atomic_write
from solver.certificate.certify import FORMAT
from solver.solve import ALGORITHM

_log = structlog.get_logger(__name__)

_LOOK_S: Final = 0.05
_MIB: Final = 2**20
_ENDING: Final = ".certificate"


class ProofStore:
    """The certificates of this host.

    Parameters
    ----------
    folder
        Where they lie.
    most_mb
        Room that they may take together, in MiB.
    """

    def __init__(self, folder: Path, most_mb: int) -> None:
        self._folder = folder
        self._most = most_mb * _MIB
        self._lock = threading.Lock()
        self._made: dict[str, threading.Lock] = {}

    def find(self, answer_id: str, place: int = 0) -> Proof | None:
        """Return the certificate of an answer; None where there is none that is whole.

        Parameters
        ----------
        answer_id
            Of a seed or a frontier.
        place
            Of the point of a frontier.
        """
        path = self._path(answer_id, place)
        try:
            head, _, content = path.read_bytes().partition(b"\n")
            known = json.loads(head)
            if known["sha256"] != hashlib.sha256(content).hexdigest():
                return None
            os.utime(path)  # what is asked for is kept longest
            return Proof(content=content, size=known["size"], seconds=known["seconds"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(self, proof: Proof, answer_id: str, place: int = 0) -> None:
        """Keep a certificate; one that cannot be written is made again another time."""
        known: dict[str, Any] = {
            "size": proof.size,
            "seconds": proof.seconds,
            "sha256": hashlib.sha256(proof.content).hexdigest(),
        }
        try:
            with atomic_write(self._path(answer_id, place)) as stream:
                stream.write(json.dumps(known).encode() + b"\n" + proof.content)
        except OSError as error:
            _log.warning("a certificate is not kept", reason=str(error))
        self.trim(0.0)

    @contextmanager
    def alone(self, answer_id: str, place: int, watch: Cancellation) -> Iterator[None]:
        """Let one at a time make a certificate; the next ones find it made.

        Raises
        ------
        SolveCancelledError
            Who waits has gone.
        """
        key = self._path(answer_id, place).name
        with self._lock:
            turn = self._made.setdefault(key, threading.Lock())
        while not turn.acquire(timeout=_LOOK_S):
            if watch.cancelled():
                detail = "The certificate was not waited for."
                raise SolveCancelledError(detail)
        try:
            yield
        finally:
            with self._lock:
                self._made.pop(key, None)
            turn.release()

    def trim(self, before: float) -> None:
        """Remove certificates that nobody asked for since a moment, and the oldest beyond the room.

        Parameters
        ----------
        before
            Seconds since the epoch.
        """
        room = self._most
        for path, state in _newest_first(self._folder):
            room -= state.st_size
            if room < 0 or state.st_mtime < before:
                with suppress(OSError):  # another process was here first
                    path.unlink()

    def _path(self, answer_id: str, place: int) -> Path:
        """Return where a certificate lies; its name is a hash of all that it depends on."""
        depends_on = json.dumps([FORMAT, ALGORITHM, answer_id, place])
        return self._folder / f"{hashlib.sha256(depends_on.encode()).hexdigest()}{_ENDING}"


def _newest_first(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in folder.glob(f"*{_ENDING}"):
        with suppress(OSError):
            found.append((path, path.stat()))
    return sorted(found, key=lambda one: one[1].st_mtime, reverse=True)
