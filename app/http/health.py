"""Whether this process can do its work: routes for those who watch it."""

import shutil
import tempfile
from typing import Final, Literal

from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.errors import NotFoundError, UnavailableError
from app.http.dependencies import AppStateOf, MetricsOf, Session
from app.http.problems import documented
from app.metrics import CONTENT_TYPE
from app.settings import Settings
from app.store.sessions import ProjectSession
from app.wire import Wire

_SAMPLE: Final = b"x" * 65_536
"""A full disk takes new files, and nothing into them."""

_LEAST_FREE: Final = 16 * 2**20
"""Bytes: with less, the next upload or the database's log fails."""


class Health(Wire):
    """The process answers; `checks` names what else was looked at."""

    status: Literal["ok"]
    checks: tuple[str, ...] = ()


def check_readiness(session: ProjectSession, settings: Settings) -> Health:
    """Return healthy where the database answers and the data directory has room.

    Raises
    ------
    UnavailableError
        One of them does not; says which.
    """
    try:
        session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        detail = "The database does not answer."
        raise UnavailableError(detail) from error
    try:
        with tempfile.TemporaryFile(dir=settings.data_dir) as file:
            file.write(_SAMPLE)
        free = shutil.disk_usage(settings.data_dir).free
    except OSError as error:
        detail = "The data directory cannot be written, or its disk is full."
        raise UnavailableError(detail) from error
    if free < _LEAST_FREE:
        detail = f"The data directory's disk has less than {_LEAST_FREE // 2**20} MiB left."
        raise UnavailableError(detail)
    return Health(status="ok", checks=("database", "data directory"))


router = APIRouter(tags=["health"])


@router.get("/livez")
async def is_alive() -> Health:
    """Tell that the process answers."""
    return Health(status="ok")


@router.get("/readyz", responses=documented(UnavailableError))
def is_ready(app_state: AppStateOf, session: Session) -> Health:
    """Tell that the database answers and the data directory can be written."""
    return check_readiness(session, app_state.settings)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        **documented(NotFoundError),
        200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."},
    },
)
def show_metrics(app_state: AppStateOf, metrics: MetricsOf) -> Response:
    """Show numbers about requests, solves and operations, unless another port does."""
    if app_state.settings.metrics_port is not None:
        raise NotFoundError(kind="page", name="/metrics on this port")
    return Response(metrics.text(), media_type=CONTENT_TYPE)
