"""Routes of scenes."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.errors import (
    BusyError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    SolveCancelledError,
)
from app.http.dependencies import ScenesOf, SolvePoolOf, requires
from app.http.parameters import BRIEFLY, DatasetId, LinkOf, PageSize, PageToken, SceneId
from app.http.problems import documented
from app.scenes.wire import Neighbors, PointCloud, Scene, ScenePage

router = APIRouter(
    prefix="/datasets/{dataset_id}/scenes", tags=["scenes"], dependencies=[requires("datasets")]
)


@router.get("", responses=documented(NotFoundError, InvalidRequestError))
def list_scenes(
    dataset_id: DatasetId,
    scenes: ScenesOf,
    link: LinkOf,
    page_size: PageSize = None,
    page_token: PageToken = None,
) -> ScenePage:
    """List a dataset's scenes in the source's order."""
    return link(scenes.page(dataset_id, page_size, page_token))


@router.get(
    "/{scene_id:path}/thumbnail",
    response_class=Response,
    responses={
        **documented(NotFoundError, InvalidRequestError),
        HTTPStatus.OK: {
            "content": {"image/jpeg": {}},
            "description": "At most `side` pixels wide and high.",
        },
    },
)
def get_thumbnail(
    dataset_id: DatasetId,
    scene_id: SceneId,
    scenes: ScenesOf,
    image: Annotated[
        int | None,
        Query(ge=0, le=1_000_000_000, description="Which, from 0; else the first readable one."),
    ] = None,
    side: Annotated[int, Query(ge=32, le=1600, description="Longest side in pixels.")] = 320,
) -> Response:
    """Show a small picture of a scene: one of its images."""
    picture = scenes.thumbnail(dataset_id, scene_id, image, side)
    headers = {"Cache-Control": BRIEFLY}
    return Response(picture, media_type="image/jpeg", headers=headers)


@router.get("/{scene_id:path}/pointcloud", responses=documented(NotFoundError, InvalidRequestError))
def get_pointcloud(
    dataset_id: DatasetId,
    scene_id: SceneId,
    scenes: ScenesOf,
    response: Response,
    points: Annotated[int, Query(ge=1, le=100_000, description="How many, at most.")] = 20_000,
) -> PointCloud:
    """Show points of a scene, evenly spread over its file; those that are not finite are left."""
    response.headers["Cache-Control"] = BRIEFLY
    return scenes.point_cloud(dataset_id, scene_id, points)


@router.get(
    "/{scene_id:path}/neighbors",
    responses=documented(
        NotFoundError, ConflictError, InvalidRequestError, BusyError, SolveCancelledError
    ),
)
def list_neighbors(
    dataset_id: DatasetId,
    scene_id: SceneId,
    scenes: ScenesOf,
    pool: SolvePoolOf,
    k: Annotated[int, Query(ge=1, le=100, description="How many.")] = 10,
) -> Neighbors:
    """List the scenes that look most like one."""
    return scenes.neighbors(dataset_id, scene_id, k, pool)


@router.get("/{scene_id:path}", responses=documented(NotFoundError, InvalidRequestError))
def get_scene(dataset_id: DatasetId, scene_id: SceneId, scenes: ScenesOf) -> Scene:
    """Show a scene."""
    return scenes.get(dataset_id, scene_id)
