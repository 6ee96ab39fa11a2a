"""A day of a project in Label Studio 1.23.2, as its webhooks tell it and its model is called.

The members and their order are as a real server sent them; times are those of the moment of
sending, for deletions count from when they are received.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

PROJECT: Final = 25
UID: Final = "25.1796027065"
"""What Label Studio calls the project when it calls a model: its id, and when it was made."""

_CONFIG: Final = '<View><Image name="i" value="$image"/><Choices name="c" toName="i"/></View>'


def moment() -> str:
    """Return this moment as Label Studio writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def task(number: int, scene_id: str, created_at: str | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 JSON
    """Return a task as webhooks have it."""
    made = created_at or moment()
    return {
        "id": number, "data": {"scene_id": scene_id, "seedal_rank": 1},
        "meta": {"seedal": {"seed_id": "01a2"}}, "created_at": made, "updated_at": made,
        "is_labeled": False, "allow_skip": True, "overlap": 1, "inner_id": number,
        "total_annotations": 0, "cancelled_annotations": 0, "project": PROJECT, "updated_by": None,
        "file_upload": None, "comment_authors": [], **more,
    }  # fmt: skip


def annotation(number: int, of: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 JSON
    """Return an annotation as webhooks have it."""
    made = moment()
    return {
        "id": number, "result": [{"from_name": "c", "to_name": "i", "type": "choices"}],
        "was_cancelled": False, "ground_truth": False, "created_at": made, "updated_at": made,
        "lead_time": 12.5, "task": of["id"], "project": PROJECT, "completed_by": 1, **more,
    }  # fmt: skip


def told(action: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 JSON
    """Return a webhook."""
    project = {"id": PROJECT, "title": "hooks", "label_config": _CONFIG, "task_number": 4}
    return {"action": action, **more, "project": project}


def morning(scenes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield webhooks; each is to be received before the next one is made.

    In the end the first scene is labelled, the second skipped, the third queued, the fifth
    labelled by an import, and nothing is left of the fourth.
    """
    tasks = [task(2265 + place, name) for place, name in enumerate(scenes[:4])]
    yield told("TASKS_CREATED", tasks=tasks)
    yield told("ANNOTATION_CREATED", annotation=annotation(107, tasks[0]), task=tasks[0])
    longer = annotation(107, tasks[0], lead_time=20.0)
    yield told("ANNOTATION_UPDATED", annotation=longer, task=tasks[0])
    skipped = annotation(108, tasks[1], was_cancelled=True, lead_time=3.0)
    yield told("ANNOTATION_CREATED", annotation=skipped, task=tasks[1])
    yield told("ANNOTATION_CREATED", annotation=annotation(109, tasks[2]), task=tasks[2])
    yield told("ANNOTATIONS_DELETED", annotations=[{"id": 109}])
    yield told("TASKS_DELETED", tasks=[{"id": 2268}])
    yield told("TASKS_CREATED", tasks=[task(2268, scenes[4], is_labeled=True)])


def evening() -> Iterator[dict[str, Any]]:
    """Yield the webhooks after which nothing is left."""
    yield told("ANNOTATIONS_DELETED", annotations=[{"id": 107}])
    yield told("TASKS_DELETED", tasks=[{"id": number} for number in range(2265, 2269)])


def set_up(**extra: Any) -> dict[str, Any]:  # noqa: ANN401 JSON
    """Return what Label Studio sends to a model when it connects."""
    return {
        "project": UID, "schema": _CONFIG, "hostname": "http://localhost:8080",
        "access_token": "0" * 40, "extra_params": extra or None,
    }  # fmt: skip


def prediction(tasks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what Label Studio sends to a model when it wants scores."""
    params = {"login": None, "password": None, "context": None}
    return {"tasks": list(tasks), "project": UID, "label_config": _CONFIG, "params": params}
