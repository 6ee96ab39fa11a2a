"""Answer budgets with seeds, and remember the answers."""

import hashlib
import json
import math

import numpy as np
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api_schemas.datasets import DatasetStatus
from api_schemas.seeds import Budget, Seed, SeedRequest
from app.errors import ConflictError, InvalidRequestError
from app.exports import Exported, export, require_format
from app.services.exporting import exportable
from app.services.seeding import chosen_scenes
from app.services.solve_pool import SolvePool
from app.services.solve_process import SolveTask
from app.settings import Settings
from app.store import datasets, scenes, seeds
from app.store.tables import DatasetRow, SeedRow
from app.translate.seeds import to_wire
from solver.solve import ALGORITHM


class Seeds:
    """Use cases on seeds.

    Parameters
    ----------
    session
        A transaction; whoever opened it commits. It is let go of while a solve runs.
    pool
        Where seeds are solved.
    settings
        Says where signatures lie and how long a solve may take.
    """

    def __init__(self, session: Session, pool: SolvePool, settings: Settings) -> None:
        self._session = session
        self._pool = pool
        self._settings = settings

    def create(self, dataset_id: str, request: SeedRequest) -> Seed:
        """Return the seed for a budget: the stored one where the question was asked before.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        ConflictError
            The dataset is not ready.
        BudgetError
            The budget does not pay for the cheapest scene.
        InvalidRequestError
            There is no such resource, or the time limit is above the server's.
        BusyError, SolveCrashedError
            See `app.services.solve_pool.SolvePool.answer`.
        """
        self._require_allowed_time(request)
        dataset = self._ready(dataset_id)
        usable = scenes.usable(self._session, dataset_id)
        resource = request.resource or str(dataset.resource)
        if resource not in dataset.resources:
            rule = (
                f"The dataset's scenes have no resource {resource!r}; "
                f"they have {', '.join(dataset.resources)}."
            )
            raise InvalidRequestError(rule, "#/resource")
        costs = np.array([scene.costs[resource] for scene in usable], dtype=np.float64)
        budget = _budget(request, resource, math.fsum(costs))
        question = _digest(dataset, request, budget)
        known = seeds.answered(self._session, dataset_id, question)
        if known is not None:
            return Seed.model_validate(known.answer)
        self._session.commit()  # nothing is held while the solve runs
        answer = self._pool.answer(
            SolveTask(
                signatures=self._settings.signatures_dir / f"{dataset.signatures_key}.npz",
                costs=costs,
                budget=budget.limit,
                objective=request.objective,
                strategy=request.strategy,
                time_limit_s=request.time_limit_s,
                gap=request.gap,
                random_seed=request.random_seed,
            )
        )
        seed = to_wire(
            answer.result,
            chosen_scenes(answer, {scene.scene_id: scene.group for scene in usable}),
            dataset_id=dataset.id,
            budget=budget,
            asked=request.model_dump(exclude={"budget", "resource"}),
            provenance={
                "dataset_key": dataset.signatures_key,
                **(dataset.resolved_features or {}),
            },
        )
        return self._remember(seed, question)

    def get(self, seed_id: str) -> Seed:
        """Return a seed.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        return Seed.model_validate(seeds.get(self._session, seed_id).answer)

    def export(self, seed_id: str, format_name: str) -> Exported:
        """Return a seed as a download.

        Raises
        ------
        NotFoundError
            There is no such seed.
        app.exports.ExportError
            There is no such format, or it does not fit the dataset.
        """
        require_format(format_name)
        seed = self.get(seed_id)
        dataset = datasets.get(self._session, seed.dataset_id)
        pooled = exportable(dataset, scenes.every(self._session, dataset.id), seed)
        self._session.commit()  # nothing is held while images are read
        return export(pooled, format_name)

    def _require_allowed_time(self, request: SeedRequest) -> None:
        most = self._settings.max_time_limit_s
        if request.time_limit_s > most:
            rule = f"time_limit_s is {request.time_limit_s:g}; this server allows at most {most:g}."
            raise InvalidRequestError(rule, "#/time_limit_s")

    def _ready(self, dataset_id: str) -> DatasetRow:
        dataset = datasets.get(self._session, dataset_id)
        if dataset.status != DatasetStatus.READY:
            rule = f"Dataset {dataset_id!r} is {dataset.status}; budgets need one that is ready."
            if dataset.error is not None:
                rule += f" The reason: {dataset.error}"
            raise ConflictError(rule)
        return dataset

    def _remember(self, seed: Seed, question: str) -> Seed:
        """Store a seed; where another request answered the same question first, return its seed."""
        self._session.add(
            SeedRow(
                id=seed.id,
                dataset_id=seed.dataset_id,
                question_hash=question,
                answer=seed.model_dump(mode="json"),
                created_at=seed.created_at,
            )
        )
        try:
            self._session.flush()
        except IntegrityError:
            self._session.rollback()
            datasets.get(self._session, seed.dataset_id)  # deleted meanwhile: not found
            first = seeds.answered(self._session, seed.dataset_id, question)
            if first is None:
                raise
            return Seed.model_validate(first.answer)
        return seed


def _budget(request: SeedRequest, resource: str, total: float) -> Budget:
    """Return the budget in the resource's unit and as a part of what all usable scenes cost."""
    limit, fraction = request.budget.limit, request.budget.fraction
    if limit is None:
        limit = total * (fraction or 0.0)
    return Budget(limit=limit, resource=resource, fraction=limit / total if total else 1.0)


def _digest(dataset: DatasetRow, request: SeedRequest, budget: Budget) -> str:
    """Return a hash of everything that the answer depends on."""
    question = [
        ALGORITHM,
        dataset.signatures_key,
        budget.resource,
        budget.limit,
        request.model_dump(mode="json", exclude={"budget", "resource"}),
    ]
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
