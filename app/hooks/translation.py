"""What the translations of all platforms have in common: what they ask, and what they give."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, AwareDatetime

from app.errors import AppError
from app.labels.store import Word
from app.labels.wire import LabelEvent


class UnreadableEventError(AppError):
    """An event is not what its platform sends; trying again would change nothing."""

    slug = "unreadable-event"
    title = "The event cannot be read"


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        rule = "the time is before the year 1 or after the year 9999"
        raise ValueError(rule) from error


SentMoment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time as platforms send it, in UTC."""


class Book(Protocol):
    """What the ledger says of a project of a platform, by reference."""

    def said(self, refs: Collection[str]) -> Mapping[str, Word]:
        """Return what is said under these very references."""
        ...

    def under(self, tasks: Collection[int]) -> Mapping[str, Word]:
        """Return what is said of annotations of these tasks."""
        ...

    def annotated(self, annotations: Collection[int]) -> Mapping[str, Word]:
        """Return what is said of these annotations, of whichever task they are."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says to the ledger.

    Parameters
    ----------
    events
        What is to be written down.
    silenced
        References of which nobody knows the scene, and since when they are gone.
    """

    events: tuple[LabelEvent, ...] = ()
    silenced: Mapping[str, datetime] = field(default_factory=dict)


def parsed(body: bytes) -> dict[str, Any]:
    """Return the object that a body is.

    Raises
    ------
    UnreadableEventError
        It is none.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        rule = "The event is not JSON."
        raise UnreadableEventError(rule) from error
    if not isinstance(payload, dict):
        rule = "The event is no JSON object."
        raise UnreadableEventError(rule)
    return payload
