"""Solves as jobs: each is answered once, whichever process dies meanwhile."""

import math
import threading
import time
from typing import Final, cast

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import sessionmaker

from app.choosing.seeding import FrontierAnswer, SeedAnswer
from app.errors import AppError, InvalidRequestError, SolveCancelledError, SolveKilledError
from app.hints.describing import describe
from app.operations import store as operations
from app.operations.service import fail
from app.operations.translate import SOLVE
from app.operations.wire import OperationStatus
from app.processes.child import Cancellation, Task
from app.processes.pool import SolvePool
from app.scenes.pools import Pools, RequestContext
from app.seeds.questions import read_request, recall, remember
from app.seeds.rounds import LabelsUsed
from app.seeds.wire import Frontier, FrontierRequest, Seed, SeedBudget, SeedRequest
from app.settings import Settings
from app.store.sessions import ProjectSession
from app.store.tables import OperationRow

_log = structlog.get_logger(__name__)

_LOOK_S: Final = 0.5
"""Least time between two looks at, or changes of, the operation's row."""

_ATTEMPTS: Final = 10
"""How often a solve is begun by one worker before it counts as one that cannot be done."""

_PATIENCE_S: Final = 3600.0
"""The queue lets no more jobs in than there are processes: a job waits only briefly."""


class WorkerEndsError(Exception):
    """The worker ends; the next worker in its slot takes the job."""


class Solver:
    """Runs solve operations; its processes start with the first.

    Parameters
    ----------
    settings
        How many processes, and where signatures lie.
    sessions
        Makes transactions.
    """

    def __init__(self, settings: Settings, sessions: sessionmaker[ProjectSession]) -> None:
        self._settings = settings
        self._sessions = sessions
        self._pools = Pools()
        self._lock = threading.Lock()
        self._pool: SolvePool | None = None
        self._ending = threading.Event()
        self._describing = threading.Lock()  # a network uses all cores, or the whole GPU

    def solve(self, operation_id: str) -> None:
        """Answer the question of an operation, or end it with the reason why not.

        Running it again changes nothing: the question has one answer.

        Raises
        ------
        sqlalchemy.exc.DBAPIError
            The database failed: this is worth trying again.
        WorkerEndsError
            It was stopped by `close`, and must not count as done.
        """
        try:
            self._solve(operation_id)
        except DBAPIError:
            raise
        except SolveCancelledError as error:
            if self._ending.is_set():
                raise WorkerEndsError from error
            _log.info("solve stopped", operation_id=operation_id)
        except AppError as error:
            fail(self._sessions, operation_id, error.detail)
        except Exception:  # noqa: BLE001  whatever it is, the operation must say that it ended
            _log.exception("solve failed", operation_id=operation_id)
            reason = "Something unexpected ended the solve; the worker's log has the reason."
            fail(self._sessions, operation_id, reason)

    def close(self) -> None:
        """End the processes, also those that are solving."""
        self._ending.set()
        with self._lock:
            if self._pool is not None:
                self._pool.close()

    def _solve(self, operation_id: str) -> None:
        with self._sessions.begin() as session:
            if not operations.start(session, operation_id):
                return
            row = operations.get(session, operation_id)
        request, labels = _stored_request(row)
        with self._bound(row.project) as session:
            context = RequestContext(session, self._settings, self._pools)
            query = read_request(context, row.dataset_id, request, labels)
            known = recall(context, query)
            if known is not None:
                _end(session, operation_id, known)
                return
        if query.hint is not None and not query.hint.is_described():
            with self._describing:
                describe(query.hint)
        answer = self._answer(query.task, operation_id)
        with self._bound(row.project) as session:
            context = RequestContext(session, self._settings, self._pools)
            _end(session, operation_id, remember(context, query, answer))

    def _bound(self, project: str) -> ProjectSession:
        session = self._sessions()
        session.bind_to(project)
        return session

    def _answer(self, task: Task, operation_id: str) -> SeedAnswer | FrontierAnswer:
        with self._lock:
            if self._pool is None:
                count = self._settings.solve_processes
                self._pool = SolvePool(count, room=count, patience_s=_PATIENCE_S)
            pool = self._pool
        progress = _JobProgress(self._sessions, operation_id)
        return _persist(pool, task, Cancellation(progress.is_unwanted, progress.improve))


def _stored_request(
    row: OperationRow,
) -> tuple[SeedRequest | FrontierRequest, LabelsUsed | None]:
    """Return the question of an operation, and what it has from the ledger of labels.

    Raises
    ------
    InvalidRequestError
        Another version of the service stored it, and this one does not know its form.
    """
    kind = SeedRequest if row.kind == SOLVE else FrontierRequest
    stored = dict(row.request or {})
    labels = LabelsUsed.taken(stored)
    try:
        if labels is not None and labels.spent is not None:
            stored["budget"] = SeedBudget.left(stored["budget"]["limit"])
        return kind.model_validate(stored), labels
    except ValidationError as error:
        where = "/".join(map(str, error.errors()[0]["loc"]))
        rule = (
            "The question was stored by another version of the service, and this one cannot read "
            f"its {where or 'form'}; ask it again."
        )
        raise InvalidRequestError(rule) from error


def _persist(pool: SolvePool, task: Task, watch: Cancellation) -> SeedAnswer | FrontierAnswer:
    """Return the answer to a task, also where its process is killed a few times.

    The system may have killed it for another's memory; a task that is to blame dies again.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            answer: SeedAnswer | FrontierAnswer = pool.answer(task, watch)
        except SolveKilledError as error:
            _log.warning("solve process died", reason=error.detail)
        else:
            return answer
    return cast("SeedAnswer | FrontierAnswer", pool.answer(task, watch))


def _end(session: ProjectSession, operation_id: str, result: Seed | Frontier) -> None:
    """Let an operation succeed, in the transaction that stores its result."""
    if isinstance(result, Seed):
        _improve(session, operation_id, result.objective, result.upper_bound)
    operations.end(session, operation_id, OperationStatus.SUCCEEDED, result_id=result.id)
    session.commit()


def _improve(
    session: ProjectSession, operation_id: str, objective: float, upper_bound: float | None
) -> bool:
    """Write down what is known; false where the operation has ended or is gone."""
    bound = upper_bound if upper_bound is not None and math.isfinite(upper_bound) else None
    return operations.improve(session, operation_id, incumbent=objective, upper_bound=bound)


class _JobProgress:
    """Reads and writes the operation's row at a pace that the database does not mind.

    A database that is away for a while costs the solve nothing: it goes on, and writes later what
    it knows.
    """

    def __init__(self, sessions: sessionmaker[ProjectSession], operation_id: str) -> None:
        self._sessions = sessions
        self._operation_id = operation_id
        self._news: tuple[float, float] | None = None
        self._next = time.monotonic()
        self._unwanted = False

    def improve(self, objective: float, upper_bound: float) -> None:
        """Remember what is known, to be written down with the next look."""
        if math.isfinite(objective):
            self._news = (objective, upper_bound)

    def is_unwanted(self) -> bool:
        """Tell whether the operation was cancelled or deleted."""
        if not self._unwanted and time.monotonic() >= self._next:
            self._next = time.monotonic() + _LOOK_S
            try:
                self._unwanted = not self._look()
            except SQLAlchemyError as error:
                _log.warning("the database does not answer", error=str(error))
        return self._unwanted

    def _look(self) -> bool:
        """Write down what is new; tell whether anybody still wants it."""
        with self._sessions.begin() as session:
            if self._news is None:
                return operations.is_active(session, self._operation_id)
            wanted = _improve(session, self._operation_id, *self._news)
        self._news = None
        return wanted
