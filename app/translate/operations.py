"""Operations: a row to the wire."""

from typing import Final

from api_schemas.operations import Operation, OperationError, OperationStatus
from app.store.identifiers import new_id, now
from app.store.tables import OperationRow

EXTRACTION: Final = "extraction"


def new_extraction(dataset_id: str) -> OperationRow:
    """Return the row of an extraction that nobody has started."""
    return OperationRow(
        id=new_id(),
        kind=EXTRACTION,
        dataset_id=dataset_id,
        status=OperationStatus.NOT_STARTED,
        done=0,
        created_at=now(),
    )


def to_wire(row: OperationRow) -> Operation:
    """Return an operation as the API shows it."""
    status = OperationStatus(row.status)
    images_per_s, remaining_s = _pace(row, status)
    return Operation(
        id=row.id,
        kind=EXTRACTION,
        dataset_id=row.dataset_id,
        status=status,
        percent_complete=_percent(row, status),
        done=row.done,
        total=row.total,
        images_per_s=images_per_s,
        remaining_s=remaining_s,
        error=_error(row.error),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _percent(row: OperationRow, status: OperationStatus) -> float:
    """Return 100 for a success alone: what follows the last group takes time, too."""
    if status is OperationStatus.SUCCEEDED:
        return 100.0
    return round(99.0 * row.done / row.total, 1) if row.total else 0.0


def _pace(row: OperationRow, status: OperationStatus) -> tuple[float | None, float | None]:
    """Return images a second and the seconds left, while there is something to go by."""
    if status is not OperationStatus.RUNNING or row.started_at is None or not row.done:
        return None, None
    seconds = max((now() - row.started_at).total_seconds(), 1e-3)
    pace = row.done / seconds
    return round(pace, 2), round(((row.total or row.done) - row.done) / pace, 1)


def _error(detail: str | None) -> OperationError | None:
    if detail is None:
        return None
    return OperationError(
        type="urn:seedal:problem:extraction-failed", title="The extraction failed", detail=detail
    )
