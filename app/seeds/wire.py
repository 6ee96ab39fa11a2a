"""Seeds and frontiers on the wire: budgets go in, the scenes to annotate first come out."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from app.callbacks.wire import CallbackRequest
from app.choosing.budgets import BudgetRequest
from app.choosing.constraints import ConstraintsRequest, SideBudget
from app.choosing.objectives import OBJECTIVES, RECOMMENDED, canonical
from app.datasets.wire import Sparsify
from app.hints.wire import HintRequest
from app.scenes.wire import Neighbor
from app.wire import Count, Label, Number, Wire

Objective = Literal[
    "recommended",
    "seedal",
    "pairwise",
    "centred",
    "facility_location",
    "k_center",
    "coverage",
    "spread",
    "balanced",
]
Strategy = Literal["auto", "greedy", "local_search", "exact", "cp_sat", "scip", "highs", "pulp"]


BaselineName = Literal["random", "greedy", "kmeans"]


class ObjectiveInfo(Wire):
    """Something that a seed can maximise."""

    name: Objective
    label: str = Field(description="The name for people.")
    description: str
    formula: str = Field(description="What is maximised, S being the seed.")
    source: str
    has_certificates: bool = Field(
        default=True,
        description="Always true: each seed, and each point of a frontier, has a certificate.",
    )


class ObjectiveList(Wire):
    """What a seed can maximise, the default first."""

    items: tuple[ObjectiveInfo, ...]


def _canonical(name: object) -> object:
    return canonical(name) if isinstance(name, str) else name


def _is_unset(value: object) -> bool:
    """Tell what questions and answers are silent about: they read as before there was any of it."""
    return value is None or value is False


class SeedBudget(BudgetRequest):
    """A budget: in the resource's own unit, or as a part of what all usable scenes cost."""

    includes_labelled: bool = Field(
        default=False,
        exclude_if=_is_unset,
        description="Whether it pays for the labelled scenes, too: what they cost is taken off.",
    )

    @staticmethod
    def left(limit: float) -> "SeedBudget":
        """Return what is left of a budget: nothing may be answered, though not asked for."""
        return SeedBudget.model_construct(limit=limit, fraction=None, includes_labelled=False)


class SeedConstraints(ConstraintsRequest):
    """Rules besides the budget, some of them from the dataset's ledger of labels.

    An answer has the ids that the ledger had at that moment.
    """

    labelled_from: Literal["ledger"] | None = Field(
        default=None,
        exclude_if=_is_unset,
        description="`ledger`: scenes that it says are labelled count as `labelled`, too.",
    )
    keep_queued: bool = Field(
        default=False,
        exclude_if=_is_unset,
        description="Whether scenes that the ledger says are queued are chosen again.",
    )


class QuestionRequest(Wire):
    """What questions about one budget and about many have in common."""

    resource: Label | None = Field(
        default=None,
        description="The resource that the budget limits; the dataset's own where it is left out.",
    )
    side_budgets: Annotated[tuple[SideBudget, ...], Field(max_length=100)] = ()
    constraints: SeedConstraints = SeedConstraints()
    objective: Annotated[Objective, BeforeValidator(_canonical)] = Field(
        default=RECOMMENDED,
        description=" ".join(f"`{one.name}`: {one.description}" for one in OBJECTIVES.values()),
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

    budget: SeedBudget = Field(examples=[{"fraction": 0.03}])
    hint: HintRequest | None = Field(
        default=None,
        description="Labelled images that say what counts, for `recommended`. The first answer "
        "with a hint is an operation: a worker looks at its images.",
    )


_MOST_BUDGETS: Final = 200


class BudgetRange(Wire):
    """Evenly spaced parts of what all usable scenes cost, both ends included."""

    first: Annotated[Number, Field(gt=0, le=1)] = Field(alias="from")
    last: Annotated[Number, Field(gt=0, le=1)] = Field(alias="to")
    steps: Annotated[int, Field(strict=True, ge=2, le=_MOST_BUDGETS)]

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
        Annotated[tuple[BudgetRequest, ...], Field(min_length=1, max_length=_MOST_BUDGETS)]
        | BudgetRange
    ) = Field(examples=[{"from": 0.01, "to": 0.5, "steps": 50}])
    nested: bool = Field(
        default=False, description="Whether a larger budget only adds scenes to a smaller one's."
    )


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
    spent: float | None = Field(
        default=None,
        exclude_if=_is_unset,
        description="What labelled scenes cost of the budget that was asked for; `limit` is what "
        "is left.",
    )


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


class Expected(Wire):
    """The percentile of recommended seeds among random ones of the same cost, measured."""

    percentile: float = Field(
        description="Mean over measured pools like this one: the share of random seeds whose first "
        "model is worse."
    )
    low: float = Field(description="A tenth of the measured seeds are below.")
    high: float = Field(description="A tenth are above.")
    cells: Count = Field(description="Comparisons that the table has.")


class RecommendationReport(Wire):
    """Why a seed is recommended, what is proven of it, and what is only expected."""

    compared: tuple[Objective, ...] = Field(
        description="The objectives whose seeds were compared by the pool's pseudo-tasks."
    )
    kept: float | None = Field(
        description="The seed is worth at least this part of the most that any seed could be, by "
        "`solver.objective`: proven. Null where worths are not above 0."
    )
    simulated_rank: float = Field(
        description="The share of random seeds of the same budget that are worse in pseudo-tasks "
        "by which nothing was chosen: a simulation, no measurement."
    )
    random_seeds: Count = Field(description="How many random seeds these are.")
    redundancy: float = Field(
        description="How much alike the pool's scenes are: the median cosine of a scene and its "
        "nearest, without what all have in common."
    )
    expected: Expected | None = Field(description="Null where no measured pool is like this one.")


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
    hint: HintRequest | None = Field(
        default=None, exclude_if=_is_unset, description="The labelled images that it looks for."
    )
    labels_version: int | None = Field(
        default=None,
        exclude_if=_is_unset,
        description="Of the ledger of labels, where the question left anything to it.",
    )
    solver: SolverReport
    recommendation: RecommendationReport | None = Field(
        default=None, description="Null where one objective was asked for."
    )
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
    side_budgets: tuple[SideBudget, ...] = ()
    constraints: ConstraintsRequest | None = Field(
        default=None, description="Null in answers of versions that did not store them."
    )
    provenance: Provenance
    created_at: datetime
