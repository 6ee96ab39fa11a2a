"""Queries on operations. The first to end one wins: each change asks for the state it leaves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.callbacks import store as deliveries
from app.errors import NotFoundError
from app.store.identifiers import FILE_NAME, now
from app.store.tables import DatasetRow, OperationRow
from app.wire import DatasetStatus

ACTIVE = ("not_started", "running")
"""States in which an operation may still change."""


def get(session: Session, operation_id: str) -> OperationRow:
    """Return an operation.

    Raises
    ------
    NotFoundError
        There is none of this id.
    """
    row = session.get(OperationRow, operation_id)
    if row is None:
        raise NotFoundError(kind="operation", name=operation_id)
    return row


def extraction_of(session: Session, dataset_id: str) -> OperationRow:
    """Return the operation that makes a dataset ready.

    Raises
    ------
    NotFoundError
        It was forgotten long after it ended.
    """
    row = session.scalars(
        select(OperationRow)
        .where(OperationRow.dataset_id == dataset_id, OperationRow.kind == "extraction")
        .order_by(OperationRow.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFoundError(kind="extraction of dataset", name=dataset_id)
    return row


def active(session: Session) -> list[OperationRow]:
    """Return every operation that has not ended."""
    return list(session.scalars(select(OperationRow).where(OperationRow.status.in_(ACTIVE))))


def start(session: Session, operation_id: str) -> bool:
    """Mark an operation as running (again); false where it has ended or is gone."""
    changed = _change(session, operation_id, status="running")
    session.execute(
        update(OperationRow)
        .where(OperationRow.id == operation_id, OperationRow.started_at.is_(None))
        .values(started_at=now())
    )
    return changed


def advance(session: Session, operation_id: str, *, done: int, total: int) -> bool:
    """Record how far a running operation is; false where it has ended or is gone."""
    return _change(session, operation_id, done=done, total=total)


def improve(
    session: Session, operation_id: str, *, incumbent: float, upper_bound: float | None
) -> bool:
    """Record what a running solve knows; false where it has ended or is gone."""
    return _change(session, operation_id, incumbent=incumbent, upper_bound=upper_bound)


def is_active(session: Session, operation_id: str) -> bool:
    """Tell whether an operation is still wanted."""
    query = select(OperationRow.id).where(
        OperationRow.id == operation_id, OperationRow.status.in_(ACTIVE)
    )
    return session.execute(query).first() is not None


def ended_before(session: Session, moment: datetime, size: int) -> list[str]:
    """Return the ids of up to `size` operations that ended before a moment, and told so.

    They are this transaction's until it ends: another one gets others.
    """
    told = ~deliveries.PENDING_OF_OPERATION
    query = select(OperationRow.id).where(OperationRow.finished_at < moment, told).limit(size)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


def unsent_before(session: Session, moment: datetime, size: int) -> list[str]:
    """Return up to `size` operations, made before a moment, whose dataset awaits its vectors."""
    query = (
        select(OperationRow.id)
        .join(DatasetRow, DatasetRow.id == OperationRow.dataset_id)
        .where(DatasetRow.status == DatasetStatus.AWAITING_VECTORS)
        .where(OperationRow.status.in_(ACTIVE), OperationRow.created_at < moment)
    )
    return list(session.scalars(query.limit(size)))


def remove(session: Session, operation_ids: Sequence[str]) -> None:
    """Delete operations with their callbacks."""
    session.execute(delete(OperationRow).where(OperationRow.id.in_(operation_ids)))


def uploads_named(session: Session) -> set[str]:
    """Return the names of the uploaded files that operations are about; as text, like sources."""
    request = cast(OperationRow.request, Text)
    named = (request.contains(word, autoescape=True) for word in ('"vectors"', '"upload:'))
    rows = session.scalars(select(request).where(or_(*named)))
    return {name for text in rows for name in FILE_NAME.findall(text)}


def counts(session: Session) -> dict[tuple[str, ...], float]:
    """Return how many operations there are by kind and status."""
    query = select(OperationRow.kind, OperationRow.status, func.count()).group_by(
        OperationRow.kind, OperationRow.status
    )
    return {(kind, status): count for kind, status, count in session.execute(query)}


def end(
    session: Session,
    operation_id: str,
    status: str,
    error: str | None = None,
    result_id: str | None = None,
    report: dict[str, Any] | None = None,
) -> bool:
    """End an operation and make its callback due; false where it has ended already or is gone."""
    values = {"status": status, "error": error, "result_id": result_id, "report": report}
    ended = _change(session, operation_id, **values, finished_at=now())
    if ended:
        deliveries.release(session, operation_id, status)
    return ended


def _change(session: Session, operation_id: str, **values: Any) -> bool:  # noqa: ANN401 columns of any type
    changed = session.execute(
        update(OperationRow)
        .where(OperationRow.id == operation_id, OperationRow.status.in_(ACTIVE))
        .values(version=OperationRow.version + 1, **values)
        .returning(OperationRow.id)
    ).first()
    return changed is not None


def fail_dataset(session: Session, dataset_id: str, reason: str) -> None:
    """Record that a dataset cannot become ready: its extraction ended without success."""
    row = session.get_one(DatasetRow, dataset_id)
    row.status = DatasetStatus.FAILED
    row.error = reason
