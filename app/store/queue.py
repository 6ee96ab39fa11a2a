"""Hand work to the workers, in the very transaction that records it.

The job engine keeps its journal in the same database, so a request that dies leaves either a row
and its job or neither; nothing has to look for rows without a job.
"""

import logging

from dbos import DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy import Engine
from sqlalchemy.orm import Session

APPLICATION = "seedal"
APPLICATION_VERSION = "1"
"""Part of every job: raise it only when running jobs cannot be taken over by the new code."""

EXTRACTION_QUEUE = "extraction"
EXTRACTION_WORKFLOW = "extract_dataset"
SOLVING_QUEUE = "solving"
SOLVING_WORKFLOW = "solve_question"
EXCHANGE_QUEUE = "exchange"
EXCHANGE_WORKFLOW = "exchange_with_platform"


def job_serializer() -> DBOSPortableJSONSerializer:
    """Return how arguments and results of jobs are written down: as JSON, never as a pickle."""
    return DBOSPortableJSONSerializer()


class JobQueue:
    """The sending end of the job queue; runs nothing itself.

    Parameters
    ----------
    engine
        The database of rows and jobs alike.
    """

    def __init__(self, engine: Engine) -> None:
        logging.getLogger("dbos").setLevel(logging.WARNING)
        self._client = DBOSClient(
            system_database_engine=engine,
            serializer=job_serializer(),
            application_name=APPLICATION,
            lazy=True,
        )

    def enqueue_extraction(self, session: Session, operation_id: str, dataset_id: str) -> None:
        """Enqueue the extraction of a dataset; it starts once `session` has committed.

        The operation's id is the job's: enqueued twice, it runs once.
        """
        self._enqueue(session, EXTRACTION_QUEUE, EXTRACTION_WORKFLOW, operation_id, dataset_id)

    def enqueue_solve(self, session: Session, operation_id: str) -> None:
        """Enqueue a solve, as `enqueue_extraction` does."""
        self._enqueue(session, SOLVING_QUEUE, SOLVING_WORKFLOW, operation_id)

    def enqueue_exchange(self, session: Session, operation_id: str) -> None:
        """Enqueue a push or a sync, as `enqueue_extraction` does; one runs at a time."""
        self._enqueue(session, EXCHANGE_QUEUE, EXCHANGE_WORKFLOW, operation_id)

    def _enqueue(
        self, session: Session, queue: str, workflow: str, operation_id: str, *more: str
    ) -> None:
        session.flush()
        self._client.enqueue_in_transaction(
            session,
            {
                "workflow_name": workflow,
                "queue_name": queue,
                "workflow_id": operation_id,
                "app_version": APPLICATION_VERSION,
            },
            operation_id,
            *more,
        )

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()
