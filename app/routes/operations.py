"""Routes of operations."""

from fastapi import APIRouter

from api_schemas.operations import Operation
from app.dependencies import OperationsOf
from app.errors import ConflictError, InvalidRequestError, NotFoundError
from app.problems import documented
from app.routes.parameters import OperationId

router = APIRouter(prefix="/operations", tags=["operations"])


@router.get("/{operation_id}", responses=documented(NotFoundError, InvalidRequestError))
def get_operation(operation_id: OperationId, operations: OperationsOf) -> Operation:
    """Show how far an operation is."""
    return operations.get(operation_id)


@router.post(
    "/{operation_id}:cancel",
    responses=documented(NotFoundError, ConflictError, InvalidRequestError),
)
def cancel_operation(operation_id: OperationId, operations: OperationsOf) -> Operation:
    """Cancel an operation; cancelling it again changes nothing."""
    return operations.cancel(operation_id)
