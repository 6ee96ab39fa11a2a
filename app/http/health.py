"""Whether this process can do its work: routes for those who watch it."""

import tempfile
from typing import Literal

from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.errors import UnavailableError
from app.http.dependencies import AppStateOf, MetricsOf, Session
from app.http.problems import documented
from app.metrics import CONTENT_TYPE
from app.settings import Settings
from app.store.sessions import ProjectSession
from app.wire import Wire


class Health(Wire):
    """The process answers; `checks` names what else was looked at."""

    status: Literal["ok"]
    checks: tuple[str, ...] = ()


def check_readiness(session: ProjectSession, settings: Settings) -> Health:
    """Return healthy where the database answers and the data directory can be written.

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
        with tempfile.TemporaryFile(dir=settings.data_dir):
            pass
    except OSError as error:
        detail = "The data directory cannot be written."
        raise UnavailableError(detail) from error
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
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}},
)
def show_metrics(metrics: MetricsOf) -> Response:
    """Show numbers about requests, solves and operations."""
    return Response(metrics.text(), media_type=CONTENT_TYPE)
