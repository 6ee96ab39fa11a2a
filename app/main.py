"""The API process: puts the parts together, serves them, and imports neither torch nor FAISS."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from socket import socket
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from anyio import to_thread
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker
from typing_extensions import override

from app import web
from app.access.service import Caller, Keys
from app.callbacks import contract
from app.datasets import routes as datasets
from app.errors import SettingsError
from app.hints import routes as hints
from app.hooks import routes as hooks
from app.hooks.finding import SceneKeys
from app.http import health, openapi, problems
from app.http.dependencies import AppState
from app.http.doors import ANY, LOOPBACK, Doors, Head
from app.http.middleware import Authentication, Validators
from app.jobs.embedded import EmbeddedWorker
from app.labels import routes as labels
from app.metrics import Metrics
from app.observability import RequestLog, configure_logging, install_tracing
from app.operations import routes as operations
from app.operations.store import counts as count_operations
from app.operations.stream import OperationPoller
from app.processes.pool import SolvePool
from app.pushes import routes as pushes
from app.scenes import media_routes
from app.scenes import routes as scenes
from app.scenes.media import MediaSender
from app.scenes.pools import Pools
from app.seeds import routes as seeds
from app.seeds.proof_store import ProofStore
from app.seeds.translate import versions
from app.settings import Settings
from app.store.engine import open_engine
from app.store.queue import JobQueue
from app.store.schema import upgrade
from app.store.sessions import ProjectSession, open_sessions

_ROUTERS = (
    datasets.router,
    datasets.manifests,
    datasets.vectors,
    scenes.maps,
    scenes.duplicates,
    hints.router,
    labels.router,
    pushes.router,
    scenes.router,
    seeds.objectives,
    seeds.router,
    seeds.frontiers,
    operations.router,
    hooks.router,
    hooks.inboxes,
    hooks.models,
    media_routes.media,
)

_PATIENCE_S = 30.0
"""How long a budget waits for a free solve process before it is turned away."""

_THREADS = 40
"""Requests at work at once, besides those that solve or wait to."""

_WAITS = 32
"""Requests that may wait at once for a solve that is the workers'; more get its operation."""

_GRACE_S = 10
"""How long requests in flight may take to end when the server is asked to stop."""

_STARTUP_FAILURE = 3
"""What uvicorn, too, exits with."""

_SPARED_S = 6
"""How long of that solves go on; those that have not ended by then are answered 503."""


class _Api(FastAPI):
    """An application whose OpenAPI document tells the truth about errors."""

    @override
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.describe(super().openapi())
        return self.openapi_schema


class _Server(uvicorn.Server):
    """A server that tells watchers, and those who wait for a long solve, that it ends."""

    @override
    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        state = self.config.app.state  # type: ignore[union-attr]  # a FastAPI
        state.poller.end()
        timer = asyncio.get_running_loop().call_later(_SPARED_S, state.app_state.pool.dismiss)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()


def create_app(settings: Settings) -> FastAPI:
    """Return the application; its database is opened and migrated when it starts.

    Parameters
    ----------
    settings
        Where it keeps what, and what it may read.
    """
    version = versions().get("seedal-service", "0")  # a checkout need not be installed
    metrics = Metrics(version)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        engine = open_engine(settings.database())
        upgrade(engine)
        queue = JobQueue(engine)
        sessions = open_sessions(engine)
        pool = SolvePool(
            settings.solve_processes, room=settings.solve_queue, patience_s=_PATIENCE_S
        )
        # Requests that wait for a solve or an operation have threads: all others find some, too.
        threads = to_thread.current_default_thread_limiter()
        waiting = _WAITS + settings.solve_processes + settings.solve_queue
        threads.total_tokens = _THREADS + waiting
        _show(metrics, pool, sessions)
        app.state.app_state = AppState(
            settings=settings,
            sessions=sessions,
            queue=queue,
            pool=pool,
            metrics=metrics,
            waits=BoundedSemaphore(_WAITS),
        )
        app.state.pools = Pools()
        app.state.proofs = ProofStore(settings.certificates_dir, settings.certificates_mb)
        app.state.media = MediaSender()
        app.state.scene_keys = SceneKeys()
        app.state.poller = OperationPoller(sessions)
        try:
            with metrics.served(settings.host, settings.metrics_port):
                yield
        finally:
            pool.close()
            end_tracing()
            queue.close()
            engine.dispose()

    app = _Api(
        title="seedal",
        summary="Which 3D scenes to label first, with a certified gap.",
        description=openapi.DESCRIPTION,
        servers=openapi.SERVERS,
        openapi_tags=openapi.TAGS,
        webhooks=contract.router,
        version=version,
        lifespan=lifespan,
        docs_url=None,  # both pages would load scripts from other hosts
        redoc_url=None,
        generate_unique_id_function=_operation_id,
    )
    app.add_middleware(Validators)
    app.add_middleware(Authentication, lookup=_lookup(app, settings))
    app.add_middleware(Head)
    app.add_middleware(Doors, hosts=_hosts(settings), trusted=frozenset(settings.allowed_hosts))
    app.add_middleware(RequestLog, count=metrics.request)  # the last one added is the outermost
    problems.install(app)
    for router in _ROUTERS:
        app.include_router(router, prefix="/v1")
    app.include_router(health.router)
    web.include(app)
    end_tracing = install_tracing(app)
    return app


def _lookup(app: FastAPI, settings: Settings) -> Callable[[str | None], Caller | None]:
    """Return what tells who presents a key, once the application has started."""
    # Decided once: a server beyond loopback stays shut even if its table of keys is emptied.
    is_open = _may_be_open(settings)

    def caller(presented: str | None) -> Caller | None:
        with app.state.app_state.sessions() as session:
            return Keys(session).caller(presented, is_open=is_open)

    return caller


def _hosts(settings: Settings) -> frozenset[str]:
    """Return the names that this server goes by, beside those of loopback.

    Where a key is needed from the start, a strange page has none, so any name is good unless some
    are set.
    """
    named = frozenset(settings.allowed_hosts)
    if not named and not _may_be_open(settings):
        return frozenset({ANY})
    own = {settings.host, settings.published_on or settings.host}
    own |= {urlsplit(settings.public_url or "").hostname or settings.host}
    return named | {f"[{name}]" if ":" in name else name.lower() for name in own}


def _show(metrics: Metrics, pool: SolvePool, sessions: sessionmaker[ProjectSession]) -> None:
    """Add to the metrics what others know."""
    metrics.gauge("seedal_solve_processes_busy", "Solve processes at work.", lambda: pool.busy)
    metrics.gauge("seedal_solves_waiting", "Solves without a process.", lambda: pool.waiting)

    def counts() -> dict[tuple[str, ...], float]:
        try:
            with sessions() as session:
                return count_operations(session)
        except SQLAlchemyError:  # all other numbers are wanted then, more than ever
            return {}

    labels = ("kind", "status")
    metrics.table("seedal_operations", "Operations that are remembered.", labels, counts)


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
    DatabaseError
        The database is none, cannot be reached, or is a newer version's.
    SettingsError
        The data directory cannot be written to; or the host is not a loopback address, and there is
        no usable key.
    """
    settings.require_data_dir()
    _require_guarded_host(settings, has_key=_has_usable_key(settings))
    configure_logging(settings.log_level)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    with EmbeddedWorker(settings) if worker else nullcontext():
        server = _Server(config)
        with suppress(KeyboardInterrupt):
            server.run()
    if not server.started:
        raise SystemExit(_STARTUP_FAILURE)


def _require_guarded_host(settings: Settings, *, has_key: bool) -> None:
    """Refuse to listen beyond this machine as long as nobody could come in."""
    if not _may_be_open(settings) and not has_key:
        rule = (
            f"Refusing to serve on {_reached_at(settings)}: there is no usable API key, so only a "
            "loopback address is served; make one with `seedal keys create`, or set "
            "SEEDAL_ALLOW_UNAUTHENTICATED=1 behind something that authenticates."
        )
        raise SettingsError(rule)


def _reached_at(settings: Settings) -> str:
    return settings.published_on or settings.host


def _may_be_open(settings: Settings) -> bool:
    """Tell whether callers need no key as long as there is none."""
    address = _reached_at(settings)
    if settings.allow_unauthenticated or address == LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _has_usable_key(settings: Settings) -> bool:
    """Open the database before anything else starts: what is wrong with it is one sentence."""
    engine = open_engine(settings.database())
    try:
        upgrade(engine)
        with open_sessions(engine)() as session:
            return Keys(session).is_any_usable()
    finally:
        engine.dispose()


def _operation_id(route: APIRoute) -> str:
    """Name operations by their functions, so that generated clients read well."""
    return route.name
