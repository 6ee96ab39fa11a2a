"""The explorer: a page without a build step that calls the public API and nothing else."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

_STATIC: Final = Path(__file__).parent / "static"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> FileResponse:
    """Serve the explorer."""
    return FileResponse(_STATIC / "index.html", headers=_HEADERS)


class _GuardedFiles(StaticFiles):
    """Static files with the page's headers."""

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response


def include(app: FastAPI) -> None:
    """Add the explorer to an application."""
    app.include_router(router)
    app.mount("/static", _GuardedFiles(directory=_STATIC), name="static")
