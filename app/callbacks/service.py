"""Whether somebody who is to be told of an end may be called at all."""

from app.callbacks.egress import TargetRefusedError, resolve_target
from app.callbacks.wire import CallbackRequest
from app.errors import InvalidRequestError
from app.settings import Settings


def require_callable(callback: CallbackRequest | None, settings: Settings) -> None:
    """Refuse a callback that would be refused later, too.

    Raises
    ------
    InvalidRequestError
        Its URL is none, cannot be resolved, or leads into a private network.
    """
    if callback is None:
        return
    try:
        resolve_target(callback.url, settings.callback_allow)
    except TargetRefusedError as error:
        rule = f"callback: {error}."
        raise InvalidRequestError(rule, "#/callback/url") from error
