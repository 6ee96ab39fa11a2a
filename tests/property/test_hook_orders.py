"""In whatever order and however often webhooks come, the ledger says how the platform is.

The oracle is the platform itself: a small Label Studio that is used, sends webhooks as the real one
does, and knows in the end which of its tasks are labelled.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.hooks import label_studio, notices
from app.hooks.label_studio import SentTask
from app.hooks.translation import Told
from app.labels.store import Word
from app.labels.wire import LabelEvent, LabelState

START = datetime(2026, 11, 30, 8, tzinfo=UTC)
STEP = timedelta(seconds=10)
SCENES = ("a", "b", "c")
PROJECT = 25


@dataclass
class Ledger:
    """The ledger's rules, in memory: under a reference the latest word counts."""

    rows: dict[str, Word] = field(default_factory=dict)
    spent: dict[str, dict[str, float]] = field(default_factory=dict)

    def said(self, refs: Collection[str]) -> Mapping[str, Word]:
        """Return what is said under references."""
        return {ref: self.rows[ref] for ref in refs if ref in self.rows}

    def under(self, tasks: Collection[int]) -> Mapping[str, Word]:
        """Return what is said of the annotations of tasks."""
        begins = tuple(f"task:{task}/" for task in tasks)
        return {ref: word for ref, word in self.rows.items() if ref.startswith(begins)}

    def annotated(self, annotations: Collection[int]) -> Mapping[str, Word]:
        """Return what is said of annotations."""
        ends = tuple(f"/annotation:{one}" for one in annotations)
        return {ref: word for ref, word in self.rows.items() if ref.endswith(ends)}

    def write(self, told: Told) -> None:
        """Write down what is told."""
        for event in sorted(told.events, key=lambda event: event.at or START):
            assert event.ref is not None
            assert event.at is not None
            row = self.rows.get(event.ref)
            if row is None or event.at >= row.at:
                self.rows[event.ref] = Word(event.ref, event.scene_id, event.state, event.at)
                self.spent[event.ref] = dict(event.spent)
        for ref, at in told.silenced.items():
            row = self.rows.get(ref)
            if row is None or (not row.scene_id and row.at < at):
                self.rows[ref] = Word(ref, "", LabelState.REMOVED, at)

    def states(self) -> dict[str, LabelState]:
        """Return the weightiest word on each scene of which something is said."""
        order = list(LabelState)
        found: dict[str, LabelState] = {}
        for row in self.rows.values():
            if row.state is not LabelState.REMOVED:
                known = found.get(row.scene_id, LabelState.REMOVED)
                found[row.scene_id] = min(known, row.state, key=order.index)
        return found

    def seconds(self) -> float:
        """Return what the annotations that are left took."""
        return sum(
            took.get("seconds", 0.0)
            for ref, took in self.spent.items()
            if self.rows[ref].state is not LabelState.REMOVED
        )


@dataclass
class Annotation:
    """An annotation on the platform."""

    cancelled: bool
    seconds: float


@dataclass
class Task:
    """A task on the platform."""

    scene: str
    created_at: datetime
    imported: bool
    annotations: dict[int, Annotation] = field(default_factory=dict)


class Platform:
    """A small Label Studio: ids of what was deleted last are given out again."""

    def __init__(self, *, reuses: bool) -> None:
        self.tasks: dict[int, Task] = {}
        self.sent: list[tuple[bytes, datetime]] = []
        self._reuses = reuses
        self._now = START
        self._last = {"task": 0, "annotation": 0}

    def do(self, action: tuple[str, int, int, bool]) -> None:
        """Do something; numbers choose among what there is."""
        what, which, other, flag = action
        self._now += STEP
        task_id = _chosen(list(self.tasks), which)
        task = self.tasks.get(task_id or 0)
        if what == "make":
            name = self._new_id("task", self.tasks)
            made = Task(SCENES[other % len(SCENES)], self._now, flag)
            self.tasks[name] = made
            self._send("TASKS_CREATED", tasks=[self._shown(name, made)])
        elif task_id is None or task is None:
            return
        elif what == "annotate":
            taken = [name for one in self.tasks.values() for name in one.annotations]
            self._annotate("ANNOTATION_CREATED", task_id, self._new_id("annotation", taken), action)
        elif what == "update" and task.annotations:
            name = list(task.annotations)[other % len(task.annotations)]
            self._annotate("ANNOTATION_UPDATED", task_id, name, action)
        elif what == "delete annotation" and task.annotations:
            name = list(task.annotations)[other % len(task.annotations)]
            del task.annotations[name]
            self._send("ANNOTATIONS_DELETED", annotations=[{"id": name}])
        elif what == "delete task":
            del self.tasks[task_id]
            self._send("TASKS_DELETED", tasks=[{"id": task_id}])

    def states(self) -> dict[str, LabelState]:
        """Return how the scenes are that have tasks."""
        found: dict[str, list[LabelState]] = {}
        for task in self.tasks.values():
            said = found.setdefault(task.scene, [LabelState.QUEUED])
            said += [LabelState.LABELLED] * task.imported
            said += [
                LabelState.SKIPPED if one.cancelled else LabelState.LABELLED
                for one in task.annotations.values()
            ]
        order = list(LabelState)
        return {scene: min(said, key=order.index) for scene, said in found.items()}

    def seconds(self) -> float:
        """Return what the annotations took that there are."""
        return sum(one.seconds for task in self.tasks.values() for one in task.annotations.values())

    def _new_id(self, kind: str, taken: Collection[int]) -> int:
        highest = max(taken, default=0) if self._reuses else self._last[kind]
        self._last[kind] = highest + 1
        return highest + 1

    def _annotate(
        self, event: str, task_id: int, name: int, action: tuple[str, int, int, bool]
    ) -> None:
        task = self.tasks[task_id]
        task.annotations[name] = one = Annotation(action[3], float(action[2]))
        annotation = {
            "id": name, "task": task_id, "updated_at": self._now.isoformat(), "result": [],
            "was_cancelled": one.cancelled, "lead_time": one.seconds,
        }  # fmt: skip
        self._send(event, annotation=annotation, task=self._shown(task_id, task))

    def _shown(self, name: int, task: Task) -> dict[str, Any]:
        is_labelled = task.imported or any(not one.cancelled for one in task.annotations.values())
        return {
            "id": name, "data": {"scene_id": task.scene}, "meta": {},
            "created_at": task.created_at.isoformat(), "is_labeled": is_labelled,
        }  # fmt: skip

    def _send(self, action: str, **more: object) -> None:
        body = {"action": action, "project": {"id": PROJECT}, **more}
        # Received before anything else happens: of deletions that is all the time there is.
        self.sent.append((json.dumps(body).encode(), self._now + STEP / 2))


def _chosen(names: list[int], which: int) -> int | None:
    return names[which % len(names)] if names else None


def _scene_of(task: SentTask) -> str | None:
    name = task.data.get("scene_id")
    return name if name in SCENES else None


def _hear(ledger: Ledger, body: bytes, received_at: datetime) -> list[LabelEvent]:
    notice = notices.read(body)
    assert notice is not None
    told = label_studio.translate(notice, "label_studio:main/25", received_at, ledger, _scene_of)
    ledger.write(told)
    return list(told.events)


_ACTIONS = st.tuples(
    st.sampled_from(
        ["make", "make", "annotate", "annotate", "update", "delete annotation", "delete task"]
    ),
    st.integers(0, 9), st.integers(0, 9), st.booleans(),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(_ACTIONS, max_size=14), st.data())
def test_any_order_and_repetition_ends_as_the_platform_is(
    actions: list[tuple[str, int, int, bool]], data: st.DataObject
) -> None:
    """States of scenes, and what was spent, are those of the platform's tasks in the end."""
    platform = Platform(reuses=data.draw(st.booleans()))
    for action in actions:
        platform.do(action)
    again = data.draw(st.lists(st.sampled_from(platform.sent), max_size=8)) if platform.sent else []
    ledger = Ledger()
    for body, received_at in data.draw(st.permutations([*platform.sent, *again])):
        _hear(ledger, body, received_at)
    assert ledger.states() == platform.states()
    assert ledger.seconds() == platform.seconds()


@settings(max_examples=100, deadline=None)
@given(st.lists(_ACTIONS, max_size=14))
def test_in_order_what_is_said_twice_is_said_once(
    actions: list[tuple[str, int, int, bool]],
) -> None:
    """A history that is heard twice from its beginning leaves the rows that it left before."""
    platform = Platform(reuses=True)
    for action in actions:
        platform.do(action)
    ledger = Ledger()
    for body, received_at in platform.sent:
        _hear(ledger, body, received_at)
    before = dict(ledger.rows)
    for body, received_at in platform.sent:
        _hear(ledger, body, received_at)
    live = {ref: row for ref, row in ledger.rows.items() if row.state is not LabelState.REMOVED}
    assert live == {ref: row for ref, row in before.items() if row.state is not LabelState.REMOVED}
