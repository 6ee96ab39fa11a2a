"""Routes of hooks: making them takes a key; what comes for one takes its address alone."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from app.errors import ConflictError, NotFoundError, UnauthenticatedError, UnavailableError
from app.hooks import store
from app.hooks.models import (
    ModelHealth,
    Models,
    ModelSetUp,
    ModelVersion,
    ModelVersionList,
    PredictionList,
    PredictionRequest,
)
from app.hooks.service import Hooks, model_of, receiver_of, require_secret
from app.hooks.store import Receiver
from app.hooks.wire import Hook, HookList, HookRequest, NewHook
from app.http.dependencies import (
    AppState,
    AppStateOf,
    CancellationOf,
    Session,
    Transaction,
    needing_database,
    requires,
)
from app.http.parameters import DatasetId, HookId, created
from app.http.problems import READING, SENDING, documented
from app.http.strict import StrictRequest, StrictRoute
from app.scenes.pools import RequestContext
from app.seeds.service import Seeds
from app.store.sessions import ProjectSession

MOST_MB: Final = 10
"""Largest event that is taken, in MiB."""

router = APIRouter(
    prefix="/datasets/{dataset_id}/hooks",
    tags=["hooks"],
    route_class=StrictRoute,
    dependencies=[requires("labels")],
)
inboxes = APIRouter(prefix="/hooks", tags=["hooks"])
models = APIRouter(prefix="/hooks/{hook}/label-studio", tags=["hooks"], route_class=StrictRoute)


def _hooks(session: Transaction, app_state: AppStateOf) -> Hooks:
    return Hooks(session, app_state.settings)


HooksOf = Annotated[Hooks, Depends(_hooks)]


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=NewHook,
    responses=documented(*READING, *SENDING, ConflictError),
)
def create_hook(dataset_id: DatasetId, request: HookRequest, hooks: HooksOf) -> Response:
    """Make an address for a platform's webhooks; the secret is shown this once."""
    made = hooks.create(dataset_id, request)
    return created(made, f"/v1/datasets/{dataset_id}/hooks/{made.id}", replayed=False)


@router.get("", responses=documented(*READING))
def list_hooks(dataset_id: DatasetId, hooks: HooksOf) -> HookList:
    """List a dataset's hooks, oldest first, and how far what came for them is worked off."""
    return hooks.every(dataset_id)


@router.get("/{hook}", responses=documented(*READING))
def get_hook(dataset_id: DatasetId, hook: HookId, hooks: HooksOf) -> Hook:
    """Show a hook, and how far what came for it is worked off."""
    return hooks.get(dataset_id, hook)


@router.delete(
    "/{hook}", status_code=HTTPStatus.NO_CONTENT, responses=documented(*READING, ConflictError)
)
def delete_hook(dataset_id: DatasetId, hook: HookId, hooks: HooksOf) -> None:
    """Delete a hook: its address is good for nothing any more."""
    hooks.remove(dataset_id, hook)


_OPEN: Final[dict[str, Any]] = {"security": []}
"""Of the document: no key is asked for."""

_EXAMPLE: Final = {"action": "TASKS_DELETED", "tasks": [{"id": 2268}], "project": {"id": 25}}
_TAKEN: Final[dict[str, Any]] = {
    "openapi_extra": {
        **_OPEN,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
        },
    },
    "responses": documented(NotFoundError, UnauthenticatedError, UnavailableError, *SENDING),
}


@inboxes.post("/{hook}", status_code=HTTPStatus.NO_CONTENT, **_TAKEN)
async def receive_event(hook: HookId, request: Request, app_state: AppStateOf) -> Response:
    """Take a platform's webhook; it is worked off later. What concerns no scene is ignored.

    Label Studio sends the secret (`Authorization: Bearer ...`), CVAT signs with it
    (`X-Signature-256: sha256=...`).
    """
    await _take(hook, request, app_state, is_model=False)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _take(hook_id: str, request: Request, app_state: AppState, *, is_model: bool) -> None:
    """Keep a body as it came, for who may send one.

    Label Studio's own webhook to a model has no credentials: the address is what it knows.
    """

    def look_up() -> Receiver:
        with needing_database(), app_state.sessions() as session:
            return (model_of if is_model else receiver_of)(session, hook_id)

    def put(body: bytes) -> None:
        with needing_database(), app_state.sessions.begin() as session:
            store.put(session, hook_id, body)

    hook = await run_in_threadpool(look_up)
    sent = StrictRequest(request.scope, request.receive)
    await sent.read(MOST_MB, app_state.settings.body_timeout_s)
    body = await sent.body()
    require_secret(hook, request.headers, body, is_optional=is_model)
    await run_in_threadpool(put, body)


def _model(
    hook: HookId, request: Request, app_state: AppStateOf, session: Session
) -> Iterator[Models]:
    """Return the model that a hook is; what it does is done in the hook's own project."""
    found = model_of(session, hook)
    require_secret(found, request.headers, b"", is_optional=True)
    yield _bound(found, request, app_state, session)


def _bound(
    hook: Receiver, request: Request, app_state: AppState, session: ProjectSession
) -> Models:
    session.bind_to(hook.project)
    context = RequestContext(session, app_state.settings, request.app.state.pools)
    seeds = Seeds(context, app_state.pool, app_state.queue, app_state.metrics, app_state.waits)
    return Models(session, seeds, hook)


ModelsOf = Annotated[Models, Depends(_model, scope="function")]
_ASKED = documented(*READING, UnauthenticatedError, ConflictError, UnavailableError)


@models.get("/health", openapi_extra=_OPEN, responses=_ASKED)
def check_model(_: ModelsOf) -> ModelHealth:
    """Tell Label Studio that its model is there."""
    return ModelHealth()


@models.post("/setup", openapi_extra=_OPEN, responses={**documented(*SENDING), **_ASKED})
def set_up_model(request: ModelSetUp, models: ModelsOf, watch: CancellationOf) -> ModelVersion:
    """Hear from Label Studio what its model is asked: a budget and rules, as for a seed."""
    return models.set_up(request, watch)


@models.post("/predict", openapi_extra=_OPEN, responses={**documented(*SENDING), **_ASKED})
def predict_scores(
    sent: PredictionRequest, models: ModelsOf, request: Request, watch: CancellationOf
) -> PredictionList:
    """Score tasks by a seed: uncertainty sampling serves the lowest first."""
    return models.predict(sent, request.app.state.scene_keys, watch)


@models.get("/versions", openapi_extra=_OPEN, responses=_ASKED)
def list_model_versions(models: ModelsOf) -> ModelVersionList:
    """List the seeds that Label Studio's projects got by this hook."""
    return models.versions()


@inboxes.post("/{hook}/label-studio/webhook", **_TAKEN)
async def hear_model_event(hook: HookId, request: Request, app_state: AppStateOf) -> dict[str, str]:
    """Take a webhook that Label Studio sends to its model by itself: without the secret.

    Training lets the next seed be chosen with what is labelled by now.
    """
    await _take(hook, request, app_state, is_model=True)
    return {"status": "taken"}
