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


class Operation(Wire):
    """Work that outlasts its request."""

    id: str
    kind: Literal["extraction", "solve", "frontier"]
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
