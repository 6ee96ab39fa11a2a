"""Routes of maps."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.errors import (
    BusyError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    SolveCancelledError,
)
from app.http.dependencies import CancellationOf, MapsOf, requires
from app.http.parameters import IMMUTABLE, DatasetId
from app.http.problems import documented
from app.scenes.wire import MapMethod, SceneMap

router = APIRouter(
    prefix="/datasets/{dataset_id}/map", tags=["scenes"], dependencies=[requires("datasets")]
)


@router.get(
    "",
    responses=documented(
        NotFoundError, ConflictError, InvalidRequestError, BusyError, SolveCancelledError
    ),
)
def show_map(
    dataset_id: DatasetId,
    maps: MapsOf,
    watch: CancellationOf,
    response: Response,
    method: Annotated[
        MapMethod,
        Query(description="`pca`: two axes of variance. `umap`: where umap-learn is installed."),
    ] = "pca",
) -> SceneMap:
    """Show all usable scenes as points in a plane, alike ones close together."""
    response.headers["Cache-Control"] = IMMUTABLE
    return maps.draw(dataset_id, method, watch)
