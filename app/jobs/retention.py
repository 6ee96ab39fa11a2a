"""What is forgotten: ended operations, answers of Idempotency-Keys, files that nobody needs."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.orm import sessionmaker

from app.services.idempotency import KEPT
from app.settings import Settings
from app.store import datasets, idempotency, operations
from app.store.identifiers import now
from app.store.sessions import ProjectSession

INTERVAL_S: Final = 3600.0
_BATCH: Final = 500

_log = structlog.get_logger(__name__)


class Retention:
    """Forgets once an hour; every worker does, and what one has forgotten the next does not find.

    Parameters
    ----------
    settings
        Say for how long things are kept, and where files lie.
    sessions
        Makes transactions.
    forget
        Drops the journal of jobs.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[ProjectSession],
        forget: Callable[[Sequence[str]], None],
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._forget = forget
        self._next = 0.0

    def round(self) -> None:
        """Forget what is old, if it is time to."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + INTERVAL_S
        before = now() - timedelta(days=self._settings.retention_days)
        while True:
            with self._sessions() as session:
                ended = operations.ended_before(session, before, _BATCH)
            if not ended:
                break
            self._forget(ended)  # first: without its row, nobody would know of the journal
            with self._sessions.begin() as session:
                operations.remove(session, ended)
        with self._sessions.begin() as session:
            idempotency.purge(session, now() - KEPT)
        self._sweep(before.timestamp())

    def _sweep(self, before: float) -> None:
        """Remove signatures and indexes that no dataset has and that were not touched lately."""
        with self._sessions() as session:
            needed = datasets.signature_keys(session)
        cache = self._settings.cache_dir
        for path in (*cache.glob("signatures/*.npz"), *cache.glob("index/*.faiss")):
            with suppress(OSError):  # another worker was here first
                if path.stem not in needed and path.stat().st_mtime < before:
                    path.unlink()
                    _log.info("removed a file that nobody needs", file=path.name)
