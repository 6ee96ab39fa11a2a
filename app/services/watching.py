"""What happens to an operation, as it happens."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

from anyio import to_thread
from sqlalchemy.orm import sessionmaker

from api_schemas.operations import Operation
from app.services.operations import Operations
from app.store.sessions import ProjectSession

_LOOK_S: Final = 0.25
HEARTBEAT_S: Final = 15.0
"""Time after which a sign of life is given where nothing happens; proxies close silent lines."""


class Watching:
    """Looks at operations without holding a transaction or a thread between two looks.

    Parameters
    ----------
    sessions
        Makes transactions.
    project
        Whose operations these are.
    """

    def __init__(self, sessions: sessionmaker[ProjectSession], project: str) -> None:
        self._sessions = sessions
        self._project = project

    async def look(self, operation_id: str) -> Operation:
        """Return an operation.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        return await to_thread.run_sync(self._look, operation_id)

    async def changes(self, first: Operation, after: int) -> AsyncIterator[Operation | None]:
        """Yield an operation whenever it has changed, up to its end; None as a sign of life.

        Parameters
        ----------
        first
            As it is now.
        after
            The last version that the watcher knows; -1 for none.

        Raises
        ------
        NotFoundError
            It was deleted.
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
            await asyncio.sleep(_LOOK_S)
            operation = await self.look(operation.id)

    def _look(self, operation_id: str) -> Operation:
        with self._sessions() as session:
            session.bind_to(self._project)
            return Operations(session).get(operation_id)
