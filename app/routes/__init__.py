"""The HTTP surface: each route parses, calls one method of one service, and returns."""

from fastapi import FastAPI

from app.routes import (
    datasets,
    frontiers,
    health,
    manifests,
    maps,
    operations,
    scenes,
    seeds,
    vectors,
)


def include(app: FastAPI) -> None:
    """Add every route to an application."""
    for module in (datasets, manifests, vectors, maps, scenes, seeds, frontiers, operations):
        app.include_router(module.router, prefix="/v1")
    app.include_router(health.router)
