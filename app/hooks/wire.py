"""Hooks on the wire: where a platform sends what happens, and how far that is worked off."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from app.wire import Count, Wire

HookName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f/]+$")]
"""A name for people, and a part of what the ledger calls the source: without a slash."""


class HookKind(StrEnum):
    """Which platform sends."""

    LABEL_STUDIO = "label_studio"
    """Its webhooks have the secret in a header; it may call the hook as a model, too."""
    CVAT = "cvat"
    """Its webhooks are signed with the secret."""


class HookRequest(Wire):
    """A platform that is to tell what happens to the scenes of a dataset."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "label_studio", "name": "main"}]}
    )

    kind: HookKind
    name: HookName = Field(
        default="main",
        description="Tells servers of one kind apart. The ledger calls the source "
        "`label_studio:main/16`: kind, name, project. Pushes use the name of their connection.",
        examples=["main"],
    )


class Hook(Wire):
    """Where a platform sends what happens. Who knows the address may send."""

    id: str
    dataset_id: str
    kind: HookKind
    name: str
    url: str = Field(
        description="Where webhooks go: a path of this server where SEEDAL_PUBLIC_URL is not set."
    )
    model_url: str | None = Field(
        description="Label Studio: where it finds a model, whose scores are a seed's order."
    )
    created_at: datetime
    waiting: Count = Field(description="Events that are not worked off yet.")
    set_aside: Count = Field(description="Events that cannot be worked off; they are kept a while.")
    last_received_at: datetime | None
    last_problem: str | None = Field(description="Why the latest of them was set aside.")


class NewHook(Hook):
    """A hook that was made just now."""

    secret: str = Field(
        description="Never shown again. Label Studio sends it as `Authorization: Bearer ...`; "
        "CVAT signs with it."
    )


class HookList(Wire):
    """The hooks of a dataset, oldest first."""

    items: tuple[Hook, ...]
