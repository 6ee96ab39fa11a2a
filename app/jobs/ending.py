"""How an operation ends that cannot succeed."""

from sqlalchemy.orm import sessionmaker

from api_schemas.datasets import DatasetStatus
from api_schemas.operations import OperationStatus
from app.store import datasets, operations
from app.store.sessions import ProjectSession
from app.translate.operations import EXTRACTION


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
