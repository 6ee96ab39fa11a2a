"""Which workers are alive: each holds a numbered slot by a lock that dies with its process.

The slot is the worker's name in the job engine's journal. A name whose lock is free belongs to
nobody alive, so its jobs may be taken over; two live workers never have one name.
"""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

SLOTS: Final = 64
"""Most workers on one database."""

_NAMESPACE: Final = 0x5EEDA2
"""First half of the advisory locks' keys; any number that nothing else in the database uses."""

RECONNECT_S: Final = 120.0
"""For how long a worker waits for a database that is away before it ends."""

_NAME: Final = re.compile(r"slot-(\d+)")


class SlotLostError(Exception):
    """A worker has no slot any more; it must end before it does anything else."""


class Slots(Protocol):
    """The slots of all workers on one database."""

    def claim(self) -> str:
        """Take a free slot for the life of this process and return its name."""
        ...

    def keep(self) -> None:
        """Make sure that the slot is still held."""
        ...

    def release(self) -> None:
        """Give the slot back."""
        ...

    @contextmanager
    def vacant(self, name: str) -> Iterator[bool]:
        """Yield whether nobody holds a slot, and keep it so within the context."""
        ...


class FileSlots:
    """Slots as locked files; for workers on one machine.

    Parameters
    ----------
    folder
        Holds a file for each slot; made where missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._held: int | None = None

    def claim(self) -> str:
        """Take the first free slot.

        Raises
        ------
        SlotLostError
            All are taken.
        """
        for name in _names():
            descriptor = self._try_lock(name)
            if descriptor is not None:
                self._held = descriptor
                return name
        raise _all_taken()

    def keep(self) -> None:
        """Do nothing: the system drops a file's lock only when its process ends."""

    def release(self) -> None:
        """Give the slot back."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @contextmanager
    def vacant(self, name: str) -> Iterator[bool]:
        """Yield whether nobody holds a slot, and keep it so within the context."""
        descriptor = self._try_lock(name)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _try_lock(self, name: str) -> int | None:
        descriptor = os.open(self._folder / f"{name}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor


class AdvisorySlots:
    """Slots as advisory locks of PostgreSQL; for workers on any machine.

    Parameters
    ----------
    url
        The database; one connection to it is held for the life of the process.
    """

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._connection = self._engine.connect()
        self._mine = ""

    def claim(self) -> str:
        """Take the first free slot.

        Raises
        ------
        SlotLostError
            All are taken.
        """
        for name in _names():
            if self._try_lock(name):
                self._mine = name
                return name
        raise _all_taken()

    def keep(self) -> None:
        """Make sure that the slot is still held: take it again where the connection was lost.

        Raises
        ------
        SlotLostError
            The database stays away, or another worker took the slot meanwhile.
        """
        with suppress(DBAPIError):
            self._connection.execute(text("SELECT 1"))
            return
        deadline = time.monotonic() + RECONNECT_S
        while time.monotonic() < deadline:
            with suppress(DBAPIError):
                self._connection.close()
                self._connection = self._engine.connect()
                if self._try_lock(self._mine):
                    return
            time.sleep(0.1)
        detail = f"{self._mine} could not be taken again within {RECONNECT_S:g} s"
        raise SlotLostError(detail)

    def release(self) -> None:
        """Give the slot back."""
        self._connection.close()

    @contextmanager
    def vacant(self, name: str) -> Iterator[bool]:
        """Yield whether nobody holds a slot, and keep it so within the context."""
        locked = self._try_lock(name)
        try:
            yield locked
        finally:
            if locked:
                self._call("pg_advisory_unlock", name)

    def _try_lock(self, name: str) -> bool:
        return self._call("pg_try_advisory_lock", name)

    def _call(self, function: str, name: str) -> bool:
        match = _NAME.fullmatch(name)
        if match is None:  # a name that no worker of ours has is not ours to take over
            return False
        key = {"namespace": _NAMESPACE, "number": int(match[1])}
        query = text(f"SELECT {function}(:namespace, :number)")
        return bool(self._connection.execute(query, key).scalar())


def _names() -> Iterator[str]:
    return (f"slot-{number}" for number in range(SLOTS))


def _all_taken() -> SlotLostError:
    return SlotLostError(f"all {SLOTS} workers of this database are alive already")


def open_slots(url: URL, folder: Path) -> Slots:
    """Return the slots that fit a database."""
    return FileSlots(folder) if url.get_backend_name() == "sqlite" else AdvisorySlots(url)
