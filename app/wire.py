"""What every model of the wire format shares."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict

Number = Annotated[float, Strict()]
"""A finite JSON number; neither a string that looks like one nor ``true``."""

Whole = Annotated[int, Strict()]
"""A JSON number without a fraction; neither a string that looks like one nor ``true``."""

Count = Annotated[int, Field(ge=0)]
"""How many of something there are."""


Label = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A name for people: one line, not too long."""


class Wire(BaseModel):
    """Base of every model: immutable, finite numbers only, unknown members are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DatasetStatus(StrEnum):
    """How far a dataset has come."""

    AWAITING_VECTORS = "awaiting_vectors"
    """Accepted with `backbone` `precomputed`; its vectors are to be uploaded."""
    REGISTERED = "registered"
    """Accepted; its extraction has not started."""
    EXTRACTING = "extracting"
    """A worker is reading its images."""
    READY = "ready"
    """Budgets are answered."""
    FAILED = "failed"
    """It cannot become ready; `error` says why. Register it anew."""
