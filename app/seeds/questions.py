"""From a request to what a solve process is asked, and what its answer is to be called."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.choosing.budgets import BudgetRequest
from app.choosing.constraints import UsablePool, constraints_of
from app.choosing.question import options_of
from app.choosing.tasks import FrontierTask, SeedTask, StoredQuestion
from app.errors import InvalidRequestError
from app.scenes.pools import RequestContext, ready, signatures_of
from app.seeds.wire import (
    Budget,
    BudgetRange,
    FrontierRequest,
    QuestionRequest,
    Seed,
    SeedRequest,
)
from app.store.tables import DatasetRow
from solver.model.constraints import Constraints
from solver.model.errors import InvalidProblemError
from solver.solve import ALGORITHM

_CERTIFY_S: Final = 60.0
"""How long a proof may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A request, understood.

    Parameters
    ----------
    request
        As it came.
    dataset
        What is asked about.
    pool
        What can be chosen in it.
    resource
        What the budget limits.
    digest
        Hash of everything that the answer depends on.
    task
        What answers it.
    """

    request: SeedRequest | FrontierRequest
    dataset: DatasetRow
    pool: UsablePool
    resource: str
    digest: str
    task: SeedTask | FrontierTask

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What the answer is made from."""
        return {
            "dataset_key": self.dataset.signatures_key,
            **(self.dataset.resolved_features or {}),
        }

    def budget(self, limit: float) -> Budget:
        """Return a limit as the wire has it."""
        total = math.fsum(self.task.question.costs)
        return Budget(limit=limit, resource=self.resource, fraction=limit / total if total else 1.0)


def read_request(
    context: RequestContext, dataset_id: str, request: SeedRequest | FrontierRequest
) -> Query:
    """Understand a question about one budget or many.

    Raises
    ------
    NotFoundError
        There is no such dataset.
    ConflictError
        The dataset is not ready.
    InvalidRequestError
        There is no such resource, scene or group, or the time limit is above the server's.
    """
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
    costs = pool.resources[resource]
    limits = _limits(request, math.fsum(costs))
    question = StoredQuestion(
        path=signatures_of(context.settings, dataset),
        costs=costs,
        budget=limits[-1],
        objective=request.objective,
        options=options_of(
            strategy=request.strategy,
            time_limit_s=request.time_limit_s,
            gap=request.gap,
            random_seed=request.random_seed,
        ),
        constraints=_constraints(pool, request),
        one_of_each_duplicate=request.constraints.one_of_each_duplicate,
        baselines=tuple(dict.fromkeys(request.baselines)),
    )
    return Query(
        request=request,
        dataset=dataset,
        pool=pool,
        resource=resource,
        digest=_digest(dataset, resource, limits, request),
        task=SeedTask(question=question)
        if isinstance(request, SeedRequest)
        else FrontierTask(question=question, budgets=tuple(limits), nested=request.nested),
    )


def read_again(context: RequestContext, seed: Seed) -> Query:
    """Understand the question that a seed answers, to prove it or to hand it out.

    Raises what `read_request` does.
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
    return read_request(context, seed.dataset_id, request)


def _require_resource(pool: UsablePool, resource: str, pointer: str) -> None:
    if resource not in pool.resources:
        rule = (
            f"The dataset's scenes have no resource {resource!r}; "
            f"they have {', '.join(pool.resources)}."
        )
        raise InvalidRequestError(rule, pointer)


def _constraints(pool: UsablePool, request: QuestionRequest) -> Constraints:
    try:
        return constraints_of(pool, request.constraints, request.side_budgets)
    except InvalidProblemError as error:
        rule = f"constraints: {error}"
        raise InvalidRequestError(rule, "#/constraints") from error


def _limits(request: SeedRequest | FrontierRequest, total: float) -> list[float]:
    """Return the budgets that are meant, each once, ascending."""
    if isinstance(request, SeedRequest):
        return [request.budget.within(total)]
    asked = request.budgets
    if not isinstance(asked, BudgetRange):
        return sorted({budget.within(total) for budget in asked})
    step = (asked.last - asked.first) / (asked.steps - 1)
    parts = [asked.first + k * step for k in range(asked.steps - 1)]
    return sorted({total * part for part in (*parts, asked.last)})


def _digest(
    dataset: DatasetRow, resource: str, limits: list[float], request: QuestionRequest
) -> str:
    question = [
        ALGORITHM,
        dataset.signatures_key,
        resource,
        limits,
        request.model_dump(mode="json", exclude={"budget", "budgets", "resource", "callback"}),
    ]
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
