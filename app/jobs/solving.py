"""Solves that nobody waits for: answered once, whoever dies meanwhile."""

import math
import threading
import time
from typing import Final, cast

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker

from api_schemas.frontiers import FrontierRequest
from api_schemas.operations import OperationStatus
from api_schemas.seeds import SeedRequest
from app.errors import AppError, SolveCancelledError, SolveCrashedError
from app.jobs.ending import fail
from app.services.curves import FrontierAnswer
from app.services.frontiers import remember as remember_frontier
from app.services.pools import Pools
from app.services.questions import Asker, FrontierAsked, SeedAsked, ask_frontier, ask_seed
from app.services.seeding import SeedAnswer
from app.services.seeds import remember as remember_seed
from app.services.solve_pool import SolvePool
from app.services.solve_process import Task, Watch
from app.settings import Settings
from app.store import operations
from app.store.sessions import ProjectSession
from app.translate.operations import SOLVE

_log = structlog.get_logger(__name__)

_TOLD_S: Final = 0.5
"""Least time between two looks at, or changes of, the operation's row."""

_ATTEMPTS: Final = 10
"""How often a solve is begun by one worker before it counts as one that cannot be done."""

_PATIENCE_S: Final = 3600.0
"""The queue lets no more jobs in than there are processes: nobody waits for long."""


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

    def solve(self, operation_id: str) -> None:
        """Answer the question of an operation, or end it with the reason why not.

        Running it again changes nothing: the question has one answer.

        Raises
        ------
        sqlalchemy.exc.DBAPIError
            The database failed: this is worth trying again.
        """
        try:
            self._solve(operation_id)
        except DBAPIError:
            raise
        except SolveCancelledError:
            _log.info("solve stopped", operation_id=operation_id)
        except AppError as error:
            fail(self._sessions, operation_id, error.detail)
        except Exception:  # noqa: BLE001  whatever it is, the operation must say that it ended
            _log.exception("solve failed", operation_id=operation_id)
            reason = "Something unexpected ended the solve; the worker's log has the reason."
            fail(self._sessions, operation_id, reason)

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            if self._pool is not None:
                self._pool.close()

    def _solve(self, operation_id: str) -> None:
        with self._sessions.begin() as session:
            if not operations.start(session, operation_id):
                return
            row = operations.get(session, operation_id)
        kind = SeedRequest if row.kind == SOLVE else FrontierRequest
        request = kind.model_validate(row.request)
        with self._bound(row.project) as session:
            asker = Asker(session, self._settings, self._pools)
            question = (
                ask_seed(asker, row.dataset_id, request)
                if isinstance(request, SeedRequest)
                else ask_frontier(asker, row.dataset_id, request)
            )
        answer = self._answer(question.task, operation_id)
        with self._bound(row.project) as session:
            asker = Asker(session, self._settings, self._pools)
            result_id = _remember(asker, question, request, answer)
            operations.end(session, operation_id, OperationStatus.SUCCEEDED, result_id=result_id)
            session.commit()

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
        told = _Told(self._sessions, operation_id)
        answer = _persist(pool, task, Watch(told.is_unwanted, told.improve))
        if isinstance(answer, SeedAnswer):
            told.improve(answer.result.objective, answer.result.upper_bound, last=True)
        return answer


def _persist(pool: SolvePool, task: Task, watch: Watch) -> SeedAnswer | FrontierAnswer:
    """Return the answer to a task, also where its process is killed a few times.

    Whoever needs memory may have killed it; a task that is itself to blame dies again.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            answer: SeedAnswer | FrontierAnswer = pool.answer(task, watch)
        except SolveCrashedError as error:
            _log.warning("solve process died", reason=error.detail)
        else:
            return answer
    return cast("SeedAnswer | FrontierAnswer", pool.answer(task, watch))


def _remember(
    asker: Asker,
    question: SeedAsked | FrontierAsked,
    request: SeedRequest | FrontierRequest,
    answer: SeedAnswer | FrontierAnswer,
) -> str:
    """Store an answer of either kind and return its id."""
    match question, request, answer:
        case SeedAsked(), SeedRequest(), SeedAnswer():
            return remember_seed(asker, question, request, answer).id
        case FrontierAsked(), FrontierRequest(), FrontierAnswer():
            return remember_frontier(asker, question, request, answer).id
        case _:
            raise TypeError(answer)


class _Told:
    """What the operation's row says and is told, at a pace that the database does not mind."""

    def __init__(self, sessions: sessionmaker[ProjectSession], operation_id: str) -> None:
        self._sessions = sessions
        self._operation_id = operation_id
        self._looked = self._wrote = time.monotonic()
        self._unwanted = False

    def is_unwanted(self) -> bool:
        """Tell whether the operation was cancelled or deleted."""
        if not self._unwanted and time.monotonic() - self._looked > _TOLD_S:
            with self._sessions() as session:
                self._unwanted = not operations.is_active(session, self._operation_id)
            self._looked = time.monotonic()
        return self._unwanted

    def improve(self, objective: float, upper_bound: float, *, last: bool = False) -> None:
        """Write down what is known."""
        if not math.isfinite(objective) or (time.monotonic() - self._wrote < _TOLD_S and not last):
            return
        bound = upper_bound if math.isfinite(upper_bound) else None
        with self._sessions.begin() as session:
            operations.improve(session, self._operation_id, incumbent=objective, upper_bound=bound)
        self._wrote = time.monotonic()
