"""The OpenAPI document's words about what is the same for many calls: headers, tags, the server."""

from typing import Any, Final

SERVERS: Final = [{"url": "/", "description": "The service that this document came from."}]

TAGS: Final = [
    {"name": "datasets", "description": "Pools of scenes: registered once, then made ready."},
    {"name": "scenes", "description": "What is in a dataset, and who looks like whom."},
    {"name": "seeds", "description": "Budgets, answered with the scenes to annotate first."},
    {"name": "frontiers", "description": "Many budgets at once: what would each of them buy."},
    {"name": "operations", "description": "Work that outlasts its request: watch it, cancel it."},
    {"name": "health", "description": "For whoever watches the process; no key is asked for."},
]

DESCRIPTION: Final = """\
Errors are problem documents (RFC 9457). What was sent with an `Idempotency-Key` may be sent again.
Lists are read page by page, by `next_page_token` or the `Link` header. Every response carries
`X-Request-ID`; one that the caller sends is kept. What a GET returns has a strong `ETag`.
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
_FILES: Final = {"application/octet-stream", "application/zip"}
"""What only downloads are sent as."""
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "ETags of responses that the caller has.",
}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the headers that all calls of a kind take and give."""
    document["components"]["headers"] = {
        name: {"schema": {"type": "string"}, **header} for name, header in _HEADERS.items()
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "get" and path.startswith("/v1/") and "200" in operation["responses"]:
                operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
                described = {"description": "The response has one of these ETags still."}
                operation["responses"]["304"] = described
            for status, response in operation["responses"].items():
                headers = response.setdefault("headers", {})
                for name in _given(path, method, operation, status):
                    headers.setdefault(name, {"$ref": f"#/components/headers/{name}"})
    return document


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
