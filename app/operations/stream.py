"""What happens to an operation, as it happens."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker

from app.errors import NotFoundError
from app.operations.service import Operations
from app.operations.wire import Operation
from app.store.sessions import ProjectSession

_LOOK_S: Final = 0.25
_SHARED_S: Final = 0.1
"""For how long others are shown what one has seen."""

_THREADS: Final = 4
HEARTBEAT_S: Final = 15.0
"""Time after which a sign of life is given where nothing happens; proxies close silent lines."""


class OperationPoller:
    """Looks at operations, once for all who watch the same one, and in few threads.

    Parameters
    ----------
    sessions
        Makes transactions.
    """

    def __init__(self, sessions: sessionmaker[ProjectSession]) -> None:
        self._sessions = sessions
        self._threads = CapacityLimiter(_THREADS)  # not those of requests
        self._latest: dict[tuple[str, str], asyncio.Task[Operation]] = {}
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Let everybody go who watches: the process ends."""
        self._ending.set()

    async def pause(self) -> bool:
        """Wait until it is worth looking again; false where there will be nothing to look at."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), _LOOK_S)
        return not self._ending.is_set()

    async def look(self, project: str, operation_id: str) -> Operation:
        """Return a project's operation as it is, or was a moment ago.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        name = (project, operation_id)
        task = self._latest.get(name)
        if task is None:
            task = asyncio.create_task(self._fresh(*name))
            self._latest[name] = task
            task.add_done_callback(lambda _: self._forget_soon(name))
        return await asyncio.shield(task)  # one watcher that leaves takes no other's look along

    async def _fresh(self, project: str, operation_id: str) -> Operation:
        return await to_thread.run_sync(self._look, project, operation_id, limiter=self._threads)

    def _look(self, project: str, operation_id: str) -> Operation:
        with self._sessions() as session:
            session.bind_to(project)
            return Operations(session).get(operation_id)

    def _forget_soon(self, name: tuple[str, str]) -> None:
        asyncio.get_running_loop().call_later(_SHARED_S, self._latest.pop, name)


class OperationStream:
    """Follows operations without holding a transaction or a thread between two looks.

    Parameters
    ----------
    looks
        Shared by all who watch.
    project
        Whose operations these are.
    """

    def __init__(self, poller: OperationPoller, project: str) -> None:
        self._looks = poller
        self._project = project

    async def look(self, operation_id: str) -> Operation:
        """Return an operation.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        return await self._looks.look(self._project, operation_id)

    async def changes(self, first: Operation, after: int) -> AsyncIterator[Operation | None]:
        """Yield an operation whenever it has changed, up to its end; None as a sign of life.

        One that is deleted has no last word: the next request learns that there is none. Nor has
        one that is watched when the process ends: the next process tells what is new.

        Parameters
        ----------
        first
            As it is now.
        after
            The last version that the watcher knows; -1 for none.
        """
        operation, known, silent_since = first, after, time.monotonic()
        while True:
            if operation.version > known:
                known, silent_since = operation.version, time.monotonic()
                yield operation
            elif time.monotonic() - silent_since > HEARTBEAT_S:
                silent_since = time.monotonic()
                yield None
            if operation.finished_at is not None:
                return
            if not await self._looks.pause():
                return
            try:
                operation = await self.look(operation.id)
            except NotFoundError:
                return
            except SQLAlchemyError:
                continue  # a database that is away for a moment is no reason to hang up
