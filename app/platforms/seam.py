"""What every platform has in common: what is there, what is to be done, and what came of it.

A push lists what is there, plans, and applies. Planning is pure: it can be shown without being
done, and tested without a server. So pushing twice changes nothing, and an answer that was lost on
its way is no harm: what is there is listed and planned again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Protocol, Self, TypeVar

from app.errors import AppError
from app.exports.media import file_name
from app.exports.seed import ExportableSeed, ExportScene
from app.labels.wire import LabelEvent
from app.operations.wire import Failure, PushReport

SHOWN: Final = 10
"""Scenes that a report lists as the first that annotators get."""

_ATTEMPTS: Final = 3
_T = TypeVar("_T")


class PlatformError(AppError):
    """An annotation platform did not do what was asked of it."""

    slug = "platform"
    title = "The annotation platform did not do it"


class LostAnswerError(PlatformError):
    """A request that is not repeated blindly got no answer: it may have been carried out."""


class Match(StrEnum):
    """How a platform's task and a scene are known to be the same."""

    SCENE_ID = "scene_id"
    """The task says which scene it is, as tasks of a push do."""
    EXTERNAL_IDS = "external_ids"
    """The scene says which task it is: ``{"label_studio": "17"}``."""
    FILE_NAME = "file_name"
    """They show a file of the same name, which only one scene has."""


@dataclass(frozen=True, slots=True)
class RemoteTask:
    """A task as it is on the platform.

    Parameters
    ----------
    id
        What it is called there.
    data
        What it shows, and what an earlier push wrote.
    seed_id
        The seed of the push that wrote to it last.
    dataset_id
        The dataset of that push.
    is_labelled
        Whether somebody labelled it.
    created_at
        When it was made.
    has_annotations
        Whether anybody looked at it, the skipping included.
    scored_by
        What gave it a score.
    """

    id: int | str
    data: Mapping[str, Any]
    seed_id: str | None = None
    dataset_id: str | None = None
    is_labelled: bool = False
    created_at: datetime | None = None
    has_annotations: bool = False
    scored_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """A task whose content is to be another.

    Parameters
    ----------
    task
        As it is.
    data
        As it is to be: all of it.
    """

    task: RemoteTask
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a push is to do.

    Parameters
    ----------
    create
        Scenes that get a task, in the order of the queue.
    update
        Tasks whose content changes.
    unchanged
        Scenes whose task is as it should be.
    scores
        Where the queue is ordered by scores: those that are missing, by task.
    failed
        Scenes that cannot be sent, and why.
    warnings
        Sentences that a user should read.
    tasks
        What is known of the scenes' tasks: scene id to task id.
    first
        Scenes that annotators will be served first, in that order; empty where nobody knows.
    by_scores
        Whether scores tell the order.
    """

    create: tuple[ExportScene, ...] = ()
    update: tuple[Change, ...] = ()
    unchanged: int = 0
    scores: Mapping[int | str, float] = field(default_factory=dict)
    failed: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    tasks: Mapping[str, int | str] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    by_scores: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What a platform says of its tasks, all of it.

    Parameters
    ----------
    source
        What the ledger calls the project.
    events
        What is said now.
    ignored
        Tasks of which nobody knows which scene they are.
    """

    source: str
    events: tuple[LabelEvent, ...]
    ignored: int


class Platform(Protocol):
    """An annotation platform's project, as a push and a sync see it."""

    item: ClassVar[str]
    """What a task is called there; references of the ledger begin with it."""

    def __enter__(self) -> Self:
        """Return itself."""
        ...

    def __exit__(self, *_: object) -> None:
        """Close its connections."""
        ...

    @property
    def source(self) -> str:
        """What the ledger calls the project."""
        ...

    def remote(self) -> Sequence[RemoteTask]:
        """List the project's tasks."""
        ...

    def plan(self, seed: ExportableSeed, remote: Sequence[RemoteTask]) -> Plan:
        """Say what is to be done; asks nobody."""
        ...

    def apply(self, seed: ExportableSeed, plan: Plan) -> PushReport:
        """Do it.

        Raises
        ------
        LostAnswerError
            Something may have been done; what is there is to be listed again.
        PlatformError
            Something was not done.
        """
        ...

    def report(self, plan: Plan) -> PushReport:
        """Say what a plan would do."""
        ...

    def heard(self, scenes: Sequence[ExportScene] | None, dataset_id: str | None) -> Heard:
        """Ask for the state of every task; without scenes, of all that say which they are."""
        ...


def push(platform: Platform, seed: ExportableSeed, *, dry_run: bool = False) -> PushReport:
    """Bring a platform's project to where the seed is what annotators get next.

    Doing it again changes nothing.

    Raises
    ------
    PlatformError
        The platform did not do it; what it did is found there by the next push.
    """
    for _ in range(_ATTEMPTS - 1):
        plan = platform.plan(seed, platform.remote())
        if dry_run:
            return platform.report(plan).model_copy(update={"dry_run": True})
        with suppress(LostAnswerError):
            return platform.apply(seed, plan)
    return platform.apply(seed, platform.plan(seed, platform.remote()))


@dataclass(frozen=True, slots=True)
class Matches:
    """Which of a platform's tasks is which scene.

    Parameters
    ----------
    task_of
        Scene id to its task; the first where there are several.
    scene_of
        Task id to its scene.
    twice
        Scenes with more than one task.
    unclear
        Scenes whose task cannot be told: another has a file of the same name.
    """

    task_of: Mapping[str, RemoteTask]
    scene_of: Mapping[int | str, str]
    twice: tuple[str, ...]
    unclear: tuple[str, ...]


def match(
    tasks: Iterable[RemoteTask],
    scenes: Sequence[ExportScene] | None,
    *,
    dataset_id: str | None,
    by: Match = Match.SCENE_ID,
    platform: str = "",
) -> Matches:
    """Return which of a platform's tasks is which scene.

    A task that says which scene it is is believed, whatever else it is matched by, unless it says
    that it is another dataset's.

    Parameters
    ----------
    tasks
        All of the project.
    scenes
        Of the pool; None where they are not known, and every task is believed.
    dataset_id
        Tasks of a push of another dataset are none of these scenes; None where it is not known.
    by
        How tasks that do not say it are known.
    platform
        The key of scenes' external ids.
    """
    known = None if scenes is None else {scene.scene_id for scene in scenes}
    keys, unclear = _keys(scenes or (), by, platform)
    found: dict[str, list[RemoteTask]] = defaultdict(list)
    for task in tasks:
        if dataset_id is not None and task.dataset_id not in {None, dataset_id}:
            continue
        said = task.data.get("scene_id")
        if isinstance(said, str) and (known is None or said in known):
            found[said].append(task)
        else:
            names = _names(task, by)
            named = {keys[name] for name in names if name in keys}
            if len(named) == 1:
                found[named.pop()].append(task)
    return Matches(
        task_of={name: ones[0] for name, ones in found.items()},
        scene_of={task.id: name for name, ones in found.items() for task in ones},
        twice=tuple(name for name, ones in found.items() if len(ones) > 1),
        unclear=unclear,
    )


def _keys(
    scenes: Sequence[ExportScene], by: Match, platform: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what tells scenes apart, and the scenes that it does not tell apart."""
    if by is Match.SCENE_ID:
        return {}, ()
    pairs = [
        (key, scene.scene_id)
        for scene in scenes
        for key in (
            _external(scene, platform)
            if by is Match.EXTERNAL_IDS
            else scene.file_names or {file_name(image.uri) for image in scene.images}
        )
    ]
    often = Counter(key for key, _ in pairs)
    unclear = dict.fromkeys(name for key, name in pairs if often[key] > 1)
    return {key: name for key, name in pairs if often[key] == 1}, tuple(unclear)


def _external(scene: ExportScene, platform: str) -> set[str]:
    said = scene.external_ids.get(platform)
    return {str(said)} if isinstance(said, str | int) else set()


def _names(task: RemoteTask, by: Match) -> set[str]:
    if by is Match.EXTERNAL_IDS:
        return {str(task.id)}
    values = (
        v for value in task.data.values() for v in (value if isinstance(value, list) else [value])
    )
    return {file_name(value) for value in values if isinstance(value, str) and value}


def moment(said: object) -> datetime | None:
    """Return the time that a platform writes down; in UTC where it names no offset."""
    try:
        found = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)


def batches(items: Sequence[_T], size: int) -> Iterable[Sequence[_T]]:
    """Yield `items`, `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
