"""From a request to a question, and from a question to its answer.

An answer is remembered, or computed and stored, or handed to the workers.
"""

import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any, Final

from app.choosing.budgets import part_of
from app.choosing.constraints import UsablePool, constraints_of
from app.choosing.hints import require_hintable
from app.choosing.question import options_of
from app.choosing.seeding import FrontierAnswer, SeedAnswer
from app.choosing.tasks import FrontierTask, SeedTask, StoredQuestion
from app.errors import ConflictError, InvalidRequestError, SolveCancelledError
from app.hints.service import AskedHint
from app.labels.service import Labels
from app.operations.service import Operations
from app.operations.translate import FRONTIER, SOLVE, Kind, new_operation
from app.operations.translate import to_wire as operation_to_wire
from app.operations.wire import Operation
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.scenes.pools import RequestContext, ready, signatures_of
from app.seeds import store
from app.seeds.rounds import LabelsUsed, is_for_ledger, resolved
from app.seeds.translate import SeedOrigin, frontier_to_wire, to_wire
from app.seeds.wire import (
    Budget,
    BudgetRange,
    Frontier,
    FrontierRequest,
    QuestionRequest,
    Seed,
    SeedBudget,
    SeedConstraints,
    SeedRequest,
)
from app.store.queue import JobQueue
from app.store.tables import DatasetRow, FrontierRow, OperationRow, SeedRow
from solver.model.constraints import Constraints
from solver.model.errors import InvalidProblemError
from solver.model.result import StopReason
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
    hint
        What its answer looks for, where labelled images say it.
    labels
        What it took from the ledger of labels, where it did.
    """

    request: SeedRequest | FrontierRequest
    dataset: DatasetRow
    pool: UsablePool
    resource: str
    digest: str
    task: SeedTask | FrontierTask
    hint: AskedHint | None = None
    labels: LabelsUsed | None = None

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
        spent = None if self.labels is None else self.labels.spent
        fraction = part_of(limit, total)
        return Budget(limit=limit, resource=self.resource, fraction=fraction, spent=spent)


def read_request(
    context: RequestContext,
    dataset_id: str,
    request: SeedRequest | FrontierRequest,
    labels: LabelsUsed | None = None,
) -> Query:
    """Understand a question about one budget or many; what it leaves to the ledger is looked up.

    Parameters
    ----------
    context, dataset_id, request
        Who asks about what.
    labels
        What the request has from the ledger already.

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
    if is_for_ledger(request):
        ledger = Labels(context.session).ledger(dataset_id)
        request, labels = resolved(request, ledger, pool, resource)
    for place, side in enumerate(request.side_budgets):
        _require_resource(pool, side.resource, f"#/side_budgets/{place}/resource")
    costs = pool.resources[resource]
    limits = _limits(request, math.fsum(costs))
    hint = _hint(context, dataset, request)
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
        hint_cells=None if hint is None else hint.cells,
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
        hint=hint,
        labels=labels,
    )


def _hint(
    context: RequestContext, dataset: DatasetRow, request: SeedRequest | FrontierRequest
) -> AskedHint | None:
    """Find the hint of a request, where it has one."""
    if not isinstance(request, SeedRequest) or request.hint is None:
        return None
    require_hintable(request.objective)
    return AskedHint.of(context.settings, dataset, request.hint)


def read_again(context: RequestContext, answer: Seed | Frontier) -> Query:
    """Understand the question of an answer, to prove it or to hand it out.

    Of a frontier it is that of its largest budget, by which some objectives measure all of them.

    Raises
    ------
    ConflictError
        An earlier version gave the answer, and did not store the whole question.
    AppError
        See `read_request`.
    """
    if answer.constraints is None:
        rule = (
            "An earlier version of the service answered this without storing its constraints; "
            "ask the same question again for an answer that has certificates."
        )
        raise ConflictError(rule)
    if isinstance(answer, Seed):
        budget, objective = answer.budget, answer.solver.objective
    else:
        budget, objective = answer.points[-1].budget, answer.objective_name
    request = SeedRequest(
        budget=SeedBudget.left(budget.limit),
        resource=budget.resource,
        side_budgets=answer.side_budgets,
        constraints=SeedConstraints(**dict(answer.constraints)),
        objective=objective,
        time_limit_s=min(_CERTIFY_S, context.settings.max_time_limit_s),
    )
    return read_request(context, answer.dataset_id, request)


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
    left_out = {"budget", "budgets", "resource", "callback"}
    if getattr(request, "hint", None) is None:
        left_out.add("hint")  # questions without one are what they were before there were any
    question = [
        ALGORITHM,
        dataset.signatures_key,
        resource,
        limits,
        request.model_dump(mode="json", exclude=left_out),
    ]
    if isinstance(request, FrontierRequest):
        question.append("with its constraints")  # earlier versions stored frontiers without them
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


_LOOK_S: Final = 0.1
"""Seconds between two looks at an operation that a request waits for."""


def recall(context: RequestContext, query: Query) -> Seed | Frontier | None:
    """Return the stored answer to a question; None where it is new."""
    about = (query.dataset.id, query.digest)
    if isinstance(query.task, SeedTask):
        seed = store.answered(context.session, SeedRow, *about)
        return None if seed is None else Seed.model_validate(seed.answer)
    frontier = store.answered(context.session, FrontierRow, *about)
    return None if frontier is None else Frontier.model_validate(frontier.answer)


def remember(
    context: RequestContext, query: Query, answer: SeedAnswer | FrontierAnswer
) -> Seed | Frontier:
    """Store an answer; where another request answered the same question first, return that.

    Raises
    ------
    NotFoundError
        The dataset was deleted meanwhile.
    SolveCancelledError
        It is no answer: the solve was stopped.
    """
    if isinstance(answer, FrontierAnswer):
        frontier = frontier_to_wire(
            answer,
            dataset_id=query.dataset.id,
            nested=isinstance(query.request, FrontierRequest) and query.request.nested,
            budget=query.budget,
            constraints=query.request.constraints,
            side_budgets=query.request.side_budgets,
            provenance=query.provenance,
        )
        row = store.frontier_row(frontier, query.digest)
        first = store.add_first(context.session, row)
        return frontier if first is row else Frontier.model_validate(first.answer)
    if answer.result.stop_reason is StopReason.CANCELLED:
        rule = "The solve was stopped before it had an answer."
        raise SolveCancelledError(rule)
    question = query.task.question
    origin = SeedOrigin(
        dataset_id=query.dataset.id,
        budget=query.budget(question.budget),
        options=question.options,
        constraints=query.request.constraints,
        side_budgets=query.request.side_budgets,
        provenance=query.provenance,
        group_of=query.pool.group_of,
        hint=query.request.hint if isinstance(query.request, SeedRequest) else None,
        labels_version=None if query.labels is None else query.labels.version,
    )
    seed = to_wire(answer, origin)
    seed_row = store.seed_row(seed, query.digest)
    first_seed = store.add_first(context.session, seed_row)
    return seed if first_seed is seed_row else Seed.model_validate(first_seed.answer)


def new_solve(
    dataset_id: str, request: SeedRequest | FrontierRequest, labels: LabelsUsed | None = None
) -> OperationRow:
    """Return the row of a question that no worker has begun to answer."""
    kind: Kind = SOLVE if isinstance(request, SeedRequest) else FRONTIER
    row = new_operation(kind, dataset_id, request.callback)
    row.request = request.model_dump(mode="json", exclude={"callback"}, by_alias=True)
    if labels is not None:
        row.request |= labels.stored()
    return row


def submit(
    context: RequestContext,
    queue: JobQueue,
    query: Query,
) -> Operation:
    """Accept a question: its operation and its job are there once the transaction is committed.

    The answer to an Idempotency-Key is stored in the same transaction.
    """
    row = new_solve(query.dataset.id, query.request, query.labels)
    context.session.add(row)
    queue.enqueue_solve(context.session, row.id)
    return operation_to_wire(row)


def await_end(
    context: RequestContext,
    pool: SolvePool,
    waits: BoundedSemaphore,
    accepted: Operation,
    wait_s: float,
    watch: Cancellation,
) -> Operation:
    """Return an operation once it has ended, or as it is when its caller waits no longer.

    How long a caller would like to wait is a wish, and the operation is under way: where too many
    wait already, this one does not.

    Parameters
    ----------
    context
        Its transaction is committed first, and then are short ones.
    pool
        Tells when the process is ending.
    waits
        So many may wait at once: each has a thread meanwhile.
    accepted
        The operation.
    wait_s
        For how long, in seconds.
    watch
        Tells when the caller has gone.

    Raises
    ------
    NotFoundError
        The dataset was deleted meanwhile.
    """
    if wait_s <= 0:
        return accepted
    context.session.commit()
    if not waits.acquire(blocking=False):
        return accepted
    try:
        operations, state = Operations(context.session), accepted
        deadline = time.monotonic() + min(wait_s, context.settings.max_wait_s)
        while state.finished_at is None and time.monotonic() < deadline:
            if watch.cancelled() or pool.closing:
                break
            time.sleep(_LOOK_S)
            context.session.expire_all()
            state = operations.get(accepted.id)
            context.session.commit()  # nothing is held while it waits
        return state
    finally:
        waits.release()
