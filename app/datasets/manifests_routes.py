"""The route of manifests that callers send along, instead of naming where they lie."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request

from app.datasets.wire import UploadedManifest
from app.errors import (
    InvalidRequestError,
    MalformedRequestError,
    MediaTypeError,
    SlowRequestError,
    TooLargeError,
)
from app.http.dependencies import UploadsOf, requires
from app.http.problems import documented

router = APIRouter(prefix="/manifests", tags=["datasets"], dependencies=[requires("datasets")])

_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "JSON Lines, CSV or Parquet, seen by its first bytes; see docs/sources.md. "
        "Images in it have absolute paths or URIs.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        MalformedRequestError, SlowRequestError, TooLargeError, MediaTypeError, InvalidRequestError
    ),
    openapi_extra=_BODY,
)
async def upload_manifest(request: Request, uploads: UploadsOf) -> UploadedManifest:
    """Upload a manifest: its `uri` is then a source's; the same file always has the same one."""
    if "Content-Encoding" in request.headers:
        detail = "Compressed bodies are not read; send it as it is."
        raise MediaTypeError(detail)
    return await uploads.receive_manifest(request.stream())
