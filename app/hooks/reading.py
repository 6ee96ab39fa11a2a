"""Work off what came for hooks: in order for each of them, at least once, with one effect."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError, TimeoutError  # noqa: A004 that of the pool
from sqlalchemy.orm import Session, sessionmaker

from app.errors import AppError
from app.hooks import cvat, label_studio, notices, store
from app.hooks.finding import SceneFinder, SceneKeys
from app.hooks.store import Receiver, StoredBook
from app.hooks.translation import Told
from app.hooks.wire import HookKind
from app.labels import store as ledger
from app.labels.service import Labels
from app.labels.wire import MOST_EVENTS
from app.store.identifiers import now
from app.store.sessions import ProjectSession
from app.store.tables import HookEventRow

SCHEDULE_S: Final = (1.0, 5.0, 30.0, 120.0)
"""Pauses after each attempt that failed; an event that fails once more is set aside."""

LEASE: Final = timedelta(seconds=60)
"""Longer than an event takes. After it, another worker has what a dead one had in hand."""

_LOOK_S: Final = 0.5
_UNEXPECTED: Final = "Something unexpected happened; the worker's log has it."

_AWAY: Final = (OperationalError, InterfaceError, TimeoutError)
"""What says that the database is away; the event is not to blame."""

_log = structlog.get_logger(__name__)


class HookReader:
    """Works off inboxes until it is told to stop.

    An event is worked off in one transaction with what it says to the ledger. So a worker that is
    killed in the middle has said nothing, and another one says it.

    Parameters
    ----------
    sessions
        Makes transactions.
    schedule_s
        See `SCHEDULE_S`.
    lease
        For how long an event is one worker's.
    """

    def __init__(
        self,
        sessions: sessionmaker[ProjectSession],
        *,
        schedule_s: Sequence[float] = SCHEDULE_S,
        lease: timedelta = LEASE,
    ) -> None:
        self._sessions = sessions
        self._schedule_s = schedule_s
        self._lease = lease
        self._keys = SceneKeys()

    def run(self, stop: threading.Event) -> None:
        """Work off what is there, and look again soon."""
        while not stop.wait(_LOOK_S):
            try:
                while not stop.is_set() and self.read_one():
                    pass
            except SQLAlchemyError as error:  # it is due again after its lease
                _log.warning("the database does not answer", error=str(error))

    def read_one(self) -> bool:
        """Work off one event; false where none is due."""
        with self._sessions.begin() as session:
            event = store.claim(session, self._lease)
        if event is None:
            return False
        if event.attempts > len(self._schedule_s) + 1:  # it ended its worker each time
            self._settle(event, event.error or "It ended its worker again and again.")
            return True
        try:
            self._work_off(event)
        except _AWAY:
            raise
        except AppError as error:  # it will be as wrong the next time
            self._settle(event, error.detail)
        except Exception:  # noqa: BLE001  whatever it is, the other events go on
            _log.exception("an event of a hook failed", event_id=event.id)
            self._postpone(event)
        return True

    def _work_off(self, event: HookEventRow) -> None:
        with self._sessions() as session:
            hook = store.receiver(session, event.hook_id)
            if hook is None:
                return  # deleted meanwhile, and its events with it
            changes = self._tell(session, hook, event)
            if not store.settle(session, event):
                return  # somebody else has it since; what is said here is not committed
            session.commit()
        _log.info("hook", event_id=event.id, kind=hook.kind, changes=changes)

    def _tell(self, session: Session, hook: Receiver, event: HookEventRow) -> int:
        """Say to the ledger what an event says; return how much of it was new."""
        labels = Labels(session)
        told, source = self._translated(session, hook, event)
        accepted = 0
        for start in range(0, len(told.events), MOST_EVENTS):
            some = told.events[start : start + MOST_EVENTS]
            accepted += labels.write(hook.dataset_id, some).accepted
        if told.silenced:
            labels.silence(hook.dataset_id, source, told.silenced)
        return accepted

    def _translated(
        self, session: Session, hook: Receiver, event: HookEventRow
    ) -> tuple[Told, str]:
        if hook.kind == HookKind.CVAT:
            job = cvat.read(event.body)
            if job is None:
                return Told(), ""
            source = f"{hook.kind}:{hook.name}/{job.project}"
            book = _held(session, hook, source)
            return cvat.translate(job, source, event.received_at, book), source
        notice = notices.read(event.body)
        if notice is None:
            return Told(), ""
        if notice.wants_training:
            store.retrain(session, hook.id, notice.project)
        source = f"{hook.kind}:{hook.name}/{notice.project}"
        book = _held(session, hook, source)
        scene_of = SceneFinder(session, hook.dataset_id, self._keys, notice.tasks)
        return label_studio.translate(notice, source, event.received_at, book, scene_of), source

    def _settle(self, event: HookEventRow, error: str) -> None:
        with self._sessions.begin() as session:
            is_ours = store.settle(session, event, error=error)
        _log.warning("an event of a hook is set aside", event_id=event.id, why=error, ours=is_ours)

    def _postpone(self, event: HookEventRow) -> None:
        if event.attempts > len(self._schedule_s):
            self._settle(event, _UNEXPECTED)
            return
        due_at = now() + timedelta(seconds=self._schedule_s[event.attempts - 1])
        with self._sessions.begin() as session:
            store.postpone(session, event, due_at, _UNEXPECTED)


def _held(session: Session, hook: Receiver, source: str) -> StoredBook:
    """Return what the ledger says; it stays so until this transaction ends."""
    ledger.hold(session, hook.dataset_id)
    return StoredBook(session, hook.dataset_id, source)
