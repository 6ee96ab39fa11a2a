"""The route of vectors that callers computed themselves."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app.datasets.wire import RegisteredDataset
from app.errors import (
    BusyError,
    ConflictError,
    InvalidRequestError,
    MediaTypeError,
    NotFoundError,
    SlowRequestError,
    SolveCancelledError,
    TooLargeError,
)
from app.http.dependencies import DatasetsOf, SolvePoolOf, UploadsOf, requires
from app.http.parameters import DatasetId, accepted
from app.http.problems import documented

router = APIRouter(prefix="/datasets", tags=["datasets"], dependencies=[requires("datasets")])

_SUFFIXES: Final = {
    "application/octet-stream": ".npz",
    "application/x-npz": ".npz",
    "application/vnd.apache.parquet": ".parquet",
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "An `.npz` archive or a Parquet file; see docs/vectors.md.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _SUFFIXES},
    }
}


@router.put(
    "/{dataset_id}/vectors",
    status_code=HTTPStatus.ACCEPTED,
    response_model=RegisteredDataset,
    responses=documented(
        NotFoundError,
        ConflictError,
        SlowRequestError,
        TooLargeError,
        MediaTypeError,
        InvalidRequestError,
        BusyError,
        SolveCancelledError,
    ),
    openapi_extra=_BODY,
)
async def put_vectors(
    dataset_id: DatasetId,
    request: Request,
    datasets: DatasetsOf,
    uploads: UploadsOf,
    pool: SolvePoolOf,
) -> Response:
    """Upload the vectors of a dataset that was registered with the backbone `precomputed`."""
    await run_in_threadpool(datasets.require_awaiting, dataset_id)
    name = await uploads.receive(request.stream(), _suffix(request))
    answer = await run_in_threadpool(datasets.attach_vectors, dataset_id, name, pool)
    return accepted(answer, answer.operation.id, replayed=False)


def _suffix(request: Request) -> str:
    kind = request.headers.get("Content-Type", "application/octet-stream").partition(";")[0]
    if kind.strip().lower() not in _SUFFIXES or "Content-Encoding" in request.headers:
        detail = f"Vectors come as {', '.join(_SUFFIXES)}, not compressed once more."
        raise MediaTypeError(detail)
    return _SUFFIXES[kind.strip().lower()]
