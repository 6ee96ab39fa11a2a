"""The explorer: a page without a build step that calls the public API and nothing else."""

import os
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

_STATIC: Final = Path(__file__).parent / "static"
_PLOTLY: Final = "plotly.min.js"

_EMPTY_STYLE: Final = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""The hash of nothing: plotly.js adds an empty style element, and then rules to it by script."""

_POLICY: Final = (
    "default-src 'self'",
    f"style-src 'self' {_EMPTY_STYLE}",
    "img-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
_HEADERS: Final = {
    "Content-Security-Policy": "; ".join(_POLICY),
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
    """Static files with the page's headers; plotly.js comes from its own package."""

    @override
    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        if path != _PLOTLY:
            return super().lookup_path(path)
        found = Path(str(distribution("plotly").locate_file(f"plotly/package_data/{_PLOTLY}")))
        return str(found), found.stat()

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response


def include(app: FastAPI) -> None:
    """Add the explorer to an application."""
    app.include_router(router)
    app.mount("/static", _GuardedFiles(directory=_STATIC), name="static")
