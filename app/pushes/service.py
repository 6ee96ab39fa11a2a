"""Accept pushes and syncs; workers carry them out, one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from app.callbacks.egress import require_callable
from app.datasets import store as datasets
from app.errors import SettingsError, UnavailableError
from app.operations.translate import PUSH, SYNC, Kind, new_operation
from app.operations.translate import to_wire as operation_to_wire
from app.operations.wire import Operation
from app.platforms.connections import connection_named, read_connections
from app.pushes.wire import ConnectionInfo, ConnectionList, PushRequest, SyncRequest
from app.seeds import store as seeds
from app.settings import Settings
from app.store.queue import JobQueue
from app.store.tables import SeedRow

SEED: Final = "seed_id"
"""Of a stored push: whose."""


@contextmanager
def _readable() -> Iterator[None]:
    """Keep what is wrong with the operator's file, and where it lies, for the log."""
    try:
        yield
    except SettingsError as error:
        structlog.get_logger(__name__).error("no connections", detail=error.detail)
        rule = "The file of connections cannot be read; the log of the service says why."
        raise UnavailableError(rule) from error


class Pushes:
    """Use cases on pushes and syncs, within one transaction.

    Parameters
    ----------
    session
        The transaction; its opener commits.
    settings
        Name the file of connections.
    queue
        Takes what workers do.
    project
        Of ours: whose keys call.
    """

    def __init__(self, session: Session, settings: Settings, queue: JobQueue, project: str) -> None:
        self._session = session
        self._settings = settings
        self._queue = queue
        self._project = project

    def connections(self) -> ConnectionList:
        """Return the connections that this project may use.

        Raises
        ------
        UnavailableError
            The operator's file is none.
        """
        with _readable():
            found = read_connections(self._settings.connections_file)
        return ConnectionList(
            items=tuple(
                ConnectionInfo(name=one.name, kind=one.kind, project=one.project)
                for one in found.values()
                if one.is_for(self._project)
            )
        )

    def push(self, seed_id: str, request: PushRequest) -> Operation:
        """Accept the push of a seed.

        Raises
        ------
        NotFoundError
            There is no such seed, or no such connection for this project.
        UnavailableError
            The operator's file is none.
        InvalidRequestError
            The callback cannot be called.
        """
        row = seeds.get(self._session, SeedRow, seed_id)
        return self._submit(PUSH, row.dataset_id, request, {SEED: seed_id})

    def sync(self, dataset_id: str, request: SyncRequest) -> Operation:
        """Accept that a platform is asked for the state of a dataset's scenes.

        Raises
        ------
        NotFoundError
            There is no such dataset, or no such connection for this project.
        UnavailableError
            The operator's file is none.
        InvalidRequestError
            The callback cannot be called.
        """
        datasets.get(self._session, dataset_id)
        return self._submit(SYNC, dataset_id, request, {})

    def _submit(
        self, kind: Kind, dataset_id: str, request: PushRequest | SyncRequest, more: dict[str, Any]
    ) -> Operation:
        with _readable():
            connection_named(self._settings.connections_file, request.connection, self._project)
        require_callable(request.callback, self._settings)
        row = new_operation(kind, dataset_id, request.callback)
        row.request = request.model_dump(mode="json", exclude={"callback"}) | more
        self._session.add(row)
        self._queue.enqueue_exchange(self._session, row.id)
        return operation_to_wire(row)
