"""Questions that are handed to the workers, and waited for as long as their caller likes."""

import time
from typing import Final

from api_schemas.frontiers import FrontierRequest
from api_schemas.operations import Operation
from api_schemas.seeds import SeedRequest
from app.services.operations import Operations
from app.services.questions import Asker
from app.services.solve_pool import SolvePool
from app.services.solve_process import Watch
from app.store.queue import JobQueue
from app.translate.operations import new_solve, to_wire

_LOOK_S: Final = 0.1
"""How often it is looked whether an operation that is waited for has ended."""


def submit(
    asker: Asker,
    queue: JobQueue,
    dataset_id: str,
    request: SeedRequest | FrontierRequest,
) -> Operation:
    """Accept a question: its operation and its job are there once the transaction commits."""
    row = new_solve(dataset_id, request)
    asker.session.add(row)
    queue.enqueue_solve(asker.session, row.id)
    return to_wire(row)


def await_end(
    asker: Asker, pool: SolvePool, accepted: Operation, wait_s: float, watch: Watch
) -> Operation:
    """Return an operation once it has ended, or as it is when its caller waits no longer.

    Parameters
    ----------
    asker
        Its transaction is committed, with whatever else was written; those that follow are short.
    pool
        Has so many seats for those who wait; whoever finds none does not.
    accepted
        The operation.
    wait_s
        For how long, in seconds.
    watch
        Tells when the caller has gone.
    """
    asker.session.commit()
    if wait_s <= 0 or not pool.seats.acquire(blocking=False):
        return accepted
    try:
        operations, state = Operations(asker.session), accepted
        deadline = time.monotonic() + min(wait_s, asker.settings.max_wait_s)
        while state.finished_at is None and not watch.cancelled() and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
            asker.session.expire_all()
            state = operations.get(accepted.id)
            asker.session.commit()  # nothing is held while it waits
        return state
    finally:
        pool.seats.release()
