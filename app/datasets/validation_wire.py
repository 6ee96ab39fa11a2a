"""Dry runs on the wire: what a source holds, and what is wrong with it."""

from pydantic import ConfigDict, Field

from app.callbacks.wire import CallbackRequest
from app.datasets.wire import FeatureRequest, Source
from app.wire import Count, Label, Wire


class ValidationRequest(Wire):
    """A source to look at; a request to register it will do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"source": {"kind": "manifest", "uri": "file:///data/scenes.jsonl"}}]
        }
    )

    source: Source
    features: FeatureRequest = FeatureRequest()
    resource: Label | None = Field(
        default=None,
        description="The resource that budgets limit; decided by the source where it is left out.",
    )
    name: Label | None = Field(default=None, description="Not looked at.")
    callback: CallbackRequest | None = Field(default=None, description="Not looked at.")


class SourceMistake(Wire):
    """A rule that a source breaks."""

    place: str = Field(description="`FILE:LINE` or `FILE row N` where there are lines.")
    line: int | None = Field(description="Line or row, from 1, where there are lines.")
    scene_id: str | None = Field(description="Of the line, where it has one.")
    detail: str


class ResourceSummary(Wire):
    """What scenes cost in a resource that all of them have."""

    total: float
    lowest: float
    highest: float


class GroupSummary(Wire):
    """A name that scenes share."""

    group: str
    scene_count: Count


class DuplicateImage(Wire):
    """An image that is named more than once."""

    uri: str
    count: Count


class SourceReport(Wire):
    """What a source holds; `valid` if it can be registered.

    Where lines break rules, the counts are of the others.
    """

    valid: bool
    complete: bool = Field(
        description="False where reading stopped early: after a million lines or 30 seconds."
    )
    kind: str
    scene_count: Count
    image_count: Count
    group_count: Count
    groups: tuple[GroupSummary, ...] = Field(description="The 20 largest.")
    scenes_without_images: Count
    resource: str | None = Field(description="What budgets would limit.")
    resources: dict[str, ResourceSummary]
    cost_origin: str | None
    duplicate_images: tuple[DuplicateImage, ...] = Field(description="The first 20.")
    duplicate_image_count: Count
    images_looked_at: Count = Field(
        description="Distinct images whose files were looked for: the first 2,000, or as many as "
        "20 seconds allowed."
    )
    missing_images: tuple[str, ...] = Field(
        description="The first 20 of those that are not there, or lie behind a link that leads out."
    )
    missing_image_count: Count
    errors: tuple[SourceMistake, ...] = Field(description="The first 20.")
    error_count: Count
    notes: tuple[str, ...]
