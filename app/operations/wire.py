"""Operations on the wire: work that outlasts its request."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import Field

from app.callbacks.wire import CallbackState
from app.wire import Count, Wire


class OperationStatus(StrEnum):
    """How far an operation has come; the last three are final."""

    NOT_STARTED = "not_started"
    """Accepted and durable; no worker has taken it yet."""
    RUNNING = "running"
    """A worker has it. It survives the worker's death."""
    SUCCEEDED = "succeeded"
    """Its result is there."""
    FAILED = "failed"
    """It ended with `error` and left nothing half-done."""
    CANCELLED = "cancelled"
    """It was cancelled before it succeeded."""


class OperationError(Wire):
    """Why an operation failed: a problem document without a status of its own."""

    type: str
    title: str
    detail: str


class Failure(Wire):
    """A scene that was not sent."""

    scene_id: str
    reason: str


class PushReport(Wire):
    """What became of a push."""

    platform: str = Field(examples=["label_studio"])
    project: str = Field(description="Where it went, as the platform calls it.")
    mode: str = Field(description="How the platform was told the order.", examples=["tasks"])
    created: Count = Field(description="Scenes that got a task.")
    updated: Count = Field(description="Tasks that changed.")
    unchanged: Count = Field(description="Scenes whose task was as it should be.")
    failed: tuple[Failure, ...] = ()
    view_url: str | None = Field(default=None, description="Where a browser shows them.")
    first: tuple[str, ...] = Field(
        default=(), description="Scenes that annotators are served first, in that order."
    )
    warnings: tuple[str, ...] = ()
    dry_run: bool = Field(default=False, description="Whether nothing was done.")
    tasks: dict[str, str] = Field(
        default_factory=dict, description="What the scenes' tasks are called there."
    )


class SyncReport(Wire):
    """What a platform said of its tasks when it was asked for all of them."""

    platform: str = Field(examples=["label_studio"])
    source: str = Field(description="What the ledger calls the project.")
    accepted: Count = Field(description="What was new.")
    duplicates: Count = Field(description="What the ledger knew already.")
    removed: Count = Field(description="What the ledger knew and the platform has no more.")
    ignored: Count = Field(description="Tasks of which nobody knows which scene they are.")
    labelled_count: Count = Field(description="Scenes of the dataset that are labelled now.")
    version: Count = Field(description="Of the ledger.")


class Operation(Wire):
    """Work that outlasts its request."""

    id: str
    kind: Literal["extraction", "solve", "frontier", "push", "sync"]
    dataset_id: str
    status: OperationStatus
    percent_complete: float = Field(ge=0, le=100)
    version: Count = Field(description="Grows with every change; the id of its event.")
    done: Count = Field(description="Images that are finished.")
    total: Count | None = Field(
        description="Images in all, once known; grows if a second look follows the first."
    )
    images_per_s: float | None = Field(
        description="On average since it started; null before the first images and after the end."
    )
    remaining_s: float | None = Field(description="Seconds that the known rest takes at this pace.")
    incumbent: float | None = Field(description="Of a solve: objective of the best seed so far.")
    upper_bound: float | None = Field(description="Of a solve: no seed is worth more.")
    gap: float | None = Field(description="Of a solve: how much better a seed could be at most.")
    elapsed_s: float | None = Field(description="Seconds since it started.")
    seed_id: str | None = Field(description="Of a solve that succeeded: its seed.")
    frontier_id: str | None = Field(description="Of a frontier that succeeded: it.")
    push: PushReport | None = Field(description="Of a push that succeeded: what became of it.")
    sync: SyncReport | None = Field(description="Of a sync that succeeded: what came of it.")
    error: OperationError | None
    callback: CallbackState | None = Field(description="Who is told of the end.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": Operation,
        "description": "Accepted; the operation in `Location` will have it.",
    }
}
"""How a route that may answer with an operation says so."""
