"""The OpenAPI document: what routes do not say themselves, in one pass over all calls.

FastAPI describes errors as ``application/json`` and invents a schema for invalid requests; here
every error is a problem document, as it really is. Headers, scopes and tags are the same for many
calls, so they are said once.
"""

from http import HTTPStatus
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from app.access.service import scope_of
from app.errors import ForbiddenError, UnauthenticatedError
from app.http.problems import MEDIA_TYPE, Problem, status_of

SERVERS: Final = [{"url": "/", "description": "The service that this document came from."}]

TAGS: Final = [
    {"name": "datasets", "description": "Pools of scenes: registered once, then made ready."},
    {"name": "scenes", "description": "What is in a dataset, and who looks like whom."},
    {"name": "labels", "description": "What annotation platforms say of scenes: queued, labelled."},
    {"name": "hooks", "description": "What platforms send by themselves; their address is a key."},
    {"name": "media", "description": "Files that other hosts open, by signed addresses."},
    {"name": "seeds", "description": "Budgets, answered with the scenes to annotate first."},
    {"name": "frontiers", "description": "Many budgets at once: what would each of them buy."},
    {"name": "operations", "description": "Work that outlasts its request: watch it, cancel it."},
    {"name": "health", "description": "For whoever watches the process; no key is asked for."},
]

DESCRIPTION: Final = """\
Errors are problem documents (RFC 9457). What was sent with an `Idempotency-Key` may be sent again.
Lists are read page by page, by `next_page_token` or the `Link` header. Every response carries
`X-Request-ID`; one that the caller sends is kept. What a GET returns has a strong `ETag`, and HEAD
is answered wherever GET is. A request for another host (`SEEDAL_ALLOWED_HOSTS`) ends with 421, a
change that a page of another origin sends with 403.
"""

_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-ID": {"description": "Names this request in the server's log."},
    "Location": {"description": "Where it is, or the operation that will have it."},
    "Retry-After": {
        "description": "Seconds until it is worth asking again; on operations, until they end.",
        "schema": {"type": "integer"},
    },
    "Preference-Applied": {"description": "`respond-async`, where the answer is an operation."},
    "Idempotency-Replayed": {
        "description": "`true` where this answer was given before, to the same Idempotency-Key."
    },
    "ETag": {"description": "A strong validator of the body, for `If-None-Match`."},
    "Cache-Control": {"description": "`immutable` for what never changes, else `no-cache`."},
    "Link": {"description": 'The next page, with `rel="next"`; none on the last one.'},
    "Content-Disposition": {"description": "A name for the file (RFC 6266)."},
}
_RETRY_AFTER: Final = {"schema": {"type": "integer"}, "description": "Seconds to wait."}
_ERROR_HEADERS: Final[dict[int, dict[str, Any]]] = {
    int(HTTPStatus.UNAUTHORIZED): {
        "WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`."}
    },
    int(HTTPStatus.TOO_MANY_REQUESTS): {"Retry-After": _RETRY_AFTER},
    int(HTTPStatus.SERVICE_UNAVAILABLE): {"Retry-After": _RETRY_AFTER},
}
_SECURITY_SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of `seedal keys create`. Needed as soon as there is one.",
    },
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_PROBLEM_SCHEMAS: Final = models_json_schema(
    [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
)[1]["$defs"]
_FILES: Final = {"application/octet-stream", "*/*"}
"""What only downloads are sent as."""
BINARY: Final = {"type": "string", "format": "binary"}
"""The schema of a file. OpenAPI 3.1 would do without one; generators know this one."""
FILE: Final = {"application/octet-stream": {"schema": BINARY}}
"""The body of an upload. It is of one kind: generators stumble over several kinds of files."""
TEXT: Final = {"type": "string"}
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "ETags of responses that the caller has.",
}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with its errors, scopes and headers as they really are."""
    components = document["components"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["schemas"].update(_PROBLEM_SCHEMAS)
    components["securitySchemes"] = _SECURITY_SCHEMES
    components["headers"] = {
        name: {"schema": {"type": "string"}, **header} for name, header in _HEADERS.items()
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation.get("security"):  # none is asked for where the address is a key
                _describe_access(method, operation)
            _describe_errors(operation["responses"])
            _describe_headers(path, method, operation)
            _describe_bodies(operation["responses"])
    for operations in document.get("webhooks", {}).values():
        for operation in operations.values():
            operation["responses"].pop("422", None)  # what receivers refuse is theirs to say
    return document


def _describe_bodies(responses: dict[str, Any]) -> None:
    """Say of files what they are: generators of clients leave out what has no schema."""
    for response in responses.values():
        for kind, content in response.get("content", {}).items():
            content.setdefault("schema", TEXT if kind.startswith("text/") else BINARY)


def _describe_errors(responses: dict[str, Any]) -> None:
    responses.setdefault("500", {"description": "Something unexpected happened."})
    for status, response in responses.items():
        if int(status) >= HTTPStatus.BAD_REQUEST:
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            response["headers"] = dict(_ERROR_HEADERS.get(int(status), {}))


def _describe_headers(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if method == "get" and path.startswith("/v1/") and "200" in responses:
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
        responses["304"] = {"description": "The response has one of these ETags still."}
    for status, response in responses.items():
        headers = response.setdefault("headers", {})
        for name in _given(path, method, operation, status):
            headers.setdefault(name, {"$ref": f"#/components/headers/{name}"})


def _describe_access(method: str, operation: dict[str, Any]) -> None:
    """Say which scopes an operation needs; routes name the resource, the method says the rest.

    OpenAPI 3.1 takes such names under any scheme; alternatives stand side by side.
    """
    named = next(iter(operation["security"][0].values()))
    scopes = [scope_of(resource, method) for resource in named]
    operation["security"] = [{scheme: [scope]} for scope in scopes for scheme in _SECURITY_SCHEMES]
    needed = " or ".join(f"`{scope}`" for scope in scopes)
    described = operation.get("description", "")
    operation["description"] = f"{described}\n\nScope: {needed}.".lstrip()
    for kind, why in (
        (UnauthenticatedError, UnauthenticatedError.title),
        (ForbiddenError, f"The key has no scope {needed}"),
    ):
        operation["responses"].setdefault(str(int(status_of(kind))), {"description": why})


def _given(path: str, method: str, operation: dict[str, Any], status: str) -> list[str]:
    """Return the headers of a response."""
    names = ["X-Request-ID"]
    takes = {parameter["name"] for parameter in operation.get("parameters", ())}
    if status in {"201", "202"}:
        names += ["Location"]
        names += ["Idempotency-Replayed"] if "Idempotency-Key" in takes else []
    if status == "202":
        names += ["Retry-After"]
        names += ["Preference-Applied"] if "Prefer" in takes else []
    if method == "get" and status in {"200", "304"} and path.startswith("/v1/"):
        names += ["ETag", "Cache-Control"]
        names += ["Link"] if "page_token" in takes else []
        names += ["Retry-After"] if path.endswith("/{operation_id}") else []
        content = operation["responses"]["200"].get("content", {})
        names += ["Content-Disposition"] if _FILES & content.keys() else []
    return names
