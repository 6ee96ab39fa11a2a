"""Pushes and syncs on the wire."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.callbacks.wire import CallbackRequest
from app.platforms.connections import Kind
from app.platforms.label_studio_plans import Mode
from app.platforms.seam import Match
from app.wire import Label, Wire

ConnectionName = Annotated[
    Label,
    Field(description="A connection of this service's operator.", examples=["main"]),
]


class ConnectionInfo(Wire):
    """A platform that an operator connected; its address and token are the operator's."""

    name: str
    kind: Kind
    project: str | None = Field(description="Where a push goes that names no project.")


class ConnectionList(Wire):
    """The connections that this key may use."""

    items: tuple[ConnectionInfo, ...]


class _Exchange(Wire):
    """What pushes and syncs have in common."""

    connection: ConnectionName
    project: Label | None = Field(
        default=None,
        description="The platform's project: its number or name, or `new:TITLE`; by default the "
        "connection's.",
        examples=["16"],
    )
    match: Match | None = Field(
        default=None, description="How tasks that no push made are known to be which scene."
    )
    callback: CallbackRequest | None = None


class PushRequest(_Exchange):
    """Put a seed into the queue of a platform."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"connection": "main"}, {"connection": "main", "dry_run": True}]
        }
    )

    mode: Mode | None = Field(default=None, description="How the platform is told the order.")
    dry_run: bool = Field(default=False, description="Only say what would be done.")


class SyncRequest(_Exchange):
    """Ask a platform for the state of all its tasks."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"connection": "main"}]})
