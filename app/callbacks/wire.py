"""Callbacks on the wire: who is told when an operation ends (Standard Webhooks 1.0.0)."""

import base64
import binascii
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field

from app.wire import Count, Wire

_PREFIX: Final = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def _check_secret(value: str) -> str:
    try:
        length = len(base64.b64decode(value.removeprefix(_PREFIX), validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if not value.startswith(_PREFIX) or not _SHORTEST <= length <= _LONGEST:
        rule = f"must be {_PREFIX} and the base64 of {_SHORTEST} to {_LONGEST} bytes"
        raise ValueError(rule)
    return value


class CallbackRequest(Wire):
    """Whom to tell when the operation has ended."""

    url: str = Field(min_length=1, max_length=2000, examples=["https://example.org/hooks/seedal"])
    secret: Annotated[str, AfterValidator(_check_secret)] = Field(
        max_length=200,
        description="Signs the callback. `whsec_` and the base64 of 24 to 64 random bytes; it is "
        "never shown again.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class CallbackStatus(StrEnum):
    """How far a callback has come."""

    WAITING = "waiting"
    """The operation has not ended."""
    PENDING = "pending"
    """It is to be delivered, perhaps once more."""
    DELIVERED = "delivered"
    """The receiver answered 2xx."""
    FAILED = "failed"
    """The receiver did not, in ten attempts over three days."""
    DISABLED = "disabled"
    """The receiver answered 410: it wants no more."""


class CallbackState(Wire):
    """A callback and how far it has come."""

    url: str
    status: CallbackStatus
    attempts: Count
    last_error: str | None
    next_attempt_at: datetime | None


class EndedOperation(Wire):
    """Which operation has ended, and how."""

    operation_id: str
    kind: str = Field(examples=["solve"])
    dataset_id: str
    status: Literal["succeeded", "failed", "cancelled"]
    path: str = Field(
        description="Where the operation is, with its result or its error.",
        examples=["/v1/operations/01a2324e-2952-77f7-9d55-fc876c7e8951"],
    )


class CallbackEvent(Wire):
    """What a callback says; it may come more than once, each time with the same `webhook-id`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "operation.succeeded",
                    "timestamp": "2026-11-30T08:01:00.000000+00:00",
                    "data": {
                        "operation_id": "01a2324e-2952-77f7-9d55-fc876c7e8951",
                        "kind": "solve",
                        "dataset_id": "01a2324d-cdd2-7b7f-8ed3-e4b0bd7a5a12",
                        "status": "succeeded",
                        "path": "/v1/operations/01a2324e-2952-77f7-9d55-fc876c7e8951",
                    },
                }
            ]
        }
    )

    type: Literal["operation.succeeded", "operation.failed", "operation.cancelled"]
    timestamp: datetime = Field(description="When the operation ended.")
    data: EndedOperation
