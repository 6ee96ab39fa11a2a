"""Routes of frontiers."""

from http import HTTPStatus

from fastapi import APIRouter, Response

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
from app.http.dependencies import CancellationOf, FrontiersOf, IdempotencyOf, PreferenceOf, requires
from app.http.parameters import ACCEPTED, IMMUTABLE, DatasetId, FrontierId, accepted, created
from app.http.problems import documented
from app.http.strict import StrictRoute
from app.operations.wire import Operation
from app.seeds.frontiers_wire import Frontier, FrontierRequest

router = APIRouter(tags=["frontiers"], route_class=StrictRoute, dependencies=[requires("seeds")])


@router.post(
    "/datasets/{dataset_id}/frontiers",
    status_code=HTTPStatus.CREATED,
    response_model=None,
    responses={
        HTTPStatus.CREATED: {"model": Frontier, "description": "The frontier."},
        **documented(
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
        **ACCEPTED,
    },
)
def create_frontier(
    dataset_id: DatasetId,
    request: FrontierRequest,
    frontiers: FrontiersOf,
    once: IdempotencyOf,
    preference: PreferenceOf,
    watch: CancellationOf,
) -> Response:
    """Answer many budgets at once: what would each of them buy.

    One that may take longer than a request does is answered with the operation that will have it.
    """
    answer, replayed = once(
        lambda: frontiers.create(dataset_id, request, preference, watch), Frontier, Operation
    )
    answer = frontiers.awaited(answer, preference, watch)
    if isinstance(answer, Operation):
        return accepted(answer, answer.id, replayed=replayed, applied=preference.applied)
    return created(answer, f"/v1/frontiers/{answer.id}", replayed=replayed)


@router.get("/frontiers/{frontier_id}", responses=documented(NotFoundError, InvalidRequestError))
def get_frontier(frontier_id: FrontierId, frontiers: FrontiersOf, response: Response) -> Frontier:
    """Show a frontier; it never changes."""
    response.headers["Cache-Control"] = IMMUTABLE
    return frontiers.get(frontier_id)
