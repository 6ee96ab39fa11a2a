"""CVAT's webhooks, as events of the ledger; pure.

A job is done when it is accepted and completed; tasks have no such event. CVAT does not know
scenes: the push that made a job has written under its reference which scene it is.
"""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.hooks.translation import Book, SentMoment, Told, UnreadableEventError, parsed
from app.labels.wire import LabelEvent, LabelState

_UPDATED, _DELETED = "update:job", "delete:job"
_DONE: Final = ("acceptance", "completed")

_Id = Annotated[int, Field(ge=0, lt=2**63)]


class _Job(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: _Id
    task_id: _Id
    project_id: _Id | None = None
    stage: str = ""
    state: str = ""
    updated_date: SentMoment | None = None


class JobNotice(BaseModel):
    """A webhook about a job."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    event: str
    job: _Job

    @property
    def project(self) -> int:
        """What the ledger calls the project: that of the job's task, else the task itself."""
        return self.job.task_id if self.job.project_id is None else self.job.project_id


def read(body: bytes) -> JobNotice | None:
    """Understand a webhook; None where it is about something else.

    Raises
    ------
    UnreadableEventError
        It is not what CVAT sends.
    """
    payload = parsed(body)
    if payload.get("event") not in (_UPDATED, _DELETED):
        return None
    try:
        return JobNotice.model_validate(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(map(str, first["loc"]))
        rule = f"{payload['event']} has a mistake at {where[:100]!r}: {first['msg']}."
        raise UnreadableEventError(rule) from error


def translate(notice: JobNotice, source: str, received_at: datetime, book: Book) -> Told:
    """Say to the ledger what a webhook says; nothing of a job that no push made.

    Parameters
    ----------
    notice
        The webhook.
    source
        What the ledger calls the project.
    received_at
        When it came: deletions have no time.
    book
        What the ledger says of the project so far.
    """
    job = notice.job
    ref = f"job:{job.id}"
    word = book.said({ref}).get(ref)
    if word is None or not word.scene_id:
        return Told()
    state, moment = LabelState.QUEUED, job.updated_date or received_at
    if notice.event == _DELETED:
        state, moment = LabelState.REMOVED, received_at
    elif (job.stage, job.state) == _DONE:
        state = LabelState.LABELLED
    event = LabelEvent(scene_id=word.scene_id, state=state, source=source, ref=ref, at=moment)
    return Told((event,))
