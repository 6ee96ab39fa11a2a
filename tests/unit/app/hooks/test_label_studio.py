"""What Label Studio's webhooks say to the ledger, one by one."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from label_studio_traffic import annotation, task, told

from app.hooks import label_studio, notices
from app.hooks.notices import SentTask
from app.hooks.translation import Told, UnreadableEventError
from app.labels.store import Word
from app.labels.wire import LabelState

SOURCE = "label_studio:main/25"
START = datetime(2026, 11, 30, 8, tzinfo=UTC)


class _Book:
    """What the ledger says, as it is given."""

    def __init__(self, *words: Word) -> None:
        self._words = {word.ref: word for word in words}

    def said(self, refs: Collection[str]) -> Mapping[str, Word]:
        return {ref: self._words[ref] for ref in refs if ref in self._words}

    def under(self, tasks: Collection[int]) -> Mapping[str, Word]:
        begins = tuple(f"task:{one}/" for one in tasks)
        return {ref: word for ref, word in self._words.items() if ref.startswith(begins)}

    def annotated(self, annotations: Collection[int]) -> Mapping[str, Word]:
        ends = tuple(f"/annotation:{one}" for one in annotations)
        return {ref: word for ref, word in self._words.items() if ref.endswith(ends)}


def _scene_of(sent: SentTask) -> str | None:
    return {"a": "a", "b": "b"}.get(str(sent.data.get("scene_id")))


def _minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def _say(payload: object, *words: Word, received_at: datetime = START) -> Told:
    notice = notices.read(json.dumps(payload).encode())
    assert notice is not None
    return label_studio.translate(notice, SOURCE, received_at, _Book(*words), _scene_of)


def _lines(said: Told) -> list[tuple[str | None, str, str, datetime | None]]:
    return [(event.ref, event.scene_id, event.state, event.at) for event in said.events]


def _made(number: int, scene_id: str, minute: float, **more: Any) -> dict[str, Any]:  # noqa: ANN401 JSON
    return task(number, scene_id, _minute(minute).isoformat(), **more)


def test_tasks_are_queued_when_they_are_made() -> None:
    """A task is queued at its own time, and labelled where it came with annotations."""
    tasks = [_made(1, "a", 1), _made(2, "b", 2, is_labeled=True), _made(3, "elsewhere", 3)]
    assert _lines(_say(told("TASKS_CREATED", tasks=tasks))) == [
        ("task:1", "a", "queued", _minute(1)),
        ("task:2", "b", "labelled", _minute(2)),
    ]


@pytest.mark.parametrize("cancelled", [False, True])
def test_an_annotation_labels_or_skips(cancelled: bool) -> None:  # noqa: FBT001 a case
    """A cancelled annotation is no label; its time was spent all the same."""
    of = _made(1, "a", 1)
    one = annotation(7, of, updated_at=_minute(2).isoformat(), was_cancelled=cancelled)
    said = _say(told("ANNOTATION_CREATED", annotation=one, task=of))
    assert _lines(said) == [
        ("task:1", "a", "queued", _minute(1)),
        ("task:1/annotation:7", "a", "skipped" if cancelled else "labelled", _minute(2)),
    ]
    assert said.events[1].spent == {"seconds": 12.5}
    assert said.events[1].source == SOURCE


@pytest.mark.parametrize("took", [None, -1.0, 1e300])
def test_a_time_that_is_none_is_not_spent(took: float | None) -> None:
    """What an annotation cannot have taken is left out, and the label counts."""
    of = _made(1, "a", 1)
    one = annotation(7, of, updated_at=_minute(2).isoformat(), lead_time=took)
    said = _say(told("ANNOTATION_UPDATED", annotation=one, task=of))
    assert said.events[-1].spent == {}
    assert said.events[-1].state is LabelState.LABELLED


def test_a_task_id_that_is_used_again_takes_back_what_was_under_it() -> None:
    """Also where the deletion of the first task was lost: its annotation is nobody's."""
    words = (
        Word("task:1", "a", LabelState.QUEUED, _minute(1)),
        Word("task:1/annotation:7", "a", LabelState.LABELLED, _minute(2)),
        Word("task:11/annotation:8", "a", LabelState.LABELLED, _minute(2)),
    )
    said = _say(told("TASKS_CREATED", tasks=[_made(1, "b", 3)]), *words)
    assert _lines(said) == [
        ("task:1/annotation:7", "a", "removed", _minute(3)),
        ("task:1", "b", "queued", _minute(3)),
    ]


def test_a_task_id_that_goes_to_another_dataset_is_nobodys_here() -> None:
    """Its label is taken back, and nothing is said of the other dataset's scene."""
    words = (
        Word("task:1", "a", LabelState.QUEUED, _minute(1)),
        Word("task:1/annotation:7", "a", LabelState.LABELLED, _minute(2)),
    )
    said = _say(told("TASKS_CREATED", tasks=[_made(1, "elsewhere", 3)]), *words)
    assert [(event.ref, event.state) for event in said.events] == [
        ("task:1/annotation:7", "removed"), ("task:1", "removed"),
    ]  # fmt: skip


def test_an_annotation_renews_what_a_lost_webhook_would_have_said() -> None:
    """An annotation whose task was never heard of queues the task, too, and takes back the old."""
    words = (
        Word("task:1", "a", LabelState.QUEUED, _minute(1)),
        Word("task:1/annotation:7", "a", LabelState.LABELLED, _minute(2)),
    )
    of = _made(1, "b", 3)
    one = annotation(9, of, updated_at=_minute(4).isoformat())
    assert _lines(_say(told("ANNOTATION_CREATED", annotation=one, task=of), *words)) == [
        ("task:1/annotation:7", "a", "removed", _minute(3)),
        ("task:1", "b", "queued", _minute(3)),
        ("task:1/annotation:9", "b", "labelled", _minute(4)),
    ]


def test_an_annotation_of_a_task_that_is_gone_says_nothing() -> None:
    """What comes late of a deleted task is removed at the time of the deletion."""
    word = Word("task:1", "a", LabelState.REMOVED, _minute(5))
    of = _made(1, "a", 1)
    one = annotation(7, of, updated_at=_minute(2).isoformat())
    assert _lines(_say(told("ANNOTATION_CREATED", annotation=one, task=of), word)) == [
        ("task:1/annotation:7", "a", "removed", _minute(5))
    ]


def test_a_deleted_task_takes_its_annotations_along() -> None:
    """Label Studio sends nothing of them."""
    words = (
        Word("task:1", "a", LabelState.QUEUED, _minute(1)),
        Word("task:1/annotation:7", "a", LabelState.LABELLED, _minute(2)),
    )
    payload = told("TASKS_DELETED", tasks=[{"id": 1}])
    assert _lines(_say(payload, *words, received_at=_minute(9))) == [
        ("task:1", "a", "removed", _minute(9)),
        ("task:1/annotation:7", "a", "removed", _minute(9)),
    ]


def test_a_deletion_that_comes_first_is_remembered() -> None:
    """Nobody knows yet which scene it is, so its reference is silenced."""
    said = _say(told("ANNOTATIONS_DELETED", annotations=[{"id": 7}]), received_at=_minute(9))
    assert (said.events, said.silenced) == ((), {"annotation:7": _minute(9)})
    said = _say(told("TASKS_DELETED", tasks=[{"id": 1}]), received_at=_minute(9))
    assert (said.events, said.silenced) == ((), {"task:1": _minute(9)})


def test_many_annotations_at_once_have_a_task_each() -> None:
    """Predictions that become annotations come in one webhook."""
    tasks = [_made(1, "a", 1), _made(2, "b", 1)]
    ones = [annotation(7 + k, of, updated_at=_minute(2).isoformat()) for k, of in enumerate(tasks)]
    said = _say(told("ANNOTATIONS_CREATED", annotation=ones, task=tasks))
    assert [event.scene_id for event in said.events if event.state == "labelled"] == ["a", "b"]


def test_a_project_may_be_told_by_its_number() -> None:
    """Some servers send the project's id in place of the project."""
    payload = {"action": "TASKS_DELETED", "tasks": [{"id": 1}], "project": 25}
    notice = notices.read(json.dumps(payload).encode())
    assert notice is not None
    assert notice.project == 25


@pytest.mark.parametrize(
    "payload",
    [
        {"action": "PROJECT_UPDATED", "project": {"id": 1}},
        {"action": "LABEL_LINK_CREATED"},
        {"action": ["TASKS_CREATED"]},
        {"event": "update:job"},
        {},
    ],
)
def test_what_is_about_something_else_is_ignored(payload: object) -> None:
    """Unknown actions are no mistakes: Label Studio has more of them than we need."""
    assert notices.read(json.dumps(payload).encode()) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        b'{"action": "TASKS_CREATED"}',
        b'{"action": "TASKS_CREATED", "project": {"id": 1}, "tasks": [{"id": "x"}]}',
        b'{"action": "TASKS_DELETED", "project": {"id": -1}, "tasks": []}',
        b'{"action": "TASKS_DELETED", "project": {"id": 1}, "tasks": [{"id": 1e40}]}',
    ],
)
def test_what_is_not_label_studios_is_one_sentence(body: bytes) -> None:
    """An event that cannot be read says what is wrong with it."""
    with pytest.raises(UnreadableEventError) as caught:
        notices.read(body)
    assert caught.value.detail.endswith(".")
    assert "\n" not in caught.value.detail
