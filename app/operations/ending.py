"""How an operation ends that cannot succeed."""

from sqlalchemy.orm import sessionmaker

from app.datasets import store as datasets
from app.datasets.wire import DatasetStatus
from app.operations import store as operations
from app.operations.translate import EXTRACTION
from app.operations.wire import OperationStatus
from app.store.sessions import ProjectSession


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
            dataset = datasets.get(session, operation.dataset_id)
            dataset.status = DatasetStatus.FAILED
            dataset.error = reason
        return True
