"""Frontiers on the wire: many budgets in one question."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from app.seeds.wire import (
    BaselineReport,
    Budget,
    BudgetRequest,
    Objective,
    Provenance,
    QuestionRequest,
)
from app.wire import Count, Number, Wire

MOST_BUDGETS = 200


class BudgetRange(Wire):
    """Evenly spaced parts of what all usable scenes cost, both ends included."""

    first: Annotated[Number, Field(gt=0, le=1)] = Field(alias="from")
    last: Annotated[Number, Field(gt=0, le=1)] = Field(alias="to")
    steps: Annotated[int, Field(strict=True, ge=2, le=MOST_BUDGETS)]

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.first >= self.last:
            rule = "from must be below to"
            raise ValueError(rule)
        return self


class FrontierRequest(QuestionRequest):
    """A question: what would each of these budgets buy.

    The time limit is for all budgets together. Bounds are improved until each point is certified
    to be within `gap`, or within 1 % where it is 0. `coverage` and `balanced` measure every budget
    by what the largest one could show, so that points can be compared.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"budgets": {"from": 0.01, "to": 0.5, "steps": 50}},
                {"budgets": [{"fraction": 0.1}, {"fraction": 0.2}], "nested": True},
            ]
        }
    )

    budgets: (
        Annotated[tuple[BudgetRequest, ...], Field(min_length=1, max_length=MOST_BUDGETS)]
        | BudgetRange
    ) = Field(examples=[{"from": 0.01, "to": 0.5, "steps": 50}])
    nested: bool = Field(
        default=False, description="Whether a larger budget only adds scenes to a smaller one's."
    )


class FrontierPoint(Wire):
    """One budget and its answer."""

    budget: Budget
    objective: float
    upper_bound: float | None = Field(description="No choice is worth more, nested or not.")
    gap: float | None
    total_cost: float
    scene_count: Count
    added: tuple[str, ...] = Field(description="Scenes that the point before does not have.")
    removed: tuple[str, ...] = Field(description="Scenes of the point before that are left out.")
    price_of_nesting: float
    baselines: dict[str, BaselineReport]


class Frontier(Wire):
    """Answers by ascending budget."""

    id: str
    dataset_id: str
    objective_name: Objective
    nested: bool
    points: tuple[FrontierPoint, ...]
    knee: Count | None = Field(
        description="Number of the point, from 0, from which more stops paying; null where each "
        "further budget adds about as much as the last, or more."
    )
    seconds: float
    notes: tuple[str, ...]
    provenance: Provenance
    created_at: datetime
