"""Routes for whoever watches the process."""

from fastapi import APIRouter

from api_schemas.health import Health
from app.dependencies import ReadinessOf
from app.errors import UnavailableError
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
