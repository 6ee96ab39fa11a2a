"""From a request to what a solve process is asked, and what its answer is to be called."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from app.choosing.constraints import constraints_of
from app.choosing.tasks import FrontierTask, SeedTask
from app.datasets import store as datasets
from app.datasets.pools import Pools, UsablePool
from app.datasets.wire import DatasetStatus
from app.errors import ConflictError, InvalidRequestError, UnavailableError
from app.seeds.frontiers_wire import BudgetRange, FrontierRequest
from app.seeds.wire import (
    Budget,
    BudgetRequest,
    ConstraintsRequest,
    QuestionRequest,
    Seed,
    SeedRequest,
)
from app.settings import Settings
from app.store.artifacts import Artifacts
from app.store.tables import DatasetRow
from features.index import index_path
from solver.model.constraints import Constraints
from solver.model.errors import InvalidProblemError
from solver.solve import ALGORITHM

_FREE: Final = ConstraintsRequest()
_CERTIFY_S: Final = 60.0
"""How long a proof may take."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What every question needs.

    Parameters
    ----------
    session
        The transaction in which it is asked.
    settings
        Say where signatures lie and how long a solve may take.
    pools
        What can be chosen.
    """

    session: Session
    settings: Settings
    pools: Pools


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request, understood.

    Parameters
    ----------
    dataset
        What is asked about.
    pool
        What can be chosen in it.
    resource
        What the budget limits.
    digest
        Hash of everything that the answer depends on.
    """

    dataset: DatasetRow
    pool: UsablePool
    resource: str
    digest: str

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What the answer is made from."""
        return {
            "dataset_key": self.dataset.signatures_key,
            **(self.dataset.resolved_features or {}),
        }

    def budget(self, limit: float) -> Budget:
        """Return a limit as the wire has it."""
        total = self.total
        return Budget(limit=limit, resource=self.resource, fraction=limit / total if total else 1.0)

    @property
    def total(self) -> float:
        """What everything that can be chosen costs."""
        return math.fsum(self.pool.resources[self.resource])


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedQuery(Question):
    """A question about one budget, and the task that answers it."""

    task: SeedTask


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierQuery(Question):
    """A question about many budgets, and the task that answers it."""

    task: FrontierTask


def ask_seed(context: RequestContext, dataset_id: str, request: SeedRequest) -> SeedQuery:
    """Understand a question about one budget.

    Raises
    ------
    NotFoundError
        There is no such dataset.
    ConflictError
        The dataset is not ready.
    InvalidRequestError
        There is no such resource, scene or group, or the time limit is above the server's.
    """
    asked = _asked(context, dataset_id, request)
    limit = _limit(request.budget, asked.total)
    return SeedQuery(
        dataset=asked.dataset,
        pool=asked.pool,
        resource=asked.resource,
        digest=_digest(asked, [limit], request),
        task=_task(context, asked, request, limit),
    )


def ask_frontier(
    context: RequestContext, dataset_id: str, request: FrontierRequest
) -> FrontierQuery:
    """Understand a question about many budgets; raises what `ask_seed` does."""
    asked = _asked(context, dataset_id, request)
    limits = sorted(set(_limits(request, asked.total)))
    return FrontierQuery(
        dataset=asked.dataset,
        pool=asked.pool,
        resource=asked.resource,
        digest=_digest(asked, limits, request),
        task=FrontierTask(
            seed=_task(context, asked, request, limits[-1]),
            budgets=tuple(limits),
            nested=request.nested,
        ),
    )


def ask_again(context: RequestContext, seed: Seed) -> SeedQuery:
    """Understand the question that a seed answers, to prove it or to hand it out.

    Raises what `ask_seed` does.
    """
    request = SeedRequest(
        budget=BudgetRequest(limit=seed.budget.limit),
        resource=seed.budget.resource,
        side_budgets=seed.side_budgets,
        constraints=seed.constraints,
        objective=seed.solver.objective,
        strategy=seed.solver.strategy,
        time_limit_s=min(_CERTIFY_S, context.settings.max_time_limit_s),
        random_seed=seed.solver.random_seed,
    )
    return ask_seed(context, seed.dataset_id, request)


def _asked(context: RequestContext, dataset_id: str, request: QuestionRequest) -> Question:
    most = context.settings.max_time_limit_s
    if request.time_limit_s > most:
        rule = f"time_limit_s is {request.time_limit_s:g}; this server allows at most {most:g}."
        raise InvalidRequestError(rule, "#/time_limit_s")
    dataset = ready(context.session, dataset_id)
    pool = context.pools.of(context.session, dataset_id, dataset.resources)
    resource = request.resource or str(dataset.resource)
    _require_resource(pool, resource, "#/resource")
    for place, side in enumerate(request.side_budgets):
        _require_resource(pool, side.resource, f"#/side_budgets/{place}/resource")
    return Question(dataset=dataset, pool=pool, resource=resource, digest="")


def ready(session: Session, dataset_id: str) -> DatasetRow:
    """Return a dataset that answers questions.

    Raises
    ------
    NotFoundError
        There is no such dataset.
    ConflictError
        It is not ready.
    """
    dataset = datasets.get(session, dataset_id)
    if dataset.status != DatasetStatus.READY:
        rule = f"Dataset {dataset_id!r} is {dataset.status}; budgets need one that is ready."
        if dataset.error is not None:
            rule += f" The reason: {dataset.error}"
        raise ConflictError(rule)
    return dataset


def signatures_of(settings: Settings, dataset: DatasetRow) -> Path:
    """Return the file of a dataset's signatures; fetched, with the index, where it is not here.

    Raises
    ------
    UnavailableError
        They are not here, and the store of artifacts does not answer or has them not.
    """
    path: Path = settings.signatures_dir / f"{dataset.signatures_key}.npz"
    artifacts = Artifacts(settings.data_dir, settings.artifacts_url)
    artifacts.fetch(index_path(path))  # datasets of an earlier version have none
    if not artifacts.fetch(path).exists():
        detail = f"The signatures of dataset {dataset.id!r} are not where this host looks for them."
        raise UnavailableError(detail)
    return path


def _require_resource(pool: UsablePool, resource: str, pointer: str) -> None:
    if resource not in pool.resources:
        rule = (
            f"The dataset's scenes have no resource {resource!r}; "
            f"they have {', '.join(pool.resources)}."
        )
        raise InvalidRequestError(rule, pointer)


def _task(
    context: RequestContext, asked: Question, request: QuestionRequest, limit: float
) -> SeedTask:
    return SeedTask(
        signatures=signatures_of(context.settings, asked.dataset),
        costs=asked.pool.resources[asked.resource],
        budget=limit,
        objective=request.objective,
        strategy=request.strategy,
        time_limit_s=request.time_limit_s,
        gap=request.gap,
        random_seed=request.random_seed,
        constraints=_constraints(asked.pool, request),
        one_of_each_duplicate=request.constraints.one_of_each_duplicate,
        baselines=tuple(dict.fromkeys(request.baselines)),
    )


def _constraints(pool: UsablePool, request: QuestionRequest) -> Constraints:
    if request.constraints == _FREE and not request.side_budgets:
        return Constraints()
    content = request.constraints.model_dump(mode="json", exclude={"one_of_each_duplicate"})
    content["side_budgets"] = [side.model_dump(mode="json") for side in request.side_budgets]
    try:
        return constraints_of(pool, content)
    except InvalidProblemError as error:
        rule = f"constraints: {error}"
        raise InvalidRequestError(rule, "#/constraints") from error


def _limit(budget: BudgetRequest, total: float) -> float:
    return total * (budget.fraction or 0.0) if budget.limit is None else float(budget.limit)


def _limits(request: FrontierRequest, total: float) -> list[float]:
    asked = request.budgets
    if isinstance(asked, BudgetRange):
        step = (asked.last - asked.first) / (asked.steps - 1)
        parts = [asked.first + k * step for k in range(asked.steps - 1)]
        return [total * part for part in (*parts, asked.last)]
    return [_limit(budget, total) for budget in asked]


def _digest(asked: Question, limits: list[float], request: QuestionRequest) -> str:
    question = [
        ALGORITHM,
        asked.dataset.signatures_key,
        asked.resource,
        limits,
        request.model_dump(mode="json", exclude={"budget", "budgets", "resource", "callback"}),
    ]
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
