"""Routes for whoever watches the process."""

from fastapi import APIRouter, Response

from app.errors import UnavailableError
from app.http.dependencies import MetricsOf, ReadinessOf
from app.http.health_wire import Health
from app.http.problems import documented
from app.metrics import CONTENT_TYPE

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
