"""Questions that are handed to the workers, and waited for as long as their caller likes."""

import time
from threading import BoundedSemaphore
from typing import Final

from app.operations.service import Operations
from app.operations.translate import new_solve, to_wire
from app.operations.wire import Operation
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.seeds.frontiers_wire import FrontierRequest
from app.seeds.questions import RequestContext
from app.seeds.wire import SeedRequest
from app.store.queue import JobQueue

_LOOK_S: Final = 0.1
"""How often it is looked whether an operation that is waited for has ended."""


def submit(
    context: RequestContext,
    queue: JobQueue,
    dataset_id: str,
    request: SeedRequest | FrontierRequest,
) -> Operation:
    """Accept a question: its operation and its job are there once the transaction is committed.

    Whoever opened it does that, so the answer to an Idempotency-Key is stored with them.
    """
    row = new_solve(dataset_id, request)
    context.session.add(row)
    queue.enqueue_solve(context.session, row.id)
    return to_wire(row)


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
