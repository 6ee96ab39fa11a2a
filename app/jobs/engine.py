"""The job engine (DBOS), set up so that a job survives the death of any process."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Final

from dbos import DBOS, DBOSConfig, StepOptions
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.datasets.extraction import ExtractionJob, ExtractionOutcome
from app.pushes.running import Exchange
from app.seeds.solving import Solver, WorkerEndsError
from app.settings import Settings
from app.store.queue import (
    APPLICATION,
    APPLICATION_VERSION,
    EXCHANGE_QUEUE,
    EXCHANGE_WORKFLOW,
    EXTRACTION_QUEUE,
    EXTRACTION_WORKFLOW,
    SOLVING_QUEUE,
    SOLVING_WORKFLOW,
    job_serializer,
)
from app.store.sessions import open_sessions

MAX_RECOVERY_ATTEMPTS: Final = 10
"""A job that has taken its worker down with it this often is not started again.

Fewer would do against jobs that are to blame; but a job that happens to be in hand whenever workers
are killed, one after the other, is not (`benchmarks/faults.py` had one in thirty with 5)."""

_OVER: Final = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_POLLING_S: Final = 0.2
_JOBS_PER_WORKER: Final = 1
"""Extraction uses all cores or the whole GPU."""


class JobEngine:
    """Runs jobs from the queue in this process until it is closed.

    Parameters
    ----------
    engine
        The database of rows and jobs alike.
    settings
        For the jobs.
    executor_id
        This process's slot.
    """

    def __init__(self, engine: Engine, settings: Settings, executor_id: str) -> None:
        self.executor_id = executor_id
        self._sessions = open_sessions(engine)
        self._solver = Solver(settings, self._sessions)
        self._exchange = Exchange(settings, self._sessions)
        self._settings = settings
        DBOS(
            config=DBOSConfig(
                name=APPLICATION,
                system_database_engine=engine,
                executor_id=executor_id,
                application_version=APPLICATION_VERSION,
                serializer=job_serializer(),
                log_level="WARNING",
            )
        )
        self._register()
        DBOS.listen_queues([EXTRACTION_QUEUE, SOLVING_QUEUE, EXCHANGE_QUEUE])
        DBOS.launch()
        DBOS.register_queue(
            EXTRACTION_QUEUE,
            worker_concurrency=_JOBS_PER_WORKER,
            polling_interval_sec=_POLLING_S,
            on_conflict="always_update",
        )
        DBOS.register_queue(
            SOLVING_QUEUE,
            worker_concurrency=settings.solve_processes,
            polling_interval_sec=_POLLING_S,
            on_conflict="always_update",
        )
        DBOS.register_queue(
            EXCHANGE_QUEUE,
            worker_concurrency=1,
            global_concurrency=1,  # two pushes to one project at once would double tasks
            polling_interval_sec=_POLLING_S,
            on_conflict="always_update",
        )

    def owners(self) -> set[str]:
        """Return the names of the workers that have jobs in hand."""
        jobs = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {job.executor_id for job in jobs if job.executor_id is not None}

    def adopt(self, executor_id: str) -> list[str]:
        """Put the jobs of a dead worker back into the queue and return their ids."""
        adopted = DBOS._recover_pending_workflows([executor_id])  # noqa: SLF001  no public way; pinned and tested
        return [job.workflow_id for job in adopted]

    def ended(self, job_ids: Sequence[str]) -> set[str]:
        """Return those of the jobs that the engine will not run any more."""
        jobs = DBOS.list_workflows(
            workflow_ids=list(job_ids), status=_OVER, load_input=False, load_output=False
        )
        return {job.workflow_id for job in jobs}

    def forget(self, job_ids: Sequence[str]) -> None:
        """Drop the journal of jobs that have ended."""
        DBOS.delete_workflows(list(job_ids))

    def forget_before(self, moment: datetime, most: int) -> int:
        """Drop the journal of up to `most` jobs that ended before a moment; return how many."""
        jobs = DBOS.list_workflows(
            status=_OVER,
            completed_before=moment.isoformat(),
            limit=most,
            load_input=False,
            load_output=False,
        )
        self.forget([job.workflow_id for job in jobs])
        return len(jobs)

    def close(self) -> None:
        """Stop taking jobs; one in hand is left to the next owner of this slot."""
        DBOS.destroy(destroy_registry=True)
        self._solver.close()

    def _register(self) -> None:
        @DBOS.workflow(name=EXTRACTION_WORKFLOW, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
        def extract_dataset(operation_id: str, dataset_id: str) -> None:
            job = ExtractionJob(self._settings, self._sessions, operation_id, dataset_id)
            with closing(job) as extraction:
                outcome = DBOS.run_step(_step("read_source"), extraction.read_source)
                group = 0
                while outcome == ExtractionOutcome.MORE:
                    outcome = DBOS.run_step(_step("extract_group"), extraction.extract_group, group)
                    group += 1
                if outcome == ExtractionOutcome.DONE:
                    DBOS.run_step(_step("finish"), extraction.finish)

        @DBOS.workflow(name=SOLVING_WORKFLOW, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
        def solve_question(operation_id: str) -> None:
            DBOS.run_step(_step("solve"), self._solver.solve, operation_id)

        @DBOS.workflow(name=EXCHANGE_WORKFLOW, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
        def exchange_with_platform(operation_id: str) -> None:
            DBOS.run_step(_step("exchange"), self._exchange.run, operation_id)


def _step(name: str) -> StepOptions:
    """Return a step's options: it is tried again where the database failed, through a restart.

    So it is where the worker ends, which then ends before it is: the job stays one to be done.
    """
    return StepOptions(
        name=name,
        retries_allowed=True,
        max_attempts=10,
        interval_seconds=1.0,
        backoff_rate=1.5,
        should_retry=lambda error: isinstance(error, DBAPIError | WorkerEndsError),
    )
