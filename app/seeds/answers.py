"""How a question gets its answer: it is remembered, stored, or handed to the workers."""

import time
from threading import BoundedSemaphore
from typing import Final

from app.choosing.frontier import FrontierAnswer
from app.choosing.seeding import SeedAnswer
from app.choosing.tasks import SeedTask
from app.errors import SolveCancelledError
from app.operations.service import Operations
from app.operations.translate import FRONTIER, SOLVE, Kind, new_operation
from app.operations.translate import to_wire as operation_to_wire
from app.operations.wire import Operation
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.scenes.pools import RequestContext
from app.seeds import store
from app.seeds.questions import Query
from app.seeds.translate import SeedOrigin, frontier_to_wire, to_wire
from app.seeds.wire import Frontier, FrontierRequest, Seed, SeedRequest
from app.store.queue import JobQueue
from app.store.tables import FrontierRow, OperationRow, SeedRow
from solver.model.result import StopReason

_LOOK_S: Final = 0.1
"""Seconds between two looks at an operation that a request waits for."""


def recall(context: RequestContext, query: Query) -> Seed | Frontier | None:
    """Return the stored answer to a question; None where it is new."""
    about = (query.dataset.id, query.digest)
    if isinstance(query.task, SeedTask):
        seed = store.answered(context.session, SeedRow, *about)
        return None if seed is None else Seed.model_validate(seed.answer)
    frontier = store.answered(context.session, FrontierRow, *about)
    return None if frontier is None else Frontier.model_validate(frontier.answer)


def remember(
    context: RequestContext, query: Query, answer: SeedAnswer | FrontierAnswer
) -> Seed | Frontier:
    """Store an answer; where another request answered the same question first, return that.

    Raises
    ------
    NotFoundError
        The dataset was deleted meanwhile.
    SolveCancelledError
        It is no answer: the solve was stopped.
    """
    if isinstance(answer, FrontierAnswer):
        frontier = frontier_to_wire(
            answer,
            dataset_id=query.dataset.id,
            nested=isinstance(query.request, FrontierRequest) and query.request.nested,
            budget=query.budget,
            provenance=query.provenance,
        )
        row = store.frontier_row(frontier, query.digest)
        first = store.add_first(context.session, row)
        return frontier if first is row else Frontier.model_validate(first.answer)
    if answer.result.stop_reason is StopReason.CANCELLED:
        rule = "The solve was stopped before it had an answer."
        raise SolveCancelledError(rule)
    question = query.task.question
    origin = SeedOrigin(
        dataset_id=query.dataset.id,
        budget=query.budget(question.budget),
        objective=question.objective,
        options=question.options,
        constraints=query.request.constraints,
        side_budgets=query.request.side_budgets,
        provenance=query.provenance,
        group_of=query.pool.group_of,
    )
    seed = to_wire(answer, origin)
    seed_row = store.seed_row(seed, query.digest)
    first_seed = store.add_first(context.session, seed_row)
    return seed if first_seed is seed_row else Seed.model_validate(first_seed.answer)


def new_solve(dataset_id: str, request: SeedRequest | FrontierRequest) -> OperationRow:
    """Return the row of a question that no worker has begun to answer."""
    kind: Kind = SOLVE if isinstance(request, SeedRequest) else FRONTIER
    row = new_operation(kind, dataset_id, request.callback)
    row.request = request.model_dump(mode="json", exclude={"callback"}, by_alias=True)
    return row


def submit(
    context: RequestContext,
    queue: JobQueue,
    dataset_id: str,
    request: SeedRequest | FrontierRequest,
) -> Operation:
    """Accept a question: its operation and its job are there once the transaction is committed.

    The answer to an Idempotency-Key is stored in the same transaction.
    """
    row = new_solve(dataset_id, request)
    context.session.add(row)
    queue.enqueue_solve(context.session, row.id)
    return operation_to_wire(row)


def await_end(
    context: RequestContext,
    pool: SolvePool,
    waits: BoundedSemaphore,
    accepted: Operation,
    wait_s: float,
    watch: Cancellation,
) -> Operation:
    """Return an operation once it has ended, or as it is when its caller waits no longer.

    How long a caller would like to wait is a wish, and the operation is under way: where too many
    wait already, this one does not.

    Parameters
    ----------
    context
        Its transaction is committed first, and then are short ones.
    pool
        Tells when the process is ending.
    waits
        So many may wait at once: each has a thread meanwhile.
    accepted
        The operation.
    wait_s
        For how long, in seconds.
    watch
        Tells when the caller has gone.

    Raises
    ------
    NotFoundError
        The dataset was deleted meanwhile.
    """
    if wait_s <= 0:
        return accepted
    context.session.commit()
    if not waits.acquire(blocking=False):
        return accepted
    try:
        operations, state = Operations(context.session), accepted
        deadline = time.monotonic() + min(wait_s, context.settings.max_wait_s)
        while state.finished_at is None and time.monotonic() < deadline:
            if watch.cancelled() or pool.closing:
                break
            time.sleep(_LOOK_S)
            context.session.expire_all()
            state = operations.get(accepted.id)
            context.session.commit()  # nothing is held while it waits
        return state
    finally:
        waits.release()
