"""Routes of seeds and frontiers."""

from collections.abc import Iterator
from http import HTTPStatus
from os import SEEK_END
from typing import IO, Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.choosing.certificates import Proof
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
from app.seeds.proofs import Proofs
from app.seeds.service import Media, Seeds
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


def _proofs(request: Request, app_state: AppStateOf, context: ContextOf) -> Proofs:
    return Proofs(context, app_state.pool, request.app.state.proofs)


ProofsOf = Annotated[Proofs, Depends(_proofs)]

_PIECE: Final = 2**20
"""Bytes of a download that are in memory at a time."""

_SOLVE = {
    **documented(*READING, ConflictError, *SENDING, *SOLVING),
    **ACCEPTED,
}

_PROOF = documented(*READING, ConflictError, *SOLVING)

_CERTIFICATE: dict[int | str, dict[str, Any]] = {
    **_PROOF,
    HTTPStatus.OK: {
        "content": {"application/json": {"schema": {"type": "object"}}},
        "description": "The certificate. Its status and bound are what is proven: where time did "
        "not suffice for the bound of the answer, a larger one.",
        "headers": {
            "Certificate-Bytes": {
                "schema": {"type": "integer"},
                "description": "Its size before compression.",
            },
            "Certificate-Seconds": {
                "schema": {"type": "number"},
                "description": "How long it took to make.",
            },
        },
    },
}
_PROBLEM: dict[int | str, dict[str, Any]] = {
    **_PROOF,
    HTTPStatus.OK: {
        "content": {"application/octet-stream": {}},
        "description": "A NumPy archive with the arrays that docs/certificate.md names.",
    },
}

Place = Annotated[int, Path(ge=0, le=1_000_000, description="Number of the point, from 0.")]
Encodings = Annotated[str, Header(alias="Accept-Encoding", include_in_schema=False)]


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
        **documented(*READING, ConflictError),
        HTTPStatus.OK: {
            "content": {"*/*": {}},  # with several kinds, generators would read all as the first
            "description": "The file, or a zip of several; its type depends on the format.",
        },
    },
)
def export_seed(
    seed_id: SeedId,
    seeds: SeedsOf,
    format_name: Annotated[str, Query(alias="format", examples=["csv"])] = "json",
    media: Annotated[
        Media,
        Query(description="`signed`: files have addresses that another host may open for days."),
    ] = Media.SOURCE,
) -> Response:
    """Download a seed in the format of a platform."""
    exported = seeds.export(seed_id, format_name, media)
    headers = {"Content-Disposition": f'attachment; filename="{exported.filename}"'}
    content, media_type = exported.content, exported.media_type
    if isinstance(content, bytes):
        return Response(content, media_type=media_type, headers=headers)
    headers["Content-Length"] = str(content.seek(0, SEEK_END))
    return StreamingResponse(_pieces(content), media_type=media_type, headers=headers)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield a stream from its start, and close it."""
    with stream:
        stream.seek(0)
        while piece := stream.read(_PIECE):
            yield piece


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


@router.get("/seeds/{seed_id}/certificate", response_class=Response, responses=_CERTIFICATE)
def get_certificate(
    seed_id: SeedId, proofs: ProofsOf, watch: CancellationOf, accept_encoding: Encodings = ""
) -> Response:
    """Prove a seed: `seedal verify PROBLEM CERTIFICATE` checks it without trusting this service.

    The first time this takes about as long as the solve did; then the same certificate is given.
    """
    return _certificate(proofs.of_seed(seed_id, watch), accept_encoding)


@router.get("/seeds/{seed_id}/problem", response_class=Response, responses=_PROBLEM)
def get_problem(seed_id: SeedId, proofs: ProofsOf, watch: CancellationOf) -> Response:
    """Download the problem that a certificate is about."""
    return _problem(proofs.seed_problem(seed_id, watch))


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


@frontiers.get(
    "/frontiers/{frontier_id}/points/{place}/certificate",
    response_class=Response,
    responses=_CERTIFICATE,
)
def get_point_certificate(
    frontier_id: FrontierId,
    place: Place,
    proofs: ProofsOf,
    watch: CancellationOf,
    accept_encoding: Encodings = "",
) -> Response:
    """Prove a point of a frontier, as the certificate of a seed proves that."""
    return _certificate(proofs.of_point(frontier_id, place, watch), accept_encoding)


@frontiers.get(
    "/frontiers/{frontier_id}/points/{place}/problem",
    response_class=Response,
    responses=_PROBLEM,
)
def get_point_problem(
    frontier_id: FrontierId, place: Place, proofs: ProofsOf, watch: CancellationOf
) -> Response:
    """Download the problem that the certificate of a point is about."""
    return _problem(proofs.point_problem(frontier_id, place, watch))


def _certificate(proof: Proof, accept_encoding: str) -> Response:
    """Return a certificate as it is kept, compressed, to a client that takes it so."""
    headers = {
        "Certificate-Bytes": str(proof.size),
        "Certificate-Seconds": f"{proof.seconds:.3f}",
        "Vary": "Accept-Encoding",
    }
    if not _takes_gzip(accept_encoding):
        return Response(proof.json, media_type="application/json", headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(proof.content, media_type="application/json", headers=headers)


def _takes_gzip(accept_encoding: str) -> bool:
    """Tell whether a client takes gzip (RFC 9110, section 12.5.3); a weight of 0 refuses it."""
    for entry in accept_encoding.lower().split(","):
        name, _, weight = entry.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight.strip("0.") != "" or not weight
    return False


def _problem(content: bytes) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="problem.npz"'}
    return Response(content, media_type="application/octet-stream", headers=headers)


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
