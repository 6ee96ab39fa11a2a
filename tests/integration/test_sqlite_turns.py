"""Writers of one process take their turns at a SQLite file."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from app.settings import Settings
from app.store.engine import FairLock, QueuedConnection, open_engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine on a file with one table."""
    engine = open_engine(Settings(data_dir=tmp_path).database(), pool_size=8)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE log (name TEXT CHECK (name != 'wrong'))"))
    yield engine
    engine.dispose()


def _turns(connection: Connection) -> FairLock:
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, QueuedConnection)
    assert raw.turns is not None
    return raw.turns


def _write(engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO log VALUES (:name)"), {"name": name})


def _names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT name FROM log ORDER BY rowid")))


def test_writers_come_in_the_order_of_asking(engine: Engine) -> None:
    """Whoever has waited longest is next, however many there are."""
    names = [f"writer {k}" for k in range(6)]
    threads = [threading.Thread(target=_write, args=(engine, name)) for name in names]
    with engine.begin() as first:
        first.execute(text("INSERT INTO log VALUES ('first')"))
        turns = _turns(first)
        for place, thread in enumerate(threads, start=1):
            thread.start()
            while len(turns._waiting) < place:
                time.sleep(0.001)
        assert _names(engine) == []  # who reads does not wait
    for thread in threads:
        thread.join()
    assert _names(engine) == ["first", *names]


def test_a_failed_write_gives_its_turn_back(engine: Engine) -> None:
    """After an error, and after a rollback, the next writer does not wait."""
    with pytest.raises(Exception, match="CHECK"):
        _write(engine, "wrong")
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO log VALUES ('taken back')"))
        assert _turns(connection)._taken
        connection.rollback()
        assert not _turns(connection)._taken
        connection.execute(text("INSERT INTO log VALUES ('closed')"))
    with engine.connect() as connection:
        assert not _turns(connection)._taken
    _write(engine, "right")
    assert _names(engine) == ["right"]


def test_other_engines_on_the_file_are_met_at_the_file(engine: Engine, tmp_path: Path) -> None:
    """A turn is no lock: another process that writes is waited for, or times out, as ever."""
    other = open_engine(Settings(data_dir=tmp_path).database(), pool_size=1)
    with other.begin() as theirs:
        theirs.execute(text("INSERT INTO log VALUES ('theirs')"))
        with engine.connect() as ours:
            ours.exec_driver_sql("PRAGMA busy_timeout=1")
            with pytest.raises(OperationalError, match="locked"):
                ours.execute(text("INSERT INTO log VALUES ('ours')"))
            turns = _turns(ours)
            assert turns._taken
        assert not turns._taken
    _write(engine, "ours")
    other.dispose()
    assert _names(engine) == ["theirs", "ours"]


def test_patience_ends() -> None:
    """A turn that does not come is not waited for, and is nobody's place in the queue."""
    turns = FairLock()
    assert turns.take()
    assert not turns.take(0.01)
    turns.pass_on()
    assert turns.take(0.01)
    turns.pass_on()
    assert not turns._taken
