"""The connection to the database, set up so that SQLite and PostgreSQL keep the same promises."""

from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from app.store.fair_lock import FairLock, QueuedConnection

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers do not wait for the writer
    "PRAGMA synchronous=FULL",  # a commit survives a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",  # milliseconds; API and workers write to one file
)


def open_engine(url: URL, *, pool_size: int = 20) -> Engine:
    """Return an engine whose commits are durable, and whose errors show no values.

    Errors end up in logs, and among the values are the secrets of callbacks.

    Parameters
    ----------
    url
        ``sqlite:///FILE`` (its folder is made where missing) or ``postgresql+psycopg://...``.
    pool_size
        Most connections held open by this process.
    """
    if url.get_backend_name() == "sqlite":
        if url.database is not None:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"factory": QueuedConnection},
        )
        turns = FairLock()

        def prepare(connection: QueuedConnection, _: ConnectionPoolEntry) -> None:
            connection.turns = turns
            _prepare_sqlite(connection)

        event.listen(engine, "connect", prepare)
        return engine
    return create_engine(
        url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True, hide_parameters=True
    )


def _prepare_sqlite(connection: QueuedConnection) -> None:
    # The write lock is taken at the first write, not at commit: two writers queue, none fails.
    connection.isolation_level = "IMMEDIATE"
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma).close()
