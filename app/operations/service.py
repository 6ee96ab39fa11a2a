"""Show, cancel and fail operations."""

from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from app.access.service import Caller
from app.errors import ConflictError
from app.operations import store as operations
from app.operations.translate import EXTRACTION, PUSH, SYNC, to_wire
from app.operations.wire import Operation, OperationStatus
from app.store.sessions import ProjectSession

_SCOPES: Final = {EXTRACTION: "datasets:write", PUSH: "labels:write", SYNC: "labels:write"}
"""What a caller needs to end an operation of a kind; of all others, what makes a seed."""


class Operations:
    """Use cases on operations, within one transaction.

    Parameters
    ----------
    session
        The transaction; its opener commits.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, operation_id: str) -> Operation:
        """Return an operation.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        return to_wire(operations.get(self._session, operation_id))

    def cancel(self, operation_id: str, caller: Caller) -> Operation:
        """End an operation for good; its worker stops soon.

        An extraction stops after the images that it has in hand, a solve within a second.

        Cancelling it again changes nothing.

        Raises
        ------
        NotFoundError
            There is none of this id.
        ForbiddenError
            The caller may not do such work, hence not end it either.
        ConflictError
            It has succeeded or failed already.
        """
        row = operations.get(self._session, operation_id)
        caller.require(_SCOPES.get(row.kind, "seeds:write"))
        self._session.expire(row)  # it may end by itself meanwhile
        cancelled = operations.end(self._session, operation_id, OperationStatus.CANCELLED)
        row = operations.get(self._session, operation_id)
        if cancelled and row.kind == EXTRACTION:
            operations.fail_dataset(self._session, row.dataset_id, "The extraction was cancelled.")
        elif not cancelled and row.status != OperationStatus.CANCELLED:
            rule = f"Operation {operation_id!r} has {row.status} already."
            raise ConflictError(rule)
        return to_wire(row)


def fail(sessions: sessionmaker[ProjectSession], operation_id: str, reason: str) -> bool:
    """End an operation with a reason, and its dataset where that cannot become ready without it.

    Returns
    -------
    bool
        False where it has ended already.
    """
    with sessions.begin() as session:
        if not operations.end(session, operation_id, OperationStatus.FAILED, reason):
            return False
        operation = operations.get(session, operation_id)
        if operation.kind == EXTRACTION:
            operations.fail_dataset(session, operation.dataset_id, reason)
        return True
