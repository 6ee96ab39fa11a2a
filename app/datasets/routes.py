"""Routes of datasets: registered, shown, deleted, and sent manifests and vectors."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from app.datasets.service import Datasets
from app.datasets.uploads import Uploads
from app.datasets.validation_wire import SourceReport, ValidationRequest
from app.datasets.wire import (
    Dataset,
    DatasetPage,
    DatasetRequest,
    RegisteredDataset,
    UploadedManifest,
)
from app.errors import (
    ConflictError,
    InvalidRequestError,
    MediaTypeError,
    NotFoundError,
    UnavailableError,
)
from app.http.dependencies import (
    AppStateOf,
    CancellationOf,
    IdempotencyOf,
    SolvePoolOf,
    Transaction,
    requires,
)
from app.http.openapi import FILE
from app.http.parameters import DatasetId, LinkOf, PageSize, PageToken, accepted
from app.http.problems import READING, SENDING, SOLVING, documented
from app.http.strict import StrictRoute

_ROUTES: Final[dict[str, Any]] = {"tags": ["datasets"], "dependencies": [requires("datasets")]}
router = APIRouter(prefix="/datasets", route_class=StrictRoute, **_ROUTES)
manifests = APIRouter(prefix="/manifests", **_ROUTES)
vectors = APIRouter(prefix="/datasets", **_ROUTES)


def _datasets(app_state: AppStateOf, session: Transaction) -> Datasets:
    return Datasets(session, app_state.queue, app_state.settings)


def _uploads(app_state: AppStateOf) -> Uploads:
    return Uploads(app_state.settings)


DatasetsOf = Annotated[Datasets, Depends(_datasets)]
UploadsOf = Annotated[Uploads, Depends(_uploads)]


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    response_model=RegisteredDataset,
    responses=documented(*SENDING),
)
def register_dataset(
    request: DatasetRequest, datasets: DatasetsOf, once: IdempotencyOf
) -> Response:
    """Register a pool of scenes; the operation in `Location` makes it ready for budgets."""
    answer, replayed = once(lambda: datasets.register(request), RegisteredDataset)
    return accepted(answer, answer.operation.id, replayed=replayed)


@router.post(
    ":validate",
    responses=documented(*SENDING, *SOLVING),
)
def validate_dataset(
    request: ValidationRequest, datasets: DatasetsOf, pool: SolvePoolOf, watch: CancellationOf
) -> SourceReport:
    """Look at a source without registering it: what it holds, and what is wrong with it."""
    return datasets.report(request, pool, watch)


@router.get("", responses=documented(InvalidRequestError))
def list_datasets(
    datasets: DatasetsOf,
    link: LinkOf,
    page_size: PageSize = None,
    page_token: PageToken = None,
) -> DatasetPage:
    """List datasets, newest first."""
    return link(datasets.page(page_size, page_token))


@router.get("/{dataset_id}", responses=documented(*READING))
def get_dataset(dataset_id: DatasetId, datasets: DatasetsOf) -> Dataset:
    """Show a dataset."""
    return datasets.get(dataset_id)


@router.delete(
    "/{dataset_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(*READING),
)
def delete_dataset(dataset_id: DatasetId, datasets: DatasetsOf) -> None:
    """Delete a dataset with its scenes, operations and seeds."""
    datasets.remove(dataset_id)


_FORMS: Final = dict.fromkeys(
    (
        "application/octet-stream",
        "application/jsonl",
        "application/x-ndjson",
        "text/csv",
        "application/vnd.apache.parquet",
        "application/gzip",
    ),
    "",
)
"""What a manifest may call itself; its first bytes decide."""

_MANIFEST_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "JSON Lines, a JSON array, CSV (each also packed by gzip) or Parquet, "
        "seen by its first bytes, whatever Content-Type names it; see docs/sources.md. "
        "Images in it have absolute paths or URIs.",
        "content": FILE,
    }
}


@manifests.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=documented(*SENDING, UnavailableError),
    openapi_extra=_MANIFEST_BODY,
)
async def upload_manifest(request: Request, uploads: UploadsOf) -> UploadedManifest:
    """Upload a manifest: its `uri` is then a source's; the same file always has the same one."""
    require_kind(request, _FORMS, "A manifest comes")
    return await uploads.receive_manifest(request.stream())


_SUFFIXES: Final = {
    "application/octet-stream": ".npz",
    "application/x-npz": ".npz",
    "application/vnd.apache.parquet": ".parquet",
}
_VECTORS_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "An `.npz` archive or a Parquet file, seen by its first bytes; see "
        "docs/vectors.md.",
        "content": FILE,
    }
}


@vectors.put(
    "/{dataset_id}/vectors",
    status_code=HTTPStatus.ACCEPTED,
    response_model=RegisteredDataset,
    responses=documented(
        NotFoundError,
        ConflictError,
        *SENDING[1:],
        *SOLVING,
    ),
    openapi_extra=_VECTORS_BODY,
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
    suffix = _SUFFIXES[require_kind(request, _SUFFIXES, "Vectors come")]
    name = await uploads.receive_vectors(request.stream(), suffix)
    answer = await run_in_threadpool(datasets.attach_vectors, dataset_id, name, pool)
    return accepted(answer, answer.operation.id, replayed=False)


def require_kind(request: Request, known: Mapping[str, str], what: str) -> str:
    """Return the content type of a file that is sent: one of those that are known."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in known:
        named = repr(kind[:100]) if kind else "nothing"
        detail = f"{what} with a Content-Type of {', '.join(known)}; it is {named}."
        raise MediaTypeError(detail)
    if "Content-Encoding" in request.headers:
        detail = "Compressed bodies are not read; send it as it is."
        raise MediaTypeError(detail)
    return kind
