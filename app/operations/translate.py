"""Operations: a row to the wire."""

import math
from typing import Final, Literal

from pydantic import TypeAdapter

from app.callbacks.wire import CallbackRequest, CallbackState, CallbackStatus
from app.operations.wire import (
    Operation,
    OperationError,
    OperationStatus,
    PushReport,
    SyncReport,
)
from app.store.identifiers import new_id, now
from app.store.tables import DeliveryRow, OperationRow
from solver.model.result import relative_gap

Kind = Literal["extraction", "solve", "frontier", "push", "sync"]
EXTRACTION: Final = "extraction"
SOLVE: Final = "solve"
FRONTIER: Final = "frontier"
PUSH: Final = "push"
SYNC: Final = "sync"
_SOLVES: Final = frozenset({SOLVE, FRONTIER})
_KIND: Final[TypeAdapter[Kind]] = TypeAdapter(Kind)

_MOST_PERCENT: Final = 99.0
"""What is shown before the end: what follows the last group, or the time limit, takes time, too."""


def new_operation(
    kind: Kind, dataset_id: str, callback: CallbackRequest | None = None
) -> OperationRow:
    """Return the row of an operation that no worker has started, with its callback."""
    row = OperationRow(
        id=new_id(),
        kind=kind,
        dataset_id=dataset_id,
        status=OperationStatus.NOT_STARTED,
        version=0,
        done=0,
        created_at=now(),
    )
    if callback is not None:
        row.delivery = DeliveryRow(
            id=f"msg_{new_id()}",
            url=callback.url,
            secret=callback.secret,
            status=CallbackStatus.WAITING,
            attempts=0,
        )
    return row


def _callback(row: DeliveryRow) -> CallbackState:
    return CallbackState(
        url=row.url,
        status=CallbackStatus(row.status),
        attempts=row.attempts,
        last_error=row.last_error,
        next_attempt_at=row.due_at,
    )


def to_wire(row: OperationRow) -> Operation:
    """Return an operation as the API shows it."""
    status = OperationStatus(row.status)
    images_per_s, remaining_s = _pace(row, status)
    elapsed_s = _elapsed(row)
    return Operation(
        id=row.id,
        kind=_KIND.validate_python(row.kind),
        dataset_id=row.dataset_id,
        status=status,
        percent_complete=_percent(row, status, elapsed_s),
        version=row.version,
        done=row.done,
        total=row.total,
        images_per_s=images_per_s,
        remaining_s=remaining_s,
        incumbent=row.incumbent,
        upper_bound=row.upper_bound,
        gap=_gap(row.incumbent, row.upper_bound),
        elapsed_s=elapsed_s,
        seed_id=row.result_id if row.kind == SOLVE else None,
        frontier_id=row.result_id if row.kind == FRONTIER else None,
        push=PushReport.model_validate(row.report) if row.kind == PUSH and row.report else None,
        sync=SyncReport.model_validate(row.report) if row.kind == SYNC and row.report else None,
        error=_error(row),
        callback=None if row.delivery is None else _callback(row.delivery),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _percent(row: OperationRow, status: OperationStatus, elapsed_s: float | None) -> float:
    """Return 100 for a success alone."""
    if status is OperationStatus.SUCCEEDED:
        return 100.0
    if row.kind in _SOLVES:
        limit = float((row.request or {}).get("time_limit_s", 1.0))
        return round(_MOST_PERCENT * min(1.0, (elapsed_s or 0.0) / limit), 1)
    return round(_MOST_PERCENT * row.done / row.total, 1) if row.total else 0.0


def _elapsed(row: OperationRow) -> float | None:
    if row.started_at is None:
        return None
    return round(max(0.0, ((row.finished_at or now()) - row.started_at).total_seconds()), 3)


def _gap(incumbent: float | None, upper_bound: float | None) -> float | None:
    if incumbent is None or upper_bound is None:
        return None
    gap = relative_gap(incumbent, upper_bound)
    return gap if math.isfinite(gap) else None


def _pace(row: OperationRow, status: OperationStatus) -> tuple[float | None, float | None]:
    """Return images a second and the seconds left, while there is something to go by."""
    if status is not OperationStatus.RUNNING or row.started_at is None or not row.done:
        return None, None
    seconds = (now() - row.started_at).total_seconds()
    if seconds <= 0:  # the clock was set back
        return None, None
    pace = row.done / seconds
    return round(pace, 2), round(((row.total or row.done) - row.done) / pace, 1)


def _error(row: OperationRow) -> OperationError | None:
    if row.error is None:
        return None
    return OperationError(
        type=f"urn:seedal:problem:{row.kind}-failed",
        title=f"The {row.kind} failed",
        detail=row.error,
    )
