"""Routes of operations."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event

from app.errors import ConflictError
from app.http.dependencies import CallerOf, Transaction, requires
from app.http.doors import is_head
from app.http.parameters import RETRY_AFTER, OperationId
from app.http.problems import READING, documented
from app.operations.service import Operations
from app.operations.stream import OperationPoller, OperationStream
from app.operations.wire import Operation, OperationStatus

router = APIRouter(prefix="/operations", tags=["operations"])

_LOOK = [requires("datasets")]

_DIGITS: Final = 18
_RETRY_MS: Final = 2_000
"""When a client that was cut off comes back."""

_STREAM: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_EVENTS: Final = {
    OperationStatus.SUCCEEDED: "done",
    OperationStatus.FAILED: "error",
    OperationStatus.CANCELLED: "error",
}


def _operations(session: Transaction) -> Operations:
    return Operations(session)


def _stream(request: Request, caller: CallerOf) -> OperationStream:
    poller: OperationPoller = request.app.state.poller
    return OperationStream(poller, caller.project)


OperationsOf = Annotated[Operations, Depends(_operations)]
StreamOf = Annotated[OperationStream, Depends(_stream)]


@router.get("/{operation_id}", dependencies=_LOOK, responses=documented(*READING))
def get_operation(
    operation_id: OperationId, operations: OperationsOf, response: Response
) -> Operation:
    """Show how far an operation is; `Retry-After` says when it is worth asking again."""
    operation = operations.get(operation_id)
    if operation.finished_at is None:
        response.headers.update(RETRY_AFTER)
    return operation


@router.get(
    "/{operation_id}/events",
    dependencies=_LOOK,
    response_class=Response,
    responses={
        **documented(*READING),
        HTTPStatus.OK: {
            "content": {"text/event-stream": {}},
            "description": "Server-sent events: `progress`, `incumbent`, and at the end `done` or "
            "`error`; the data of each is the operation.",
        },
        HTTPStatus.NO_CONTENT: {"description": "The end was reported already; do not come back."},
    },
)
async def watch_operation(
    request: Request,
    operation_id: OperationId,
    stream: StreamOf,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Follow an operation up to its end."""
    first = await stream.look(operation_id)
    known = _version(last_event_id)
    if first.finished_at is not None and known >= first.version:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    lines = _beginning() if is_head(request) else _lines(stream.changes(first, known))
    return EventSourceResponse(lines, headers=_STREAM)


@router.post(
    "/{operation_id}:cancel",
    dependencies=[requires("datasets", "seeds")],
    responses=documented(*READING, ConflictError),
)
def cancel_operation(
    operation_id: OperationId, operations: OperationsOf, caller: CallerOf
) -> Operation:
    """Cancel an operation, with the scope that its work needs; again, it changes nothing."""
    return operations.cancel(operation_id, caller)


def _version(event_id: str | None) -> int:
    """Return the version that an event's id names; -1 where it is none of ours."""
    if event_id and event_id.isdecimal() and len(event_id) <= _DIGITS:
        return int(event_id)
    return -1


async def _beginning() -> AsyncIterator[bytes]:
    """Yield what every stream begins with; nothing more is read of it where HEAD asks."""
    yield format_sse_event(retry=_RETRY_MS)


async def _lines(changes: AsyncIterator[Operation | None]) -> AsyncIterator[bytes]:
    async for line in _beginning():
        yield line
    async for operation in changes:
        if operation is None:
            yield KEEPALIVE_COMMENT
            continue
        usual = "progress" if operation.incumbent is None else "incumbent"
        yield format_sse_event(
            id=str(operation.version),
            event=_EVENTS.get(operation.status, usual),
            data_str=operation.model_dump_json(),
        )
