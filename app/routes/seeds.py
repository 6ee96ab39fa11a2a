"""Routes of seeds."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api_schemas.seeds import Seed, SeedRequest
from app.dependencies import SeedsOf
from app.errors import (
    BusyError,
    ConflictError,
    InvalidRequestError,
    MalformedRequestError,
    NotFoundError,
    TooLargeError,
)
from app.problems import documented
from app.routes.parameters import DatasetId, SeedId
from app.routes.strict import StrictRoute

router = APIRouter(tags=["seeds"], route_class=StrictRoute)


@router.post(
    "/datasets/{dataset_id}/seeds",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        MalformedRequestError,
        NotFoundError,
        ConflictError,
        TooLargeError,
        InvalidRequestError,
        BusyError,
    ),
)
def create_seed(
    dataset_id: DatasetId, request: SeedRequest, seeds: SeedsOf, response: Response
) -> Seed:
    """Answer a budget with the scenes to annotate first.

    The same question on the same dataset gets the seed that was stored the first time.
    """
    seed = seeds.create(dataset_id, request)
    response.headers["Location"] = f"/v1/seeds/{seed.id}"
    return seed


@router.get("/seeds/{seed_id}", responses=documented(NotFoundError, InvalidRequestError))
def get_seed(seed_id: SeedId, seeds: SeedsOf) -> Seed:
    """Show a seed."""
    return seeds.get(seed_id)


@router.get(
    "/seeds/{seed_id}/export",
    response_class=Response,
    responses={
        **documented(NotFoundError, InvalidRequestError),
        HTTPStatus.OK: {
            "content": {"application/octet-stream": {}},
            "description": "The file, or a zip of several; its type depends on the format.",
        },
    },
)
def export_seed(
    seed_id: SeedId,
    seeds: SeedsOf,
    format_name: Annotated[str, Query(alias="format", examples=["csv"])] = "json",
) -> Response:
    """Download a seed in the format of a platform."""
    exported = seeds.export(seed_id, format_name)
    headers = {"Content-Disposition": f'attachment; filename="{exported.filename}"'}
    return Response(exported.content, media_type=exported.media_type, headers=headers)
