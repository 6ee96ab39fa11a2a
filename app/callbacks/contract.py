"""What a receiver of callbacks is promised: the `webhooks` section of the OpenAPI document.

Nothing here is called; `app.callbacks.webhooks` sends what this describes.
"""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Header

from app.callbacks.wire import CallbackEvent

router = APIRouter(tags=["operations"])

_SLOW_DOWN: Final = "Too busy; it is sent again, not before `Retry-After`."

Identity = Annotated[str, Header(description="Of this callback: the same in every attempt.")]
Moment = Annotated[str, Header(description="Of this attempt, in seconds since 1970.")]
Signature = Annotated[
    str,
    Header(
        description="`v1,` and the base64 of HMAC-SHA256 by the callback's secret, of `webhook-id`,"
        " `webhook-timestamp` and the body, joined by dots."
    ),
]


@router.post(
    "operation-ended",
    operation_id="operation_ended",
    status_code=HTTPStatus.NO_CONTENT,
    responses={
        HTTPStatus.NO_CONTENT: {"description": "Taken; any other 2xx is as good."},
        HTTPStatus.GONE: {"description": "The receiver wants no more; it is not sent again."},
        HTTPStatus.TOO_MANY_REQUESTS: {"description": _SLOW_DOWN},
        HTTPStatus.SERVICE_UNAVAILABLE: {"description": _SLOW_DOWN},
    },
)
def operation_ended(
    event: CallbackEvent,
    webhook_id: Identity,
    webhook_timestamp: Moment,
    webhook_signature: Signature,
) -> None:
    """Tell the `callback` of a request that its operation has ended (Standard Webhooks 1.0.0).

    Whatever else is answered, or nothing within 15 seconds, it is sent again: ten attempts over
    three days. Redirects are not followed.
    """
