"""The API process: puts the parts together, serves them, and imports neither torch nor FAISS."""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy.orm import sessionmaker
from typing_extensions import override

from app import problems, routes, web
from app.dependencies import Wiring
from app.errors import SettingsError
from app.jobs.embedded import EmbeddedWorker
from app.observability import RequestLog, configure_logging
from app.services.solve_pool import SolvePool
from app.settings import Settings
from app.store.engine import open_engine
from app.store.queue import JobQueue
from app.store.schema import upgrade
from app.translate.seeds import versions

_PATIENCE_S = 30.0
"""How long a budget waits for a free solve process before it is turned away."""

_GRACE_S = 10
"""How long requests in flight may take to end when the server is asked to stop."""


class _Api(FastAPI):
    """An application whose OpenAPI document tells the truth about errors."""

    @override
    def openapi(self) -> dict[str, Any]:
        return problems.describe(super().openapi())


def create_app(settings: Settings) -> FastAPI:
    """Return the application; its database is opened and migrated when it starts.

    Parameters
    ----------
    settings
        Where it keeps what, and what it may read.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        engine = open_engine(settings.database())
        upgrade(engine)
        queue = JobQueue(engine)
        pool = SolvePool(settings.solve_processes, patience_s=_PATIENCE_S)
        app.state.wiring = Wiring(
            settings, sessionmaker(engine, expire_on_commit=False), queue, pool
        )
        try:
            yield
        finally:
            pool.close()
            queue.close()
            engine.dispose()

    app = _Api(
        title="seedal",
        summary="Which 3D scenes to label first, with a certified gap.",
        version=versions().get("seedal-service", "0"),  # a checkout need not be installed
        lifespan=lifespan,
        docs_url=None,  # both pages would load scripts from other hosts
        redoc_url=None,
        generate_unique_id_function=_operation_id,
    )
    app.add_middleware(RequestLog)
    problems.install(app)
    routes.include(app)
    web.include(app)
    return app


def serve(settings: Settings, *, worker: bool) -> None:
    """Serve the API until the process is asked to stop.

    Parameters
    ----------
    settings
        See `Settings`.
    worker
        Also run a worker, as a child process that ends with this one.

    Raises
    ------
    SettingsError
        The host is not a loopback address.
    """
    _require_guarded_host(settings)
    configure_logging(settings.log_level)
    app = create_app(settings)
    with EmbeddedWorker(settings) if worker else nullcontext():
        uvicorn.run(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_GRACE_S,
        )


def _require_guarded_host(settings: Settings) -> None:
    """Refuse to listen beyond this machine as long as nothing asks who is calling."""
    if settings.allow_unauthenticated or settings.host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        rule = (
            f"Refusing to listen on {settings.host}: there are no API keys yet, so only a loopback "
            "address is served; set SEEDAL_ALLOW_UNAUTHENTICATED=1 only behind something that "
            "authenticates."
        )
        raise SettingsError(rule)


def _operation_id(route: APIRoute) -> str:
    """Name operations by their functions, so that generated clients read well."""
    return route.name
