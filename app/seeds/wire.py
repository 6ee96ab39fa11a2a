"""Seeds on the wire: a budget goes in, the scenes to annotate first come out."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, Strict, model_validator

from app.callbacks.wire import CallbackRequest
from app.datasets.features_wire import Sparsify
from app.scenes.wire import Neighbor, Similarity
from app.wire import Count, Label, Number, Wire

Objective = Literal[
    "seedal",
    "pairwise",
    "centred",
    "facility_location",
    "k_center",
    "coverage",
    "spread",
    "balanced",
    "auto",
]
Strategy = Literal["auto", "greedy", "local_search", "exact", "cp_sat", "scip", "highs", "pulp"]


class BudgetRequest(Wire):
    """A budget: in the resource's own unit, or as a part of what all usable scenes cost."""

    limit: Annotated[Number, Field(gt=0)] | None = Field(default=None, examples=[6_500_000])
    fraction: Annotated[Number, Field(gt=0, le=1)] | None = Field(default=None, examples=[0.03])

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.limit is None) == (self.fraction is None):
            rule = "give either limit or fraction"
            raise ValueError(rule)
        return self


SceneIds = Annotated[tuple[str, ...], Field(max_length=1_000_000, fail_fast=True)]
"""A list that is wrong in a million places is told of one of them, and at once."""


class SideBudget(Wire):
    """A limit on another resource than the one of the budget."""

    resource: Label
    limit: Annotated[Number, Field(ge=0)]


class GroupLimit(Wire):
    """How many scenes of a group are chosen."""

    group: str = Field(min_length=1)
    min: Annotated[int, Field(strict=True, ge=0)] = 0
    max: Annotated[int, Field(strict=True, ge=0)] | None = None


class ConstraintsRequest(Wire):
    """Rules besides the budget."""

    include: SceneIds = Field(default=(), description="Scenes that must be chosen; they are paid.")
    exclude: SceneIds = Field(default=(), description="Scenes that must not be chosen.")
    labelled: SceneIds = Field(
        default=(),
        description="Scenes that are labelled already: they count for diversity, cost nothing, "
        "and are not in the seed.",
    )
    min_scenes: Annotated[int, Field(strict=True, ge=0)] = 0
    max_scenes: Annotated[int, Field(strict=True, ge=0)] | None = None
    groups: Annotated[tuple[GroupLimit, ...], Field(max_length=10_000)] = ()
    one_of_each_duplicate: Annotated[Similarity, Strict()] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,  # seeds without the rule read as they always did
        description="Of scenes whose similarity is at least this, at most one is chosen; chains of "
        "such pairs count as one group, and what looks like a labelled scene is not chosen. The "
        "groups are those of `GET /v1/datasets/{dataset_id}/duplicates`.",
        examples=[0.95],
    )


BaselineName = Literal["random", "greedy", "kmeans"]


class QuestionRequest(Wire):
    """What questions about one budget and about many have in common."""

    resource: Label | None = Field(
        default=None,
        description="The resource that the budget limits; the dataset's own where it is left out.",
    )
    side_budgets: Annotated[tuple[SideBudget, ...], Field(max_length=100)] = ()
    constraints: ConstraintsRequest = ConstraintsRequest()
    objective: Objective = Field(
        default="seedal",
        description="`seedal`: the paper's. `pairwise`: without its within-scene factor. "
        "`centred`: that on centred features. `facility_location`, `k_center`, `coverage`, "
        "`spread` and `balanced`: see docs/seed-quality.md. `auto`: the one that suits the pool.",
    )
    strategy: Strategy = "auto"
    time_limit_s: Annotated[Number, Field(gt=0)] = Field(
        default=10.0,
        description="Most seconds that the search may take; the server sets a maximum.",
    )
    gap: Annotated[Number, Field(ge=0)] = Field(
        default=0.0,
        description="Stop once nothing can be more than this much better (0.01 is 1 %).",
    )
    random_seed: Annotated[int, Field(strict=True, ge=0, lt=2**31)] = 0
    baselines: tuple[BaselineName, ...] = Field(
        default=(),
        max_length=3,
        description="What simpler ways of choosing are worth by the same objective. `random`: 20 "
        "random selections that fit. `greedy`: the better of greedy by gain and by gain per cost. "
        "`kmeans`: the scene nearest to each centroid, as many clusters as the budget pays for "
        "(of 20,000 scenes at most 2,000), then the second nearest, while they fit.",
    )
    callback: CallbackRequest | None = Field(
        default=None, description="Who is told when the operation ends, if there is one."
    )


class SeedRequest(QuestionRequest):
    """A question: which scenes first, with this budget."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"budget": {"fraction": 0.03}},
                {
                    "budget": {"limit": 6_500_000},
                    "constraints": {"labelled": ["room/1"], "max_scenes": 40},
                    "gap": 0.01,
                    "time_limit_s": 30,
                },
            ]
        }
    )

    budget: BudgetRequest = Field(examples=[{"fraction": 0.03}])


class SeedStatus(StrEnum):
    """What a seed promises."""

    OPTIMAL = "optimal"
    """No other choice within the budget is better."""
    FEASIBLE = "feasible"
    """Within the budget; `gap` says how much better another choice could at most be."""
    INFEASIBLE = "infeasible"
    """No choice keeps every rule."""


class Budget(Wire):
    """What the chosen scenes had to stay within."""

    limit: float
    resource: str
    fraction: float = Field(description="The limit as a part of what all usable scenes cost.")


class ChosenScene(Wire):
    """A scene of the seed."""

    scene_id: str
    rank: int = Field(ge=1, description="Order in which to annotate; 1 is first.")
    cost: float
    gain: float = Field(description="What the objective loses without it.")
    represents: Count = Field(
        description="Usable scenes that are more like it than any other chosen one."
    )
    group: str | None


class NearMiss(Wire):
    """A scene that was not chosen, and neither excluded nor labelled."""

    scene_id: str
    cost: float
    group: str | None
    gain: float = Field(description="What it would add to the objective beside the seed.")
    represented_by: str | None = Field(
        description="The chosen scene that it looks most like; null where a labelled one is more "
        "like it, or nothing is chosen."
    )


class Represented(Wire):
    """The scenes that a chosen one stands for, the most alike first."""

    scene_id: str
    total: Count = Field(description="How many there are: what the seed says it `represents`.")
    items: tuple[Neighbor, ...]


class BaselineReport(Wire):
    """What a simpler way of choosing is worth; of several draws, the mean."""

    objective: float
    lowest: float
    highest: float
    scene_count: float
    total_cost: float
    draws: Count


class SolverReport(Wire):
    """How the seed was found."""

    objective: Objective
    strategy: Strategy = Field(description="What was asked for.")
    used: str = Field(description="What produced the answer.")
    seconds: float
    time_limit_s: float
    gap: float = Field(description="The gap that was asked for.")
    random_seed: int
    notes: tuple[str, ...]


class Provenance(Wire):
    """Everything that the seed depends on."""

    dataset_key: str = Field(
        description="Hash of the scenes' content and of how vectors were made."
    )
    backbone: str
    weights_id: str
    precision: str | None = Field(default=None, description="Of the network's products.")
    token: str
    clusters: int
    sparsify: Sparsify | None = None
    versions: dict[str, str]


class Seed(Wire):
    """The scenes to annotate first, and how good that choice is."""

    id: str
    dataset_id: str
    status: SeedStatus
    stop_reason: str
    objective: float
    upper_bound: float | None = Field(
        description="No choice is worth more; null where none is known."
    )
    gap: float | None = Field(
        description="(upper_bound - objective) / objective; null if unbounded."
    )
    budget: Budget
    total_cost: float
    scenes: tuple[ChosenScene, ...]
    near_misses: tuple[NearMiss, ...] = Field(
        default=(), description="Up to 12 scenes that were not chosen, by gain per cost."
    )
    baselines: dict[str, BaselineReport] = Field(
        default_factory=dict, description="Those that were asked for and that keep the rules."
    )
    side_budgets: tuple[SideBudget, ...] = ()
    constraints: ConstraintsRequest = ConstraintsRequest()
    solver: SolverReport
    provenance: Provenance
    created_at: datetime


class SeedSummary(Wire):
    """A seed without its scenes."""

    id: str
    dataset_id: str
    status: SeedStatus
    objective: float
    objective_name: str
    strategy: str
    upper_bound: float | None
    gap: float | None
    budget: Budget
    total_cost: float
    scene_count: Count
    created_at: datetime


class SeedPage(Wire):
    """Seeds of a dataset, newest first."""

    items: tuple[SeedSummary, ...]
    next_page_token: str = Field(description="Empty on the last page.")
