"""Queries on hooks and their inbox."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.labels import store as labels
from app.labels.store import Word
from app.store.identifiers import new_id, now
from app.store.tables import HookEventRow, HookModelRow, HookRow, LabelRow

WAITING, DONE, SET_ASIDE = "waiting", "done", "set_aside"


def of_dataset(session: Session, dataset_id: str) -> list[HookRow]:
    """Return a dataset's hooks, oldest first."""
    query = select(HookRow).where(HookRow.dataset_id == dataset_id)
    return list(session.scalars(query.order_by(HookRow.created_at, HookRow.id)))


def get(session: Session, dataset_id: str, hook_id: str) -> HookRow:
    """Return a hook of a dataset.

    Raises
    ------
    NotFoundError
        The dataset has none of this id.
    """
    row = session.scalars(
        select(HookRow).where(HookRow.id == hook_id, HookRow.dataset_id == dataset_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(kind="hook", name=hook_id)
    return row


class Receiver(NamedTuple):
    """What is to be known of a hook when something comes for it."""

    id: str
    project: str
    dataset_id: str
    kind: str
    name: str
    secret: str


def receiver(session: Session, hook_id: str) -> Receiver | None:
    """Return who hears what comes under a hook's id, whose ever it is; None where nobody does.

    Columns are asked for, no row: the session may be bound to the hook's project afterwards.
    """
    columns = (getattr(HookRow, name) for name in Receiver._fields)
    found = session.execute(select(*columns).where(HookRow.id == hook_id)).one_or_none()
    return None if found is None else Receiver(*found)


def put(session: Session, hook_id: str, body: bytes) -> None:
    """Keep what came, to be worked off later."""
    moment = now()
    session.add(
        HookEventRow(
            id=new_id(), hook_id=hook_id, received_at=moment, body=body, status=WAITING,
            attempts=0, due_at=moment, error=None,
        )
    )  # fmt: skip
    session.flush()


class InboxState(NamedTuple):
    """How far a hook's inbox is worked off."""

    waiting: int = 0
    set_aside: int = 0
    last_received_at: datetime | None = None
    last_problem: str | None = None


def states(session: Session, hook_ids: Collection[str]) -> dict[str, InboxState]:
    """Return the states of inboxes, by hook."""
    received = HookEventRow.received_at
    counted = session.execute(
        select(
            HookEventRow.hook_id,
            HookEventRow.status,
            func.count().label("events"),
            func.max(received, type_=received.type).label("latest"),
        )
        .where(HookEventRow.hook_id.in_(hook_ids))
        .group_by(HookEventRow.hook_id, HookEventRow.status)
    )
    found = dict.fromkeys(hook_ids, InboxState())
    for row in counted:
        state = found[row.hook_id]
        latest = max(row.latest, state.last_received_at or row.latest)
        known = {row.status: row.events} if row.status in {WAITING, SET_ASIDE} else {}
        found[row.hook_id] = state._replace(last_received_at=latest, **known)
    for name, state in found.items():
        if state.set_aside:
            found[name] = state._replace(last_problem=_last_problem(session, name))
    return found


def _last_problem(session: Session, hook_id: str) -> str | None:
    return session.scalar(
        select(HookEventRow.error)
        .where(HookEventRow.hook_id == hook_id, HookEventRow.status == SET_ASIDE)
        .order_by(HookEventRow.id.desc())
        .limit(1)
    )


def claim(session: Session, lease: timedelta) -> HookEventRow | None:
    """Take the oldest event of a hook; nobody gets it, or a later one of it, before the lease ends.

    It counts as an attempt from now on. A worker that dies in between leaves it due again after the
    lease.
    """
    moment = now()
    heads = (
        select(func.min(HookEventRow.id))
        .where(HookEventRow.status == WAITING)
        .group_by(HookEventRow.hook_id)
    )
    due = (
        HookEventRow.status == WAITING,
        HookEventRow.due_at <= moment,
        HookEventRow.id.in_(heads),
    )
    oldest = select(HookEventRow.id).where(*due).order_by(HookEventRow.id).limit(1)
    if session.execute(oldest).first() is None:  # most often; it takes no lock
        return None
    # Chosen and taken in one statement, as callbacks are (`app.callbacks.store.claim`).
    return session.scalars(
        update(HookEventRow)
        .where(
            HookEventRow.id == oldest.with_for_update(skip_locked=True).scalar_subquery(),
            HookEventRow.status == WAITING,
            HookEventRow.due_at <= moment,
        )
        .values(due_at=moment + lease, attempts=HookEventRow.attempts + 1)
        .returning(HookEventRow)
        .execution_options(synchronize_session=False)
    ).one_or_none()


def settle(session: Session, claimed: HookEventRow, *, error: str | None = None) -> bool:
    """Record that an event is worked off, or set aside with a reason.

    What is worked off is not kept: it may be large, and says what platforms know of people.

    Returns
    -------
    bool
        False where the lease was over and somebody else has taken it since, or it is gone.
    """
    values = {"status": SET_ASIDE, "error": error} if error else {"status": DONE, "body": b""}
    return _change(session, claimed, **values)


def postpone(session: Session, claimed: HookEventRow, due_at: datetime, error: str) -> bool:
    """Let an event be tried again; false as `settle`."""
    return _change(session, claimed, due_at=due_at, error=error)


def _change(session: Session, claimed: HookEventRow, **values: object) -> bool:
    changed = session.execute(
        update(HookEventRow)
        .where(
            HookEventRow.id == claimed.id,
            HookEventRow.due_at == claimed.due_at,
            HookEventRow.status == WAITING,
        )
        .values(**values)
        .returning(HookEventRow.id)
        .execution_options(synchronize_session=False)
    ).first()
    return changed is not None


def forget(session: Session, before: datetime, most: int) -> int:
    """Forget up to `most` events of before a moment, but those that wait; return how many."""
    old = (
        select(HookEventRow.id)
        .where(HookEventRow.received_at < before, HookEventRow.status != WAITING)
        .limit(most)
    )
    gone = session.execute(
        delete(HookEventRow)
        .where(HookEventRow.id.in_(old))
        .returning(HookEventRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def model(session: Session, hook_id: str, asker: str) -> HookModelRow | None:
    """Return what a project asked of a hook that it knows as a model; None where it did not."""
    return session.get(HookModelRow, (hook_id, asker))


def models(session: Session, hook_id: str) -> list[HookModelRow]:
    """Return all that was asked of a hook."""
    query = select(HookModelRow).where(HookModelRow.hook_id == hook_id)
    return list(session.scalars(query.order_by(HookModelRow.asker)))


def retrain(session: Session, hook_id: str, project: int) -> None:
    """Let the seed of a project's model be asked for again, with what is labelled by now."""
    session.execute(
        update(HookModelRow)
        .where(
            HookModelRow.hook_id == hook_id,
            or_(
                HookModelRow.asker == str(project),
                HookModelRow.asker.startswith(f"{project}.", autoescape=True),
            ),
        )
        .values(seed_id=None, operation_id=None)
        .execution_options(synchronize_session=False)
    )


_PATTERNS: Final = 20
_REFS: Final = 500
"""Patterns, and references, that are asked for: beyond them, all that the source says is read."""


class StoredBook:
    """What the ledger says of a project of a platform, within one transaction.

    Parameters
    ----------
    session
        The transaction, which holds the ledger.
    dataset_id, source
        Whose ledger, and what it calls the project.
    """

    def __init__(self, session: Session, dataset_id: str, source: str) -> None:
        self._session = session
        self._about = (dataset_id, source)

    def said(self, refs: Collection[str]) -> Mapping[str, Word]:
        """Return what is said under these very references."""
        if len(refs) <= _REFS:
            return labels.words(self._session, *self._about, refs)
        found = labels.words(self._session, *self._about)
        return {ref: word for ref, word in found.items() if ref in refs}

    def under(self, tasks: Collection[int]) -> Mapping[str, Word]:
        """Return what is said of annotations of these tasks."""
        begins = {f"task:{task}/" for task in tasks}
        found = self._like({f"{begin}%" for begin in begins})
        return {ref: word for ref, word in found.items() if f"{ref.partition('/')[0]}/" in begins}

    def annotated(self, annotations: Collection[int]) -> Mapping[str, Word]:
        """Return what is said of these annotations, of whichever task they are."""
        ends = {f"annotation:{number}" for number in annotations}
        found = self._like({f"task:%/{end}" for end in ends})
        return {ref: word for ref, word in found.items() if ref.partition("/")[2] in ends}

    def _like(self, patterns: Collection[str]) -> Mapping[str, Word]:
        if len(patterns) > _PATTERNS:
            return labels.words(self._session, *self._about)
        dataset_id, source = self._about
        query = select(LabelRow.ref).where(
            LabelRow.dataset_id == dataset_id,
            LabelRow.source == source,
            or_(*(LabelRow.ref.like(pattern) for pattern in patterns)),
        )
        return labels.words(self._session, *self._about, set(self._session.scalars(query)))
