"""Labels on the wire: events go in, the state of each scene comes out."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field

from app.choosing.constraints import SceneIds
from app.wire import Count, Label, Number, Wire

MOST_EVENTS = 10_000
"""Events of a request."""


class LabelState(StrEnum):
    """What is said of a scene, the weightiest first: one that anybody labelled is labelled."""

    LABELLED = "labelled"
    """It has a label."""
    SKIPPED = "skipped"
    """Somebody looked at it and gave none."""
    QUEUED = "queued"
    """It is on its way to annotators."""
    REMOVED = "removed"
    """What was said under this reference is taken back."""


Spent = Annotated[dict[Label, Annotated[Number, Field(ge=0)]], Field(max_length=20)]
"""What labelling really took, by unit, such as ``{"seconds": 12.5}``."""


def _as_text(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DATE.match(value):
        rule = "give a date and a time with its offset (RFC 3339), such as 2026-11-30T08:01:00Z"
        raise ValueError(rule)
    return value


_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
Moment = Annotated[AwareDatetime, BeforeValidator(_as_text)]
"""A date and a time with its offset; numbers, which could be seconds or milliseconds, are none."""


class LabelEvent(Wire):
    """What a platform says of a scene."""

    scene_id: Annotated[str, Field(min_length=1, max_length=1024)]
    state: LabelState
    source: Label = Field(
        default="api", description="Who says it.", examples=["label_studio:main/16"]
    )
    ref: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="What it is called there: of what is said under one reference the latest "
        "counts. By default the scene itself.",
        examples=["annotation:95"],
    )
    at: Moment | None = Field(
        default=None,
        description="When that happened; by default now. Earlier events change nothing.",
    )
    spent: Spent = Field(
        default_factory=dict,
        description="What it really took, by unit.",
        examples=[{"seconds": 12.5}],
    )


class LabelsRequest(Wire):
    """What happened to scenes."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"events": [{"scene_id": "room/1", "state": "labelled"}]},
                {
                    "events": [
                        {
                            "scene_id": "room/1",
                            "state": "labelled",
                            "source": "label_studio:main/16",
                            "ref": "annotation:95",
                            "at": "2026-11-30T08:01:00Z",
                            "spent": {"seconds": 12.5},
                        }
                    ]
                },
            ]
        }
    )

    events: Annotated[tuple[LabelEvent, ...], Field(min_length=1, max_length=MOST_EVENTS)]


class LabelSummary(Wire):
    """How far a dataset is labelled."""

    labelled_count: Count
    labelled_cost: dict[str, float] = Field(
        description="What the labelled scenes cost, by resource of the dataset."
    )
    spent: dict[str, float] = Field(description="What labelling really took, by unit.")
    version: Count = Field(description="Grows by one with each event that changes something.")


class LabelsReport(LabelSummary):
    """What became of events."""

    accepted: Count
    duplicates: Count = Field(description="Events that say nothing new, or come late.")
    unknown: SceneIds = Field(description="Ids that no scene of the dataset has; left out.")


class LabelledScene(Wire):
    """A scene of which something is said."""

    scene_id: str
    state: LabelState
    at: datetime = Field(description="When the latest of it happened.")
    spent: dict[str, float]
    refs: Count = Field(description="References under which something is said of it.")


class LabelPage(LabelSummary):
    """Scenes of which something is said, in the source's order."""

    items: tuple[LabelledScene, ...]
    next_page_token: str = Field(description="Empty on the last page.")
