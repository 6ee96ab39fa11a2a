"""Routes of files for other hosts: no key is asked for, for the address is one."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from app.errors import BusyError, GoneError, NotFoundError, UnavailableError
from app.http.dependencies import AppState, AppStateOf, needing_database
from app.http.doors import is_head
from app.http.middleware import names_tag
from app.http.problems import documented
from app.scenes.media import CORS, MediaFile, signed_file

media = APIRouter(prefix="/media", tags=["media"])

Signature = Annotated[
    str, Path(max_length=300, description="As the service wrote it; good for some days.")
]
_PREFLIGHT: Final = {
    **CORS,
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match, If-Range, Range",
    "Access-Control-Max-Age": "86400",
}


@media.get(
    "/{signature}",
    response_class=Response,
    openapi_extra={"security": []},
    responses={
        **documented(NotFoundError, GoneError, BusyError, UnavailableError),
        HTTPStatus.OK: {
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
            "description": "The original bytes, with the type of the file.",
        },
        HTTPStatus.PARTIAL_CONTENT: {"description": "The part that `Range` asks for."},
    },
)
async def get_media(signature: Signature, request: Request, app_state: AppStateOf) -> Response:
    """Show an image or a point cloud as it is, to whoever has its signed address."""
    file = await run_in_threadpool(_look_up, app_state, signature)
    sent = await request.app.state.media.answer(
        file,
        is_head=is_head(request),
        is_known=lambda tag: names_tag(request.headers, tag),
    )
    response: Response = sent
    return response


@media.options("/{signature}", status_code=HTTPStatus.NO_CONTENT, include_in_schema=False)
async def permit_media(signature: Signature) -> Response:  # noqa: ARG001 every one
    """Tell browsers that pages of every site may read such files."""
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=_PREFLIGHT)


def _look_up(app_state: AppState, signature: str) -> MediaFile:
    with needing_database(), app_state.sessions.begin() as session:
        return signed_file(session, app_state.settings, signature)
