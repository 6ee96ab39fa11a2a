"""Routes of near duplicates."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.choosing.constraints import Similarity
from app.errors import (
    BusyError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    SolveCancelledError,
)
from app.http.dependencies import CancellationOf, ScenesOf, SolvePoolOf, requires
from app.http.paging import LinkOf
from app.http.parameters import IMMUTABLE, DatasetId, PageSize, PageToken
from app.http.problems import documented
from app.scenes.wire import NearDuplicates

router = APIRouter(
    prefix="/datasets/{dataset_id}/duplicates",
    tags=["scenes"],
    dependencies=[requires("datasets")],
)


@router.get(
    "",
    responses=documented(
        NotFoundError, ConflictError, InvalidRequestError, BusyError, SolveCancelledError
    ),
)
def list_duplicates(  # noqa: PLR0913, PLR0917 - one parameter a value that FastAPI injects
    dataset_id: DatasetId,
    scenes: ScenesOf,
    pool: SolvePoolOf,
    watch: CancellationOf,
    link: LinkOf,
    response: Response,
    threshold: Annotated[
        Similarity, Query(description="Least cosine of the mean directions of a pair.")
    ] = 0.95,
    page_size: PageSize = None,
    page_token: PageToken = None,
) -> NearDuplicates:
    """List the groups of near duplicates: the largest first, then in the source's order.

    Scenes are in one group where a chain of pairs at or above the threshold connects them. Only
    usable scenes are compared.
    """
    page = scenes.duplicates(dataset_id, threshold, (page_size, page_token), pool, watch)
    response.headers["Cache-Control"] = IMMUTABLE
    return link(page)
