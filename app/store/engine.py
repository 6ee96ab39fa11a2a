"""The connection to the database, set up so that SQLite and PostgreSQL keep the same promises.

SQLite's writers of one process, one after the other in the order of asking.

SQLite keeps no queue: a writer that finds the file locked sleeps, up to 100 ms at a time, and looks
again, so a writer that has just finished mostly gets the lock again before those who wait for it.
Of 20 threads that register datasets without a pause, some waited for 3 s and more; in a queue all
wait for a few tenths of a second. Other processes are met as before, by the lock of the file.
"""

import sqlite3
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final, Self, cast

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry
from typing_extensions import override

PATIENCE_S: Final = 30.0
"""After this long a writer asks the file itself, as if there were no queue."""

_WRITES: Final = ("INSERT", "UPDATE", "DELETE", "REPLACE", "BEGIN IMMEDIATE")
"""What takes SQLite's write lock, by its beginning."""


class FairLock:
    """A lock that goes to the longest waiting thread; a thread of its own may give it back."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._taken = False
        self._waiting: deque[Event] = deque()

    def take(self, timeout_s: float = PATIENCE_S) -> bool:
        """Wait for a turn; false where it does not come in time."""
        mine = Event()
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            self._waiting.append(mine)
        if mine.wait(timeout_s):
            return True
        with self._guard:
            if mine.is_set():  # it came at the last moment
                return True
            self._waiting.remove(mine)
            return False

    def pass_on(self) -> None:
        """End a turn."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False


class QueuedConnection(sqlite3.Connection):
    """A connection that takes a turn for each transaction that writes.

    Attributes
    ----------
    turns
        Shared by the connections of one engine; none until it is set.
    """

    turns: FairLock | None = None
    _has_turn: bool = False

    @override
    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(_QueuedCursor if factory is None else factory)

    @override
    def commit(self) -> None:
        try:
            super().commit()
        finally:
            self._pass_on()

    @override
    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._pass_on()

    @override
    def close(self) -> None:
        try:
            super().close()
        finally:
            self._pass_on()

    def wait_for(self, statement: str) -> None:
        """Take a turn where a statement writes and this connection has none."""
        if self._has_turn or self.turns is None:
            return
        if statement.lstrip()[:15].upper().startswith(_WRITES):
            self._has_turn = self.turns.take()

    def _pass_on(self) -> None:
        if self._has_turn and self.turns is not None and not self._writes():
            self._has_turn = False
            self.turns.pass_on()

    def _writes(self) -> bool:
        """Tell whether its transaction goes on: a commit may fail and be tried again."""
        try:
            return self.in_transaction
        except sqlite3.ProgrammingError:  # closed
            return False


class _QueuedCursor(sqlite3.Cursor):
    @override
    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        cast("QueuedConnection", self.connection).wait_for(sql)
        return super().execute(sql, parameters)

    @override
    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Self:
        cast("QueuedConnection", self.connection).wait_for(sql)
        return super().executemany(sql, parameters)


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
