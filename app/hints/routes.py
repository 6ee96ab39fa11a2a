"""The route by which hints come."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from app.datasets.routes import UploadsOf, require_kind
from app.datasets.source_reports import UPLOAD
from app.errors import UnavailableError
from app.hints.reading import ARCHIVE
from app.hints.service import HintTask
from app.hints.wire import UploadedHint
from app.http.dependencies import AppStateOf, SolvePoolOf, requires
from app.http.openapi import FILE
from app.http.problems import SENDING, SOLVING, documented

router = APIRouter(prefix="/hints", tags=["seeds"], dependencies=[requires("seeds")])

_FORMS: Final = dict.fromkeys(("application/zip", "application/octet-stream"), ARCHIVE)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A ZIP archive of a few images, each with an index PNG of its name, or with "
        "one `.json` of COCO annotations: in the folders `images` and `labels`, or side by side.",
        "content": FILE,
    }
}


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=documented(*SENDING, *SOLVING, UnavailableError),
    openapi_extra=_BODY,
)
async def upload_hint(
    request: Request, app_state: AppStateOf, uploads: UploadsOf, pool: SolvePoolOf
) -> UploadedHint:
    """Upload a few labelled images: their `uri` is then the hint of a seed's request."""
    require_kind(request, _FORMS, "A hint comes")
    name = await uploads.receive(request.stream(), ARCHIVE)
    task = HintTask(path=app_state.settings.uploads_dir / name, uri=f"{UPLOAD}{name}")
    report: UploadedHint = await run_in_threadpool(pool.answer, task)
    return report
