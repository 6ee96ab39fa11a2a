"""What a route may ask for, and where it comes from."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session, sessionmaker

from api_schemas.health import Health
from app.services.datasets import Datasets
from app.services.health import check_readiness
from app.services.operations import Operations
from app.services.scenes import Scenes
from app.services.seeds import Seeds
from app.services.solve_pool import SolvePool
from app.settings import Settings
from app.store.queue import JobQueue


class Wiring:
    """What lives as long as the process; made by `app.main`, found by the functions below.

    Parameters
    ----------
    settings, sessions, queue, pool
        The process's settings, and its ways to the database, the workers and the solvers.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[Session],
        queue: JobQueue,
        pool: SolvePool,
    ) -> None:
        self.settings = settings
        self.sessions = sessions
        self.queue = queue
        self.pool = pool


def _wiring(request: Request) -> Wiring:
    wiring: Wiring = request.app.state.wiring
    return wiring


WiringOf = Annotated[Wiring, Depends(_wiring)]


def _transaction(wiring: WiringOf) -> Iterator[Session]:
    """One transaction per request, committed before the response leaves, or not at all."""
    with wiring.sessions() as session:
        yield session
        session.commit()


Transaction = Annotated[Session, Depends(_transaction, scope="function")]


def _datasets(wiring: WiringOf, session: Transaction) -> Datasets:
    return Datasets(session, wiring.queue, wiring.settings)


def _scenes(wiring: WiringOf, session: Transaction) -> Scenes:
    return Scenes(session, wiring.settings)


def _seeds(wiring: WiringOf, session: Transaction) -> Seeds:
    return Seeds(session, wiring.pool, wiring.settings)


def _readiness(wiring: WiringOf, session: Transaction) -> Health:
    return check_readiness(session, wiring.settings)


def _operations(session: Transaction) -> Operations:
    return Operations(session)


DatasetsOf = Annotated[Datasets, Depends(_datasets)]
ScenesOf = Annotated[Scenes, Depends(_scenes)]
SeedsOf = Annotated[Seeds, Depends(_seeds)]
ReadinessOf = Annotated[Health, Depends(_readiness)]
OperationsOf = Annotated[Operations, Depends(_operations)]
