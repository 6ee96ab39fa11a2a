"""Routes of pushes and syncs."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.errors import UnavailableError
from app.http.dependencies import (
    AppStateOf,
    CallerOf,
    IdempotencyOf,
    Transaction,
    requires,
)
from app.http.parameters import DatasetId, SeedId, accepted
from app.http.problems import READING, SENDING, documented
from app.http.strict import StrictRoute
from app.operations.wire import ACCEPTED, Operation
from app.pushes.service import Pushes
from app.pushes.wire import ConnectionList, PushRequest, SyncRequest

router = APIRouter(tags=["labels"], route_class=StrictRoute, dependencies=[requires("labels")])


def _pushes(app_state: AppStateOf, session: Transaction, caller: CallerOf) -> Pushes:
    return Pushes(session, app_state.settings, app_state.queue, caller.project)


PushesOf = Annotated[Pushes, Depends(_pushes)]
_EXCHANGE = {**documented(*READING, *SENDING, UnavailableError), **ACCEPTED}


@router.get("/connections", responses=documented(UnavailableError))
def list_connections(pushes: PushesOf) -> ConnectionList:
    """List the annotation platforms that this key may send seeds to."""
    return pushes.connections()


@router.post(
    "/seeds/{seed_id}/pushes",
    status_code=HTTPStatus.ACCEPTED,
    response_model=None,
    responses=_EXCHANGE,
)
def push_seed(
    seed_id: SeedId, request: PushRequest, pushes: PushesOf, once: IdempotencyOf
) -> Response:
    """Put a seed into the queue of an annotation platform.

    Doing it again changes nothing; a later seed of the same dataset changes what is there. The
    operation says what was done, and what annotators are served first.
    """
    answer, replayed = once(lambda: pushes.push(seed_id, request), Operation)
    return accepted(answer, answer.id, replayed=replayed)


@router.post(
    "/datasets/{dataset_id}/syncs",
    status_code=HTTPStatus.ACCEPTED,
    response_model=None,
    responses=_EXCHANGE,
)
def sync_labels(
    dataset_id: DatasetId, request: SyncRequest, pushes: PushesOf, once: IdempotencyOf
) -> Response:
    """Ask an annotation platform for the state of all its tasks, and write it into the ledger.

    What webhooks lost is found, and what is not there any more is taken back.
    """
    answer, replayed = once(lambda: pushes.sync(dataset_id, request), Operation)
    return accepted(answer, answer.id, replayed=replayed)
