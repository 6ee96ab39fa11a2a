"""Routes of datasets."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from api_schemas.datasets import Dataset, DatasetPage, DatasetRequest, RegisteredDataset
from app.dependencies import DatasetsOf
from app.errors import InvalidRequestError, MalformedRequestError, NotFoundError, TooLargeError
from app.problems import documented
from app.routes.parameters import DatasetId, PageSize, PageToken
from app.routes.strict import StrictRoute

router = APIRouter(prefix="/datasets", tags=["datasets"], route_class=StrictRoute)


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(MalformedRequestError, TooLargeError, InvalidRequestError),
)
def register_dataset(
    request: DatasetRequest, datasets: DatasetsOf, response: Response
) -> RegisteredDataset:
    """Register a pool of scenes; the operation in `Location` makes it ready for budgets."""
    registered = datasets.register(request)
    response.headers["Location"] = f"/v1/operations/{registered.operation.id}"
    return registered


@router.get("", responses=documented(InvalidRequestError))
def list_datasets(
    datasets: DatasetsOf, page_size: PageSize = None, page_token: PageToken = None
) -> DatasetPage:
    """List datasets, newest first."""
    return datasets.page(page_size, page_token)


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
