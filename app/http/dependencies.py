"""What any route may ask for, and where it comes from; each resource adds its own service."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import sessionmaker

from app.access.service import Caller, scope_of
from app.errors import UnavailableError
from app.http.idempotency import FORM, Idempotency
from app.http.parameters import Preference
from app.metrics import Metrics
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.settings import Settings
from app.store.queue import JobQueue
from app.store.sessions import ProjectSession


@dataclass(slots=True)
class AppState:
    """What lives as long as the process and concerns every resource; `app.main` makes it.

    A resource that keeps something of its own as long as the process lives puts it beside this into
    the application's state.

    Parameters
    ----------
    settings, sessions, queue, pool, metrics, waits
        The process's settings, its ways to the database, to the workers and to the solvers, what
        it counts, and how many requests may wait for operations at once.
    """

    settings: Settings
    sessions: sessionmaker[ProjectSession]
    queue: JobQueue
    pool: SolvePool
    metrics: Metrics
    waits: threading.BoundedSemaphore


def _app_state(request: Request) -> AppState:
    app_state: AppState = request.app.state.app_state
    return app_state


AppStateOf = Annotated[AppState, Depends(_app_state)]


def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


CallerOf = Annotated[Caller, Depends(_caller)]


# They only describe: `app.http.middleware` has read the headers before any route.
_Bearer = Annotated[object, Depends(HTTPBearer(scheme_name="bearer", auto_error=False))]
_ApiKey = Annotated[
    object, Depends(APIKeyHeader(scheme_name="api_key", name="X-API-Key", auto_error=False))
]


async def _let_in(
    request: Request, caller: CallerOf, wanted: SecurityScopes, _: _Bearer, __: _ApiKey
) -> None:
    caller.require(*(scope_of(resource, request.method) for resource in wanted.scopes))


def requires(*resources: str) -> Any:  # noqa: ANN401 what FastAPI's own function returns
    """Return a dependency that lets in whose key is good for one of these resources.

    ``RESOURCE:read`` is needed to look, ``RESOURCE:write`` for everything else.
    """
    return Security(_let_in, scopes=resources)


@contextmanager
def needing_database() -> Iterator[None]:
    """Say that the service is not ready where the database fails within the context.

    A database that is away, full or damaged is a reason to ask again, not this program's mistake.

    Raises
    ------
    UnavailableError
        It does not answer, or cannot be written.
    """
    try:
        yield
    except (DatabaseError, PoolTimeoutError) as error:
        away = {DatabaseError, OperationalError, PoolTimeoutError}
        if type(error) not in away:  # what was sent is wrong, not it
            raise
        why = str(getattr(error, "orig", error))
        structlog.get_logger(__name__).warning("the database failed", error=why)
        rule = "The database does not answer, or cannot be written; nothing was changed."
        raise UnavailableError(rule) from error


def _session(app_state: AppStateOf) -> Iterator[ProjectSession]:
    """One transaction per request, committed before the response leaves, or not at all."""
    with needing_database(), app_state.sessions() as session:
        yield session
        session.commit()


Session = Annotated[ProjectSession, Depends(_session, scope="function")]


def _transaction(session: Session, caller: CallerOf) -> ProjectSession:
    """Return a transaction that meets the caller's project alone."""
    session.bind_to(caller.project)
    return session


Transaction = Annotated[ProjectSession, Depends(_transaction, scope="function")]


async def _watch(request: Request) -> AsyncIterator[Cancellation]:
    """Watch whether the caller is still there, as long as the route works."""
    gone = threading.Event()

    async def wait() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    waiting = asyncio.create_task(wait())
    try:
        yield Cancellation(gone.is_set)
    finally:
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting


async def _idempotency(
    request: Request,
    session: Transaction,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            pattern=FORM,
            description="The same request with the same key does its work once (24 hours).",
            examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
        ),
    ] = None,
) -> Idempotency:
    call = f"{request.method} {request.url.path}"
    return Idempotency(session=session, call=call, key=idempotency_key, body=await request.body())


def _preference(
    prefer: Annotated[
        str | None,
        Header(
            alias="Prefer",
            description="`respond-async`: an operation may be the answer. `wait=N`: but only if "
            "the seed is not there after N seconds.",
            examples=["respond-async, wait=5"],
        ),
    ] = None,
) -> Preference:
    return Preference.parse(prefer)


def _solve_pool(app_state: AppStateOf) -> SolvePool:
    return app_state.pool


def _metrics(app_state: AppStateOf) -> Metrics:
    return app_state.metrics


MetricsOf = Annotated[Metrics, Depends(_metrics)]
SolvePoolOf = Annotated[SolvePool, Depends(_solve_pool)]
IdempotencyOf = Annotated[Idempotency, Depends(_idempotency)]
PreferenceOf = Annotated[Preference, Depends(_preference)]
CancellationOf = Annotated[Cancellation, Depends(_watch, scope="function")]
