"""What Label Studio (1.23.2) sends: webhooks about tasks and annotations, and tasks to a model."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.hooks.translation import SentMoment, UnreadableEventError, parsed

TRAIN: Final = "START_TRAINING"
"""The action by which a project asks its model to learn from what was labelled since."""

_Id = Annotated[int, Field(ge=0, lt=2**63)]
_SECONDS: Final = 1e9
"""Longest time that an annotation is believed to have taken."""


class _Sent(BaseModel):
    """Base of what a platform sends: what is not known is left."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class SentTask(_Sent):
    """A task as Label Studio sends it to a model."""

    id: _Id
    data: dict[str, Any]
    meta: Any = None

    @property
    def dataset_id(self) -> str | None:
        """The dataset of the push that made it."""
        origin = self.meta.get("seedal") if isinstance(self.meta, dict) else None
        found = origin.get("dataset_id") if isinstance(origin, dict) else None
        return found if isinstance(found, str) else None


class MadeTask(SentTask):
    """A task as webhooks have it."""

    created_at: SentMoment
    is_labeled: bool = False


class MadeAnnotation(_Sent):
    """An annotation as webhooks have it."""

    id: _Id
    updated_at: SentMoment
    was_cancelled: bool = False
    lead_time: float | None = None

    @property
    def spent(self) -> dict[str, float]:
        """How long it took, where that is a time."""
        took = self.lead_time
        if took is None or not math.isfinite(took) or not 0 <= took <= _SECONDS:
            return {}
        return {"seconds": took}


class _Gone(_Sent):
    id: _Id


def _named(project: object) -> object:
    """Accept a project with all it has, and its id alone."""
    return project if isinstance(project, dict) else {"id": project}


_T = TypeVar("_T")


def _listed(value: object) -> object:
    """Accept one thing in place of a list of one."""
    return [value] if isinstance(value, dict) else value


_Many = Annotated[tuple[_T, ...], BeforeValidator(_listed)]


class _OfProject(_Sent):
    project: Annotated[_Gone, BeforeValidator(_named)]


class _TasksCreated(_OfProject):
    tasks: _Many[MadeTask]


class _Annotated(_OfProject):
    annotation: _Many[MadeAnnotation]
    task: _Many[MadeTask]


class _TasksDeleted(_OfProject):
    tasks: _Many[_Gone]


class _AnnotationsDeleted(_OfProject):
    annotations: _Many[_Gone]


_FORMS: Final[Mapping[str, type[_OfProject]]] = {
    "TASKS_CREATED": _TasksCreated,
    "ANNOTATION_CREATED": _Annotated,
    "ANNOTATIONS_CREATED": _Annotated,
    "ANNOTATION_UPDATED": _Annotated,
    "TASKS_DELETED": _TasksDeleted,
    "ANNOTATIONS_DELETED": _AnnotationsDeleted,
    TRAIN: _OfProject,
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A webhook that concerns scenes.

    Parameters
    ----------
    project
        Of Label Studio.
    created
        Tasks that were made.
    annotated
        Annotations that were made or changed, each with its task.
    gone_tasks, gone_annotations
        Ids of what was deleted.
    wants_training
        Whether the project's model is to learn.
    """

    project: int
    created: tuple[MadeTask, ...] = ()
    annotated: tuple[tuple[MadeAnnotation, MadeTask], ...] = ()
    gone_tasks: tuple[int, ...] = ()
    gone_annotations: tuple[int, ...] = ()
    wants_training: bool = False

    @property
    def tasks(self) -> tuple[MadeTask, ...]:
        """All tasks that it has with what they show."""
        return (*self.created, *(task for _, task in self.annotated))


def read(body: bytes) -> Notice | None:
    """Understand a webhook; None where it is about something else.

    Raises
    ------
    UnreadableEventError
        It is not what Label Studio sends.
    """
    payload = parsed(body)
    form = _FORMS.get(payload["action"]) if isinstance(payload.get("action"), str) else None
    if form is None:
        return None
    try:
        sent = form.model_validate(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(map(str, first["loc"]))
        rule = f"{payload['action']} has a mistake at {where[:100]!r}: {first['msg']}."
        raise UnreadableEventError(rule) from error
    project = sent.project.id
    match sent:
        case _TasksCreated():
            return Notice(project, created=sent.tasks)
        case _Annotated():
            return Notice(project, annotated=_paired(sent.annotation, sent.task))
        case _TasksDeleted():
            return Notice(project, gone_tasks=tuple(one.id for one in sent.tasks))
        case _AnnotationsDeleted():
            return Notice(project, gone_annotations=tuple(one.id for one in sent.annotations))
        case _:
            return Notice(project, wants_training=True)


def _paired(
    annotations: Sequence[MadeAnnotation], tasks: Sequence[MadeTask]
) -> tuple[tuple[MadeAnnotation, MadeTask], ...]:
    """Return annotations with their tasks; those of several have one each, in the same order."""
    if len(tasks) == 1:
        return tuple((one, tasks[0]) for one in annotations)
    if len(tasks) != len(annotations):
        rule = f"It has {len(annotations)} annotations and {len(tasks)} tasks."
        raise UnreadableEventError(rule)
    return tuple(zip(annotations, tasks, strict=True))
