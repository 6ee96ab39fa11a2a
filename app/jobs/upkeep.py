"""What a living worker does for others: it takes over the jobs of dead workers, and forgets.

It closes operations that nobody can end any more, and those that wait for vectors which do not
come. It forgets ended operations, answers of Idempotency-Keys, events of hooks that are worked off,
and files that nobody needs.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import structlog
from sqlalchemy.orm import sessionmaker

from app.datasets import store as datasets
from app.hooks import store as hooks
from app.http.idempotency import KEPT, purge
from app.jobs.engine import JobEngine
from app.jobs.slots import Slots
from app.operations import store as operations
from app.operations.service import fail
from app.seeds.proof_store import ProofStore
from app.settings import Settings
from app.store.identifiers import now
from app.store.sessions import ProjectSession

INTERVAL_S: Final = 0.5
"""Time between two rounds; a dead worker's jobs are taken over in the second that sees it dead."""

_log = structlog.get_logger(__name__)


class Upkeep:
    """Rounds that keep jobs moving; every worker makes them.

    Parameters
    ----------
    engine
        This worker's job engine.
    slots
        Tells who is alive.
    sessions
        Makes transactions.
    """

    def __init__(
        self, engine: JobEngine, slots: Slots, sessions: sessionmaker[ProjectSession]
    ) -> None:
        self._engine = engine
        self._slots = slots
        self._sessions = sessions
        self._suspects: set[str] = set()

    def round(self) -> None:
        """Do what is to be done now.

        Raises
        ------
        SlotLostError
            This worker must end.
        """
        self._slots.keep()
        self._adopt()
        self._close_hopeless()

    def _adopt(self) -> None:
        """Take over the jobs of workers that were dead in the round before, too.

        One look is not enough: when PostgreSQL restarts, every worker loses its lock for a moment.
        """
        suspects = set()
        for owner in self._engine.owners() - {self._engine.executor_id}:
            with self._slots.vacant(owner) as vacant:
                if vacant and owner in self._suspects:
                    jobs = self._engine.adopt(owner)
                    _log.warning("took over from a dead worker", worker=owner, jobs=jobs)
                elif vacant:
                    suspects.add(owner)
        self._suspects = suspects

    def _close_hopeless(self) -> None:
        """End operations whose jobs will not run again: they killed each worker that tried."""
        with self._sessions() as session:
            waiting = [row.id for row in operations.active(session)]
        for job in self._engine.ended(waiting) if waiting else ():
            if fail(self._sessions, job, "The job ended its worker again and again."):
                _log.error("gave up a job", operation_id=job)


SWEEP_INTERVAL_S: Final = 3600.0
_BATCH: Final = 500
_YOUNGEST_FILE: Final = timedelta(days=1)
"""A running extraction has made, or found, its files later than this."""

_retention_log = structlog.get_logger("app.jobs.upkeep")


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
        self._certificates = ProofStore(settings.certificates_dir, settings.certificates_mb)
        self._next = 0.0

    def round(self) -> None:
        """Forget what is old, if it is time to: one batch, for the worker has more to look after.

        Where there is more of it, the next round goes on.
        """
        if time.monotonic() < self._next:
            return
        before = now() - timedelta(days=self._settings.retention_days)
        if (
            self._expire_datasets(before)
            or self._forget_operations(before)
            or self._forget_jobs(before)
            or self._forget_events(before)
        ):
            return
        self._next = time.monotonic() + SWEEP_INTERVAL_S
        with self._sessions.begin() as session:
            purge(session, now() - KEPT)
        self._sweep(min(before, now() - _YOUNGEST_FILE).timestamp())
        self._certificates.trim(before.timestamp())

    def _expire_datasets(self, before: datetime) -> bool:
        """Fail datasets whose vectors nobody sent; tell whether there may be more."""
        with self._sessions() as session:
            unsent = operations.unsent_before(session, before, _BATCH)
        days = self._settings.retention_days
        for operation_id in unsent:
            fail(self._sessions, operation_id, f"No vectors were sent within {days:g} days.")
        return len(unsent) == _BATCH

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

    def _forget_events(self, before: datetime) -> bool:
        """Forget what came for hooks; tell whether there may be more."""
        with self._sessions.begin() as session:
            return hooks.forget(session, before, _BATCH) == _BATCH

    def _sweep(self, before: float) -> None:
        """Remove files of no dataset and no operation that were not touched lately.

        A process that goes on to use such a file touches it first (`features.signing`,
        `app.datasets.uploads`), so a dataset that gets it meanwhile keeps its files. A cache
        outside of the data directory may serve other databases, too, so its files stay. What a
        process that was killed had begun to write is nobody's. Nothing reads the FAISS files that
        earlier versions wrote.
        """
        made, sent = self._settings.cache_dir, self._settings.uploads_dir
        shared = not made.is_relative_to(self._settings.data_dir)
        old = [
            path
            for pattern in (*(() if shared else _made_in(made)), sent / "*")
            for path in pattern.parent.glob(pattern.name)
            if _changed_before(path, before)
        ]
        unread = [*made.glob("*/.*.tmp"), *(() if shared else made.glob("index/*.faiss"))]
        with self._sessions() as session:
            needed = datasets.signature_keys(session) | operations.uploads_named(session)
            needed |= datasets.uploads_named(session)
        unneeded = [path for path in old if needed.isdisjoint({path.stem, path.name})]
        for path in (*unneeded, *unread):
            if _changed_before(path, before):
                with suppress(OSError):  # another worker was here first
                    path.unlink()
                    _retention_log.info("removed a file that nobody needs", file=path.name)


def _made_in(cache: Path) -> tuple[Path, ...]:
    """Return the patterns of what extractions leave for datasets."""
    return tuple(
        cache / f"{kind}/*.npz" for kind in ("signatures", "neighbours", "pseudo_tasks", "hints")
    )


def _changed_before(path: Path, moment: float) -> bool:
    with suppress(OSError):
        return path.stat().st_mtime < moment
    return False
