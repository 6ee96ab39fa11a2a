"""The HTTP surface: each route parses, calls one method of one service, and returns."""

from fastapi import FastAPI

from app.datasets import manifests_routes as manifests
from app.datasets import routes as datasets
from app.datasets import vectors_routes as vectors
from app.http import health_routes as health
from app.operations import routes as operations
from app.scenes import duplicates_routes as duplicates
from app.scenes import maps_routes as maps
from app.scenes import routes as scenes
from app.seeds import routes as seeds


def include(app: FastAPI) -> None:
    """Add every route to an application."""
    for router in (
        datasets.router,
        manifests.router,
        vectors.router,
        maps.router,
        duplicates.router,
        scenes.router,
        seeds.objectives,
        seeds.router,
        seeds.frontiers,
        operations.router,
    ):
        app.include_router(router, prefix="/v1")
    app.include_router(health.router)
