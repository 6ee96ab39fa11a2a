"""Routes of datasets."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from app.datasets.validation_wire import SourceReport, ValidationRequest
from app.datasets.wire import Dataset, DatasetPage, DatasetRequest, RegisteredDataset
from app.errors import (
    BusyError,
    InvalidRequestError,
    MalformedRequestError,
    MediaTypeError,
    NotFoundError,
    SlowRequestError,
    SolveCancelledError,
    TooLargeError,
)
from app.http.dependencies import CancellationOf, DatasetsOf, IdempotencyOf, SolvePoolOf, requires
from app.http.parameters import DatasetId, LinkOf, PageSize, PageToken, accepted
from app.http.problems import documented
from app.http.strict import StrictRoute

router = APIRouter(
    prefix="/datasets",
    tags=["datasets"],
    route_class=StrictRoute,
    dependencies=[requires("datasets")],
)


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    response_model=RegisteredDataset,
    responses=documented(
        MalformedRequestError,
        SlowRequestError,
        TooLargeError,
        MediaTypeError,
        InvalidRequestError,
    ),
)
def register_dataset(
    request: DatasetRequest, datasets: DatasetsOf, once: IdempotencyOf
) -> Response:
    """Register a pool of scenes; the operation in `Location` makes it ready for budgets."""
    answer, replayed = once(lambda: datasets.register(request), RegisteredDataset)
    return accepted(answer, answer.operation.id, replayed=replayed)


@router.post(
    ":validate",
    responses=documented(
        MalformedRequestError,
        SlowRequestError,
        TooLargeError,
        MediaTypeError,
        InvalidRequestError,
        BusyError,
        SolveCancelledError,
    ),
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


@router.get("/{dataset_id}", responses=documented(NotFoundError, InvalidRequestError))
def get_dataset(dataset_id: DatasetId, datasets: DatasetsOf) -> Dataset:
    """Show a dataset."""
    return datasets.get(dataset_id)


@router.delete(
    "/{dataset_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(NotFoundError, InvalidRequestError),
)
def delete_dataset(dataset_id: DatasetId, datasets: DatasetsOf) -> None:
    """Delete a dataset with its scenes, operations and seeds."""
    datasets.remove(dataset_id)
