"""A hook as Label Studio's model: the scores of tasks are the order of a seed.

Label Studio serves the lowest score first where a project samples by uncertainty. It asks for
health and set-up before each prediction and waits for them 1 and 3 s, so a seed that takes longer
is solved meanwhile. What is asked for is a part of the set-up alone, so it is remembered.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import ConflictError, InvalidRequestError, NotFoundError, UnavailableError
from app.hooks import store
from app.hooks.finding import SceneFinder, SceneKeys
from app.hooks.notices import SentTask
from app.hooks.store import Receiver
from app.http.parameters import Preference
from app.operations.service import Operations
from app.operations.wire import Operation, OperationStatus
from app.processes.child import Cancellation
from app.seeds.service import Seeds
from app.seeds.wire import Frontier, Seed, SeedRequest
from app.store.tables import HookModelRow

_MOST: Final = 100
"""Projects that may use a hook as their model."""

_WAIT_S: Final = 2
"""Of the 3 s that Label Studio waits for a set-up."""

_DEFAULTS: Final = {"budget": {"fraction": 0.1}, "constraints": {"labelled_from": "ledger"}}
"""What is asked where a project does not say it: what is labelled already is not chosen again."""

_NOT_CHOSEN: Final = 1.0

Asker = Annotated[str, Field(max_length=100)]
"""A project and when it was made, as Label Studio writes it: ``15.1796024742``."""


class _ModelQuestion(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ModelSetUp(_ModelQuestion):
    """What Label Studio sends when it connects, and before each prediction."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"project": "25.1796027065", "extra_params": {"budget": {"fraction": 0.1}}}
            ]
        }
    )

    project: Asker = ""
    extra_params: Any = Field(
        default=None,
        description="The question, as that of a seed. By default a tenth of everything, and what "
        "is labelled is not chosen again.",
        examples=[{"budget": {"fraction": 0.1}}],
    )


class PredictionRequest(_ModelQuestion):
    """Tasks that want a score."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "project": "25.1796027065",
                    "tasks": [{"id": 2265, "data": {"scene_id": "room/1"}}],
                }
            ]
        }
    )

    project: Asker = ""
    tasks: Annotated[tuple[SentTask, ...], Field(max_length=100_000)]


class ModelHealth(BaseModel):
    """That the model is there."""

    status: str = "UP"
    model_class: str = "SeedAL"


class ModelVersion(BaseModel):
    """Which seed the scores are from."""

    model_version: str = Field(description="`seedal-` and the seed's id; empty while it is solved.")


class ModelVersionList(BaseModel):
    """The seeds that projects got by this hook."""

    versions: list[str]


class Prediction(BaseModel):
    """The score of a task."""

    result: list[Any] = Field(default=[], description="Empty: nothing is drawn.")
    score: float = Field(description="Below 1 in the seed, the first lowest; 1 for all others.")
    model_version: str


class PredictionList(BaseModel):
    """The scores of tasks, in their order."""

    results: list[Prediction]


class Models:
    """Use cases of Label Studio's model, within one transaction that is bound to a project.

    Parameters
    ----------
    session
        The transaction; its opener commits.
    seeds
        Answers questions, in the same transaction.
    hook
        Which is asked.
    """

    def __init__(self, session: Session, seeds: Seeds, hook: Receiver) -> None:
        self._session = session
        self._seeds = seeds
        self._hook = hook

    def set_up(self, request: ModelSetUp, watch: Cancellation) -> ModelVersion:
        """Hear a question and see to it that there will be a seed.

        Raises
        ------
        InvalidRequestError
            The question cannot be asked.
        ConflictError
            The dataset is not ready, or too many projects ask.
        """
        question = _question(request.extra_params)
        row = store.model(self._session, self._hook.id, request.project)
        if row is None:
            row = self._add(request.project, question)
        elif row.question != question:
            row.question, row.seed_id, row.operation_id = question, None, None
        seed = self._seed(row, watch)
        return ModelVersion(model_version=_version(row.seed_id) if seed is not None else "")

    def predict(
        self, request: PredictionRequest, keys: SceneKeys, watch: Cancellation
    ) -> PredictionList:
        """Return the scores of tasks, from the ranks of the whole seed.

        Raises
        ------
        UnavailableError
            The seed is still being solved.
        ConflictError, InvalidRequestError
            See `set_up`.
        """
        row = store.model(self._session, self._hook.id, request.project)
        if row is None:
            row = self._add(request.project, _question(None))
        seed = self._seed(row, watch)
        if seed is None:
            rule = "The seed of this project is being solved; ask again in a moment."
            raise UnavailableError(rule)
        rank_of = {scene.scene_id: scene.rank for scene in seed.scenes}
        find = SceneFinder(self._session, self._hook.dataset_id, keys, request.tasks)
        version = _version(seed.id)
        return PredictionList(
            results=[
                Prediction(score=_score(rank_of, find(task)), model_version=version)
                for task in request.tasks
            ]
        )

    def versions(self) -> ModelVersionList:
        """Return the seeds that projects got."""
        rows = store.models(self._session, self._hook.id)
        names = dict.fromkeys(_version(row.seed_id) for row in rows if row.seed_id)
        return ModelVersionList(versions=list(names))

    def _add(self, asker: str, question: dict[str, Any]) -> HookModelRow:
        if len(store.models(self._session, self._hook.id)) >= _MOST:
            rule = f"{_MOST} projects use this hook as their model, and no more may; make another."
            raise ConflictError(rule)
        row = HookModelRow(
            hook_id=self._hook.id, asker=asker, question=question, seed_id=None, operation_id=None
        )
        self._session.add(row)
        try:
            self._session.flush()
        except IntegrityError as error:
            rule = "The same project asks twice at this moment; ask again."
            raise UnavailableError(rule) from error
        return row

    def _seed(self, row: HookModelRow, watch: Cancellation) -> Seed | None:
        """Return the seed of a question; None while it is solved."""
        if row.seed_id is not None:
            return self._seeds.get(row.seed_id)
        answer: Seed | Frontier | Operation | None = self._under_way(row)
        if answer is None:
            request = SeedRequest.model_validate(row.question)
            preference = Preference(respond_async=True)
            answer = self._seeds.create(self._hook.dataset_id, request, preference, watch)
            row.operation_id = answer.id if isinstance(answer, Operation) else None
            self._session.commit()
        waiting = Preference(respond_async=True, wait_s=_WAIT_S)
        answer = self._seeds.awaited(answer, waiting, watch)
        if isinstance(answer, Operation):
            self._require_hope(row, answer)
            return None
        if isinstance(answer, Frontier):  # nobody asks for one
            return None
        row = store.model(self._session, row.hook_id, row.asker) or row
        row.seed_id = answer.id
        return answer

    def _under_way(self, row: HookModelRow) -> Operation | None:
        """Return the operation that will have the seed; none where it is forgotten."""
        if row.operation_id is None:
            return None
        try:
            return Operations(self._session).get(row.operation_id)
        except NotFoundError:
            return None

    def _require_hope(self, row: HookModelRow, operation: Operation) -> None:
        """Refuse where the seed will not come; who asks again asks anew."""
        if operation.status in {OperationStatus.FAILED, OperationStatus.CANCELLED}:
            row.operation_id = None
            self._session.commit()
            why = "It was cancelled." if operation.error is None else operation.error.detail
            rule = f"The seed of this project cannot be solved: {why}"
            raise ConflictError(rule)


def _question(extra_params: object) -> dict[str, Any]:
    """Return the question that a set-up asks, as it is stored.

    Raises
    ------
    InvalidRequestError
        It is none.
    """
    if isinstance(extra_params, str):  # what was typed into Label Studio's form
        try:
            extra_params = json.loads(extra_params) if extra_params.strip() else None
        except (ValueError, RecursionError) as error:
            rule = 'extra_params must be a JSON object, such as {"budget": {"fraction": 0.1}}.'
            raise InvalidRequestError(rule, "#/extra_params") from error
    asked: Mapping[str, Any] = extra_params if isinstance(extra_params, dict) else {}
    if extra_params and not asked:
        rule = 'extra_params must be an object, such as {"budget": {"fraction": 0.1}}.'
        raise InvalidRequestError(rule, "#/extra_params")
    if "callback" in asked:
        rule = "A model has no callback."
        raise InvalidRequestError(rule, "#/extra_params/callback")
    try:
        request = SeedRequest.model_validate({**_DEFAULTS, **asked})
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(map(str, ("#", "extra_params", *first["loc"])))
        rule = f"{where[:200]}: {first['msg'].removeprefix('Value error, ')}"
        raise InvalidRequestError(rule, where[:200]) from error
    return request.model_dump(mode="json", exclude={"callback"}, by_alias=True)


def _score(rank_of: Mapping[str, int], scene_id: str | None) -> float:
    """Return a score below that of what is not chosen, also for the last of the seed."""
    rank = rank_of.get(scene_id or "")
    return _NOT_CHOSEN if rank is None else rank / (len(rank_of) + 1)


def _version(seed_id: str | None) -> str:
    """Return what pushes of scores call a seed, too."""
    return f"seedal-{seed_id}"
