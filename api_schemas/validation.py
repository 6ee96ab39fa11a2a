"""Dry runs on the wire: what a source holds, and what is wrong with it."""

from pydantic import Field

from api_schemas.base import Count, Wire


class SourceMistake(Wire):
    """A rule that a source breaks."""

    place: str = Field(description="`FILE:LINE` where there are lines.")
    detail: str


class ResourceSummary(Wire):
    """What scenes cost in a resource that all of them have."""

    total: float
    lowest: float
    highest: float


class SourceReport(Wire):
    """What a source holds; `valid` if it can be registered."""

    valid: bool
    kind: str
    scene_count: Count
    image_count: Count
    group_count: Count
    scenes_without_images: Count
    resource: str | None = Field(description="What budgets would limit.")
    resources: dict[str, ResourceSummary]
    cost_origin: str | None
    images_looked_at: Count = Field(description="The first images, whose files were looked for.")
    missing_images: tuple[str, ...] = Field(description="The first 20 of those that are not there.")
    missing_image_count: Count
    errors: tuple[SourceMistake, ...] = Field(description="The first 20.")
    notes: tuple[str, ...]
