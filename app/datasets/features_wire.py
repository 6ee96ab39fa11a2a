"""What is said of features in more than one place on the wire."""

from typing import Literal

from pydantic import Field

from app.wire import Wire


class Sparsify(Wire):
    """Which frames of a sequence are compared; the scenes of a group are a sequence."""

    threshold: float = Field(
        default=0.75, ge=-1, le=1, description="Cosine below which a frame shows something else."
    )
    tail: Literal["keep", "drop"] = Field(
        default="keep",
        description="What follows the last change; `drop` as SeedAL's own code does.",
    )
