"""What is forgotten: ended operations, answers of Idempotency-Keys, files that nobody needs."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import structlog
from sqlalchemy.orm import sessionmaker

from app.datasets import store as datasets
from app.datasets.source_reports import UPLOAD
from app.http.idempotency import KEPT, purge
from app.operations import store as operations
from app.settings import Settings
from app.store.identifiers import now
from app.store.sessions import ProjectSession

INTERVAL_S: Final = 3600.0
_BATCH: Final = 500
_YOUNGEST_FILE: Final = timedelta(days=1)
"""A running extraction has made, or found, its files later than this."""

_log = structlog.get_logger(__name__)


class Journal(Protocol):
    """What the job engine remembers."""

    def forget(self, job_ids: Sequence[str]) -> None:
        """Drop the journal of jobs."""
        ...

    def forget_before(self, moment: datetime, most: int) -> int:
        """Drop the journal of up to `most` jobs that ended before a moment; return how many."""
        ...


class Retention:
    """Forgets once an hour; every worker does, and what one has forgotten the next does not find.

    Parameters
    ----------
    settings
        Say for how long things are kept, and where files lie.
    sessions
        Makes transactions.
    journal
        Of the jobs.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[ProjectSession],
        journal: Journal,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._journal = journal
        self._next = 0.0

    def round(self) -> None:
        """Forget what is old, if it is time to: one batch, for the worker has more to look after.

        Where there is more of it, the next round goes on.
        """
        if time.monotonic() < self._next:
            return
        before = now() - timedelta(days=self._settings.retention_days)
        if self._forget_operations(before) or self._forget_jobs(before):
            return
        self._next = time.monotonic() + INTERVAL_S
        with self._sessions.begin() as session:
            purge(session, now() - KEPT)
        self._sweep(min(before, now() - _YOUNGEST_FILE).timestamp())

    def _forget_operations(self, before: datetime) -> bool:
        """Forget a batch; tell whether there may be more."""
        with self._sessions.begin() as session:
            ended = operations.ended_before(session, before, _BATCH)
            if ended:
                self._journal.forget(ended)
                operations.remove(session, ended)
        return len(ended) == _BATCH

    def _forget_jobs(self, before: datetime) -> bool:
        """Forget jobs whose operations went with their datasets; tell whether there may be more."""
        return self._journal.forget_before(before, _BATCH) == _BATCH

    def _sweep(self, before: float) -> None:
        """Remove files of no dataset and no operation that were not touched lately.

        A process that goes on to use such a file touches it first (`features.signatures.signing`,
        `app.datasets.uploads`), so a dataset that gets it meanwhile keeps its files. A cache
        outside of the data directory may serve other databases, too, so its files stay. Nothing
        reads the FAISS files that earlier versions wrote.
        """
        made, sent = self._settings.cache_dir, self._settings.uploads_dir
        shared = not made.is_relative_to(self._settings.data_dir)
        old = [
            path
            for pattern in (*(() if shared else _made_in(made)), sent / "*")
            for path in pattern.parent.glob(pattern.name)
            if _changed_before(path, before)
        ]
        unread = [] if shared else list((made / "index").glob("*.faiss"))
        with self._sessions() as session:
            needed = datasets.signature_keys(session) | operations.vectors_named(session)
            needed |= {uri.removeprefix(UPLOAD) for uri in datasets.uris_under(session, UPLOAD)}
        unneeded = [path for path in old if needed.isdisjoint({path.stem, path.name})]
        for path in (*unneeded, *unread):
            if _changed_before(path, before):
                with suppress(OSError):  # another worker was here first
                    path.unlink()
                    _log.info("removed a file that nobody needs", file=path.name)


def _made_in(cache: Path) -> tuple[Path, ...]:
    """Return the patterns of what extractions leave for datasets."""
    return cache / "signatures/*.npz", cache / "neighbours/*.npz"


def _changed_before(path: Path, moment: float) -> bool:
    with suppress(OSError):
        return path.stat().st_mtime < moment
    return False
