"""Routes of seeds and frontiers."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from app.errors import ConflictError
from app.http.dependencies import (
    AppStateOf,
    CancellationOf,
    IdempotencyOf,
    PreferenceOf,
    requires,
)
from app.http.idempotency import Idempotency
from app.http.parameters import (
    IMMUTABLE,
    DatasetId,
    FrontierId,
    LinkOf,
    PageSize,
    PageToken,
    Preference,
    SeedId,
    accepted,
    created,
)
from app.http.problems import READING, SENDING, SOLVING, documented
from app.http.strict import StrictRoute
from app.operations.wire import ACCEPTED, Operation
from app.processes.child import Cancellation
from app.scenes.routes import ContextOf
from app.seeds.service import Seeds
from app.seeds.translate import objectives_to_wire
from app.seeds.wire import (
    Frontier,
    FrontierRequest,
    ObjectiveList,
    Represented,
    Seed,
    SeedPage,
    SeedRequest,
)

router = APIRouter(tags=["seeds"], route_class=StrictRoute, dependencies=[requires("seeds")])
objectives = APIRouter(
    tags=["seeds"], route_class=StrictRoute, dependencies=[requires("datasets", "seeds")]
)
frontiers = APIRouter(tags=["frontiers"], route_class=StrictRoute, dependencies=[requires("seeds")])


def _seeds(app_state: AppStateOf, context: ContextOf) -> Seeds:
    return Seeds(context, app_state.pool, app_state.queue, app_state.metrics, app_state.waits)


SeedsOf = Annotated[Seeds, Depends(_seeds)]

_SOLVE = {
    **documented(*READING, ConflictError, *SENDING, *SOLVING),
    **ACCEPTED,
}

_PROOF = documented(*READING, ConflictError, *SOLVING)


@router.post(
    "/datasets/{dataset_id}/seeds",
    status_code=HTTPStatus.CREATED,
    response_model=None,
    responses={HTTPStatus.CREATED: {"model": Seed, "description": "The seed."}, **_SOLVE},
)
def create_seed(
    dataset_id: DatasetId,
    request: SeedRequest,
    seeds: SeedsOf,
    once: IdempotencyOf,
    preference: PreferenceOf,
    watch: CancellationOf,
) -> Response:
    """Answer a budget with the scenes to annotate first.

    The same question on the same dataset gets the seed that was stored the first time. A solve
    that may take longer than a request does is answered with the operation that will have the
    seed; so is one whose caller prefers that.
    """
    return _create(dataset_id, request, seeds, once, preference, watch)


@router.get("/datasets/{dataset_id}/seeds", responses=documented(*READING))
def list_seeds(
    dataset_id: DatasetId,
    seeds: SeedsOf,
    link: LinkOf,
    page_size: PageSize = None,
    page_token: PageToken = None,
) -> SeedPage:
    """List a dataset's seeds, newest first, without their scenes."""
    return link(seeds.page(dataset_id, page_size, page_token))


@objectives.get("/objectives")
def list_objectives() -> ObjectiveList:
    """List what a seed can maximise: each objective's formula, its source, and what it promises."""
    return objectives_to_wire()


@router.get("/seeds/{seed_id}", responses=documented(*READING))
def get_seed(seed_id: SeedId, seeds: SeedsOf, response: Response) -> Seed:
    """Show a seed; it never changes."""
    response.headers["Cache-Control"] = IMMUTABLE
    return seeds.get(seed_id)


@router.get(
    "/seeds/{seed_id}/export",
    response_class=Response,
    responses={
        **documented(*READING),
        HTTPStatus.OK: {
            "content": {
                kind: {}
                for kind in ("application/json", "text/csv", "image/png", "application/zip")
            },
            "description": "The file, or a zip of several; its type depends on the format.",
        },
    },
)
def export_seed(
    seed_id: SeedId,
    seeds: SeedsOf,
    format_name: Annotated[str, Query(alias="format", examples=["csv"])] = "json",
) -> Response:
    """Download a seed in the format of a platform."""
    exported = seeds.export(seed_id, format_name)
    headers = {"Content-Disposition": f'attachment; filename="{exported.filename}"'}
    return Response(exported.content, media_type=exported.media_type, headers=headers)


@router.get("/seeds/{seed_id}/represented", responses=_PROOF)
def list_represented(
    seed_id: SeedId,
    seeds: SeedsOf,
    watch: CancellationOf,
    response: Response,
    scene_id: Annotated[str, Query(description="A scene of the seed.", examples=["room/1"])],
    k: Annotated[int, Query(ge=1, le=1000, description="How many, at most.")] = 50,
) -> Represented:
    """List the scenes outside of a seed that look more like one of it than like any other."""
    response.headers["Cache-Control"] = IMMUTABLE
    return seeds.represented(seed_id, scene_id, k, watch)


@router.get("/seeds/{seed_id}/certificate", responses=_PROOF)
def get_certificate(seed_id: SeedId, seeds: SeedsOf, watch: CancellationOf) -> dict[str, Any]:
    """Prove a seed: `seedal verify PROBLEM CERTIFICATE` checks it without trusting this service."""
    return seeds.certificate(seed_id, watch)


@router.get(
    "/seeds/{seed_id}/problem",
    response_class=Response,
    responses={
        **_PROOF,
        HTTPStatus.OK: {
            "content": {"application/octet-stream": {}},
            "description": "A NumPy archive: weights, vectors, costs and ids.",
        },
    },
)
def get_problem(seed_id: SeedId, seeds: SeedsOf, watch: CancellationOf) -> Response:
    """Download the problem that a certificate is about."""
    headers = {"Content-Disposition": 'attachment; filename="problem.npz"'}
    content = seeds.problem(seed_id, watch)
    return Response(content, media_type="application/octet-stream", headers=headers)


@frontiers.post(
    "/datasets/{dataset_id}/frontiers",
    status_code=HTTPStatus.CREATED,
    response_model=None,
    responses={HTTPStatus.CREATED: {"model": Frontier, "description": "The frontier."}, **_SOLVE},
)
def create_frontier(
    dataset_id: DatasetId,
    request: FrontierRequest,
    seeds: SeedsOf,
    once: IdempotencyOf,
    preference: PreferenceOf,
    watch: CancellationOf,
) -> Response:
    """Answer many budgets at once: what would each of them buy.

    One that may take longer than a request does is answered with the operation that will have it.
    """
    return _create(dataset_id, request, seeds, once, preference, watch)


@frontiers.get("/frontiers/{frontier_id}", responses=documented(*READING))
def get_frontier(frontier_id: FrontierId, seeds: SeedsOf, response: Response) -> Frontier:
    """Show a frontier; it never changes."""
    response.headers["Cache-Control"] = IMMUTABLE
    return seeds.get_frontier(frontier_id)


def _create(
    dataset_id: str,
    request: SeedRequest | FrontierRequest,
    seeds: Seeds,
    once: Idempotency,
    preference: Preference,
    watch: Cancellation,
) -> Response:
    """Return the answer to a question, or the operation that will have it."""
    answer, replayed = once(
        lambda: seeds.create(dataset_id, request, preference, watch), Seed, Frontier, Operation
    )
    answer = seeds.awaited(answer, preference, watch)
    if isinstance(answer, Operation):
        return accepted(answer, answer.id, replayed=replayed, applied=preference.applied)
    kind = "seeds" if isinstance(answer, Seed) else "frontiers"
    return created(answer, f"/v1/{kind}/{answer.id}", replayed=replayed)
