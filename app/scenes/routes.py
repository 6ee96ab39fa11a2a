"""Routes of scenes: one by one, with pictures, points and neighbours, and all in a map."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override

from app.choosing.constraints import Similarity
from app.errors import BusyError, ConflictError
from app.http.dependencies import AppStateOf, CancellationOf, Transaction, requires
from app.http.parameters import (
    BRIEFLY,
    IMMUTABLE,
    DatasetId,
    LinkOf,
    PageSize,
    PageToken,
    SceneId,
)
from app.http.problems import READING, SOLVING, documented
from app.scenes.maps import MapService
from app.scenes.pools import RequestContext
from app.scenes.service import SceneService
from app.scenes.wire import (
    MapMethod,
    NearDuplicates,
    Neighbors,
    PointCloud,
    Scene,
    SceneMap,
    ScenePage,
)


class _SceneRoute(APIRoute):
    """A route whose path may have a scene's id, which has slashes, and ends in a word of its own.

    The id ``a/thumbnail`` is not the picture of ``a``: its slash is sent as ``%2F``, and the path
    is compared as it was sent.
    """

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        word = self.path.rpartition("/")[2]
        sent = scope.get("raw_path")
        if match is Match.NONE or not sent or word.startswith("{"):
            return match, child
        last = unquote(sent.partition(b"?")[0].rpartition(b"/")[2])
        return (match, child) if last == word else (Match.NONE, {})


router = APIRouter(
    prefix="/datasets/{dataset_id}/scenes",
    tags=["scenes"],
    dependencies=[requires("datasets")],
    route_class=_SceneRoute,
)
duplicates = APIRouter(
    prefix="/datasets/{dataset_id}/duplicates", tags=["scenes"], dependencies=[requires("datasets")]
)
maps = APIRouter(
    prefix="/datasets/{dataset_id}/map", tags=["scenes"], dependencies=[requires("datasets")]
)


def _context(request: Request, app_state: AppStateOf, session: Transaction) -> RequestContext:
    return RequestContext(session, app_state.settings, request.app.state.pools)


ContextOf = Annotated[RequestContext, Depends(_context)]


def _scenes(app_state: AppStateOf, session: Transaction) -> SceneService:
    return SceneService(session, app_state.settings, app_state.pool)


def _maps(app_state: AppStateOf, context: ContextOf) -> MapService:
    return MapService(context, app_state.pool)


ScenesOf = Annotated[SceneService, Depends(_scenes)]
MapsOf = Annotated[MapService, Depends(_maps)]


@router.get("", responses=documented(*READING))
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
        **documented(*READING, BusyError),
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


@router.get("/{scene_id:path}/pointcloud", responses=documented(*READING, BusyError))
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
    responses=documented(*READING, ConflictError, *SOLVING),
)
def list_neighbors(
    dataset_id: DatasetId,
    scene_id: SceneId,
    scenes: ScenesOf,
    k: Annotated[int, Query(ge=1, le=100, description="How many.")] = 10,
) -> Neighbors:
    """List the scenes that look most like one."""
    return scenes.neighbors(dataset_id, scene_id, k)


@router.get("/{scene_id:path}", responses=documented(*READING))
def get_scene(dataset_id: DatasetId, scene_id: SceneId, scenes: ScenesOf) -> Scene:
    """Show a scene."""
    return scenes.get(dataset_id, scene_id)


@maps.get(
    "",
    responses=documented(*READING, ConflictError, *SOLVING),
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


@duplicates.get("", responses=documented(*READING, ConflictError, *SOLVING))
def list_duplicates(
    dataset_id: DatasetId,
    scenes: ScenesOf,
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
    page = scenes.duplicates(dataset_id, threshold, (page_size, page_token), watch)
    response.headers["Cache-Control"] = IMMUTABLE
    return link(page)
