"""Events that are bent in any place are understood or refused with a sentence, nothing else."""

import copy
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_traffic import annotation, morning, task, told

from app.hooks import cvat, finding, label_studio, notices
from app.hooks.notices import SentTask
from app.hooks.translation import UnreadableEventError
from app.labels.store import Word
from app.labels.wire import LabelState

NOW = datetime(2026, 12, 1, tzinfo=UTC)
_TASK = task(1, "a", "2026-11-30T08:00:00Z")
_EVENTS = [
    *morning(["a", "b", "c", "d", "e"]),
    told("ANNOTATIONS_CREATED", annotation=[annotation(1, _TASK)], task=[_TASK]),
    {
        "event": "update:job",
        "job": {"id": 5, "task_id": 3, "project_id": 7, "stage": "acceptance",
                "state": "completed", "updated_date": "2026-11-30T08:00:00Z"},
    },
]  # fmt: skip
_ODD: Any = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=20),
    st.sampled_from(
        [
            "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-30T08:00:00",
            "1e999", "http://[", "\0", "task:1/annotation:2", "x" * 5000, 10**400,
            [[]], {}, [], [None],
        ]
    ),
)  # fmt: skip


class _Empty:
    """A ledger that says nothing."""

    def said(self, refs: Collection[str]) -> Mapping[str, Word]:
        return {ref: Word(ref, "", LabelState.REMOVED, NOW) for ref in list(refs)[:1]}

    def under(self, tasks: Collection[int]) -> Mapping[str, Word]:
        assert all(isinstance(one, int) for one in tasks)
        return {}

    def annotated(self, annotations: Collection[int]) -> Mapping[str, Word]:
        assert all(isinstance(one, int) for one in annotations)
        return {}


def _places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for key, one in inner:
        yield from _places(one, (*path, key))


def _bent(event: dict[str, Any], path: tuple[Any, ...], odd: object) -> object:
    if not path:
        return odd
    bent = copy.deepcopy(event)
    inside: Any = bent
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = odd
    return bent


def _scene_of(sent: SentTask) -> str | None:
    names = finding._files(sent.data)
    assert all(isinstance(name, str) for name in names)
    return "a" if finding._named(sent) else None


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_a_bent_event_is_understood_or_refused(data: st.DataObject) -> None:
    """Whatever stands in whichever place, both platforms' readers end with events or a sentence."""
    event = data.draw(st.sampled_from(_EVENTS))
    bent = _bent(event, data.draw(st.sampled_from(list(_places(event)))), data.draw(_ODD))
    body, sentence = json.dumps(bent).encode(), "."
    try:
        notice = notices.read(body)
        if notice is not None:
            label_studio.translate(notice, "label_studio:main/25", NOW, _Empty(), _scene_of)
        job = cvat.read(body)
        if job is not None:
            cvat.translate(job, "cvat:main/7", NOW, _Empty())
    except UnreadableEventError as error:
        sentence = error.detail
    assert sentence.endswith(".")
    assert len(sentence) < 500
