"""Answer many budgets at once, and remember the answers."""

from collections.abc import Sequence
from threading import BoundedSemaphore
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.exc import IntegrityError

from app.callbacks.egress import require_callable
from app.choosing.baselines import reports
from app.choosing.frontier import FrontierAnswer
from app.datasets import store as datasets
from app.http.parameters import Preference
from app.operations.wire import Operation
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.seeds import frontiers_store as frontiers
from app.seeds.frontiers_wire import Frontier, FrontierPoint, FrontierRequest
from app.seeds.questions import FrontierQuery, RequestContext, ask_frontier
from app.seeds.submission import await_end, submit
from app.seeds.translate import finite, versions
from app.seeds.wire import Objective, Provenance
from app.store.identifiers import new_id, now
from app.store.queue import JobQueue
from app.store.tables import FrontierRow
from solver.model.result import relative_gap

_OBJECTIVE: Final[TypeAdapter[Objective]] = TypeAdapter(Objective)


class Frontiers:
    """Use cases on frontiers.

    Parameters
    ----------
    context
        A transaction; whoever opened it commits. It is let go of while a solve runs.
    pool
        Where frontiers are solved.
    queue
        Where those are handed to that nobody waits for.
    waits
        So many requests may wait for an operation at once.
    """

    def __init__(
        self, context: RequestContext, pool: SolvePool, queue: JobQueue, waits: BoundedSemaphore
    ) -> None:
        self._context = context
        self._session = context.session
        self._pool = pool
        self._queue = queue
        self._waits = waits

    def create(
        self, dataset_id: str, request: FrontierRequest, preference: Preference, watch: Cancellation
    ) -> Frontier | Operation:
        """Return the frontier for budgets, or the operation that will have it.

        As `app.seeds.service.Seeds.create` does for one budget.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        ConflictError
            The dataset is not ready.
        InvalidRequestError
            There is no such resource, scene or group, no choice keeps every rule, nesting is
            asked for where it is not known how, or the time limit is above the server's.
        BusyError, SolveCrashedError, SolveCancelledError
            See `app.processes.pool.SolvePool.answer`.
        """
        require_callable(request.callback, self._context.settings)
        question = ask_frontier(self._context, dataset_id, request)
        known = frontiers.answered(self._session, dataset_id, question.digest)
        if known is not None:
            return Frontier.model_validate(known.answer)
        if preference.respond_async or request.time_limit_s > self._context.settings.max_wait_s:
            return submit(self._context, self._queue, dataset_id, request)
        self._session.commit()  # nothing is held while the solve runs
        answer: FrontierAnswer = self._pool.answer(question.task, watch)
        return remember(self._context, question, request, answer)

    def awaited(
        self, answer: Frontier | Operation, preference: Preference, watch: Cancellation
    ) -> Frontier | Operation:
        """Return the frontier of an operation where that is there in time, else the operation.

        Raises
        ------
        NotFoundError
            The dataset was deleted meanwhile.
        """
        if isinstance(answer, Frontier):
            return answer
        waits, pool = self._waits, self._pool
        state = await_end(self._context, pool, waits, answer, preference.wait_s, watch)
        return state if state.frontier_id is None else self.get(state.frontier_id)

    def get(self, frontier_id: str) -> Frontier:
        """Return a frontier.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        return Frontier.model_validate(frontiers.get(self._session, frontier_id).answer)


def remember(
    context: RequestContext,
    question: FrontierQuery,
    request: FrontierRequest,
    answer: FrontierAnswer,
) -> Frontier:
    """Store an answer; where another request answered the same question first, return that.

    Raises
    ------
    NotFoundError
        The dataset was deleted meanwhile.
    """
    session = context.session
    found = Frontier(
        id=new_id(),
        dataset_id=question.dataset.id,
        objective_name=_OBJECTIVE.validate_python(answer.objective),
        nested=request.nested,
        points=_points(question, answer),
        knee=answer.knee,
        seconds=answer.seconds,
        notes=answer.notes,
        provenance=Provenance(**question.provenance, versions=versions()),
        created_at=now(),
    )
    datasets.get(session, found.dataset_id)
    first = frontiers.answered(session, found.dataset_id, question.digest)
    if first is not None:
        return Frontier.model_validate(first.answer)
    session.add(
        FrontierRow(
            id=found.id,
            dataset_id=found.dataset_id,
            question_hash=question.digest,
            answer=found.model_dump(mode="json"),
            created_at=found.created_at,
        )
    )
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        datasets.get(session, found.dataset_id)  # deleted meanwhile: not found
        first = frontiers.answered(session, found.dataset_id, question.digest)
        if first is None:
            raise
        return Frontier.model_validate(first.answer)
    return found


def _points(question: FrontierQuery, answer: FrontierAnswer) -> tuple[FrontierPoint, ...]:
    before: Sequence[str] = ()
    points = []
    for step in answer.steps:
        had, has = set(before), set(step.selected)
        points.append(
            FrontierPoint(
                budget=question.budget(step.budget),
                objective=step.objective,
                upper_bound=finite(step.upper_bound),
                gap=finite(relative_gap(step.objective, step.upper_bound)),
                total_cost=step.total_cost,
                scene_count=len(step.selected),
                added=tuple(name for name in step.selected if name not in had),
                removed=tuple(name for name in before if name not in has),
                price_of_nesting=step.price_of_nesting,
                baselines=reports(step.baselines),
            )
        )
        before = step.selected
    return tuple(points)
