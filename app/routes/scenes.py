"""Routes of scenes."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Response

from api_schemas.scenes import Scene, ScenePage
from app.dependencies import ScenesOf
from app.errors import InvalidRequestError, NotFoundError
from app.problems import documented
from app.routes.parameters import DatasetId, PageSize, PageToken, SceneId

router = APIRouter(prefix="/datasets/{dataset_id}/scenes", tags=["scenes"])


@router.get("", responses=documented(NotFoundError, InvalidRequestError))
def list_scenes(
    dataset_id: DatasetId,
    scenes: ScenesOf,
    page_size: PageSize = None,
    page_token: PageToken = None,
) -> ScenePage:
    """List a dataset's scenes in the source's order."""
    return scenes.page(dataset_id, page_size, page_token)


@router.get(
    "/{scene_id:path}/thumbnail",
    response_class=Response,
    responses={
        **documented(NotFoundError, InvalidRequestError),
        HTTPStatus.OK: {"content": {"image/jpeg": {}}, "description": "At most 320 px wide."},
        HTTPStatus.NOT_MODIFIED: {"description": "The picture has this ETag still."},
    },
)
def get_thumbnail(
    dataset_id: DatasetId,
    scene_id: SceneId,
    scenes: ScenesOf,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Show a small picture of a scene: its first readable image."""
    picture = scenes.thumbnail(dataset_id, scene_id)
    headers = {"ETag": picture.etag, "Cache-Control": "private, max-age=300"}
    if picture.etag in (if_none_match or ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(picture.content, media_type="image/jpeg", headers=headers)


@router.get("/{scene_id:path}", responses=documented(NotFoundError, InvalidRequestError))
def get_scene(dataset_id: DatasetId, scene_id: SceneId, scenes: ScenesOf) -> Scene:
    """Show a scene."""
    return scenes.get(dataset_id, scene_id)
