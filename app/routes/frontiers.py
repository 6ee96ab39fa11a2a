"""Routes of frontiers."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from api_schemas.frontiers import Frontier, FrontierRequest
from app.dependencies import FrontiersOf, OnceOf, WatchOf, requires
from app.errors import (
    BusyError,
    ConflictError,
    InvalidRequestError,
    MalformedRequestError,
    MediaTypeError,
    NotFoundError,
    SlowRequestError,
    SolveCancelledError,
    TooLargeError,
)
from app.problems import documented
from app.routes.answers import created
from app.routes.parameters import IMMUTABLE, DatasetId, FrontierId
from app.routes.strict import StrictRoute

router = APIRouter(tags=["frontiers"], route_class=StrictRoute, dependencies=[requires("seeds")])


@router.post(
    "/datasets/{dataset_id}/frontiers",
    status_code=HTTPStatus.CREATED,
    response_model=Frontier,
    responses=documented(
        MalformedRequestError,
        NotFoundError,
        ConflictError,
        SlowRequestError,
        TooLargeError,
        MediaTypeError,
        InvalidRequestError,
        BusyError,
        SolveCancelledError,
    ),
)
def create_frontier(
    dataset_id: DatasetId,
    request: FrontierRequest,
    frontiers: FrontiersOf,
    once: OnceOf,
    watch: WatchOf,
) -> Response:
    """Answer many budgets at once: what would each of them buy."""
    answer, replayed = once(lambda: frontiers.create(dataset_id, request, watch), Frontier)
    return created(answer, f"/v1/frontiers/{answer.id}", replayed=replayed)


@router.get("/frontiers/{frontier_id}", responses=documented(NotFoundError, InvalidRequestError))
def get_frontier(frontier_id: FrontierId, frontiers: FrontiersOf, response: Response) -> Frontier:
    """Show a frontier; it never changes."""
    response.headers["Cache-Control"] = IMMUTABLE
    return frontiers.get(frontier_id)
