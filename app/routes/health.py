"""Routes for whoever watches the process."""

from fastapi import APIRouter, Response

from api_schemas.health import Health
from app.dependencies import MetricsOf, ReadinessOf
from app.errors import UnavailableError
from app.metrics import CONTENT_TYPE
from app.problems import documented

router = APIRouter(tags=["health"])


@router.get("/livez")
async def is_alive() -> Health:
    """Tell that the process answers."""
    return Health(status="ok")


@router.get("/readyz", responses=documented(UnavailableError))
def is_ready(health: ReadinessOf) -> Health:
    """Tell that the database answers and the data directory can be written."""
    return health


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}},
)
def show_metrics(metrics: MetricsOf) -> Response:
    """Show numbers about requests, solves and operations."""
    return Response(metrics.text(), media_type=CONTENT_TYPE)
