"""Answers that say where something new is, or that it was there before."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import Response

from app.http.parameters import RETRY_AFTER
from app.operations.wire import Operation
from app.wire import Wire

ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    int(HTTPStatus.ACCEPTED): {
        "model": Operation,
        "description": "Accepted; the operation in `Location` will have it.",
    }
}


def created(answer: Wire, path: str, *, replayed: bool) -> Response:
    """Return an answer as something new, and say where it is.

    Parameters
    ----------
    answer
        The body.
    path
        Of `Location`.
    replayed
        Whether it was given before, to a request with the same Idempotency-Key.
    """
    return _answer(HTTPStatus.CREATED, answer, {"Location": path}, replayed=replayed)


def accepted(answer: Wire, operation_id: str, *, replayed: bool, applied: str = "") -> Response:
    """Return an answer that an operation will complete, and say which.

    Parameters
    ----------
    answer
        The body.
    operation_id
        Of `Location`.
    replayed
        See `created`.
    applied
        The caller's preferences that led to this answer, if any did.
    """
    headers = {"Location": f"/v1/operations/{operation_id}", **RETRY_AFTER}
    if applied:
        headers["Preference-Applied"] = applied
    return _answer(HTTPStatus.ACCEPTED, answer, headers, replayed=replayed)


def _answer(
    status: HTTPStatus, answer: Wire, headers: dict[str, str], *, replayed: bool
) -> Response:
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(
        answer.model_dump_json(),
        status_code=int(status),
        headers=headers,
        media_type="application/json",
    )
