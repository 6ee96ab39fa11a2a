"""What CVAT's webhooks say to the ledger."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from app.hooks import cvat
from app.hooks.translation import UnreadableEventError
from app.labels.store import Word
from app.labels.wire import LabelState

SOURCE = "cvat:main/7"
MADE = datetime(2026, 11, 30, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 30, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)


class _Book:
    """Knows that job 5 is a scene."""

    def said(self, refs: Collection[str]) -> Mapping[str, Word]:
        known = {"job:5": Word("job:5", "room/1", LabelState.QUEUED, MADE)}
        return {ref: known[ref] for ref in refs if ref in known}

    def under(self, tasks: Collection[int]) -> Mapping[str, Word]:
        raise NotImplementedError

    def annotated(self, annotations: Collection[int]) -> Mapping[str, Word]:
        raise NotImplementedError


def _job(**more: Any) -> dict[str, Any]:  # noqa: ANN401 JSON
    return {
        "id": 5, "task_id": 3, "project_id": 7, "stage": "acceptance", "state": "completed",
        "updated_date": LATER.isoformat(), "assignee": None, **more,
    }  # fmt: skip


def _events(event: str, **more: Any) -> list[tuple[str, str, datetime | None]]:  # noqa: ANN401 JSON
    body = {"event": event, "job": _job(**more), "before_update": {"state": "new"}}
    notice = cvat.read(json.dumps(body).encode())
    assert notice is not None
    told = cvat.translate(notice, SOURCE, NOW, _Book())
    return [(one.scene_id, one.state, one.at) for one in told.events]


def test_a_job_that_is_accepted_and_completed_is_labelled() -> None:
    """The one state of a job that means that its scene is done."""
    assert _events("update:job") == [("room/1", "labelled", LATER)]


@pytest.mark.parametrize(
    "more", [{"state": "in progress"}, {"stage": "validation"}, {"stage": "annotation"}]
)
def test_a_job_that_is_not_done_is_queued(more: dict[str, str]) -> None:
    """Also one that was done and is opened again."""
    assert _events("update:job", **more) == [("room/1", "queued", LATER)]


def test_a_job_that_is_deleted_is_removed_when_that_is_heard() -> None:
    """The time of the job itself is that of its last change."""
    assert _events("delete:job") == [("room/1", "removed", NOW)]


def test_a_job_that_no_push_made_says_nothing() -> None:
    """Nobody knows which scene it is."""
    assert _events("update:job", id=6) == []


def test_a_task_without_a_project_stands_for_one() -> None:
    """The ledger calls it by the task."""
    notice = cvat.read(json.dumps({"event": "update:job", "job": _job(project_id=None)}).encode())
    assert notice is not None
    assert notice.project == 3


@pytest.mark.parametrize("event", ["ping", "create:task", "update:task", None, ["ping"]])
def test_other_events_are_ignored(event: object) -> None:
    """Tasks have no event that means done."""
    assert cvat.read(json.dumps({"event": event}).encode()) is None


def test_a_job_without_its_id_is_one_sentence() -> None:
    """An event that cannot be read says where."""
    with pytest.raises(UnreadableEventError, match="'job'"):
        cvat.read(b'{"event": "update:job"}')
