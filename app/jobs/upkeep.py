"""What a living worker does for the dead ones: take over their jobs, and close hopeless ones."""

from typing import Final

import structlog
from sqlalchemy.orm import sessionmaker

from app.jobs.engine import JobEngine
from app.jobs.slots import Slots
from app.operations import store as operations
from app.operations.service import fail
from app.store.sessions import ProjectSession

INTERVAL_S: Final = 0.5
"""Time between two rounds; a dead worker's jobs are taken over in the second that sees it dead."""

_log = structlog.get_logger(__name__)


class Upkeep:
    """Rounds that keep jobs moving; every worker makes them.

    Parameters
    ----------
    engine
        This worker's job engine.
    slots
        Tells who is alive.
    sessions
        Makes transactions.
    """

    def __init__(
        self, engine: JobEngine, slots: Slots, sessions: sessionmaker[ProjectSession]
    ) -> None:
        self._engine = engine
        self._slots = slots
        self._sessions = sessions
        self._suspects: set[str] = set()

    def round(self) -> None:
        """Do what is to be done now.

        Raises
        ------
        SlotLostError
            This worker must end.
        """
        self._slots.keep()
        self._adopt()
        self._close_hopeless()

    def _adopt(self) -> None:
        """Take over the jobs of workers that were dead in the round before, too.

        One look is not enough: when PostgreSQL restarts, every worker loses its lock for a moment.
        """
        suspects = set()
        for owner in self._engine.owners() - {self._engine.executor_id}:
            with self._slots.vacant(owner) as vacant:
                if vacant and owner in self._suspects:
                    jobs = self._engine.adopt(owner)
                    _log.warning("took over from a dead worker", worker=owner, jobs=jobs)
                elif vacant:
                    suspects.add(owner)
        self._suspects = suspects

    def _close_hopeless(self) -> None:
        """End operations whose jobs will not run again: they killed each worker that tried."""
        with self._sessions() as session:
            waiting = [row.id for row in operations.active(session)]
        for job in self._engine.ended(waiting) if waiting else ():
            if fail(self._sessions, job, "The job ended its worker again and again."):
                _log.error("gave up a job", operation_id=job)
