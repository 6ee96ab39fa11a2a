"""What a push to Label Studio is to do; pure.

Which queue serves what was tried on a real server (docs/integrations/label-studio.md):

- A project that samples one after the other serves tasks in the order of their import, to any
  number of annotators. So a new project gets the seed in rank order.
- A project that has the whole pool already keeps its tasks. They get a score each, a prediction
  without a result, and the project samples by uncertainty: the lowest score first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from app.exports.label_studio import RANK, SCENE, SEED, label_studio_task
from app.exports.media import in_stores
from app.exports.seed import ExportableSeed, ExportScene
from app.operations.wire import Failure
from app.platforms.label_studio_projects import KIND, SEQUENTIAL, Project
from app.platforms.seam import (
    SHOWN,
    Change,
    Match,
    Matches,
    Plan,
    PlatformError,
    RemoteTask,
    match,
)

PREFIX: Final = "seedal-"
_SCALE: Final = 1_000_000


class Mode(StrEnum):
    """How a project is told the order."""

    AUTO = "auto"
    """By scores where the scenes have tasks that no push made, else by tasks."""
    TASKS = "tasks"
    """The scenes become tasks, in rank order."""
    SCORES = "scores"
    """The tasks that are there get scores."""


def plan_push(
    project: Project,
    seed: ExportableSeed,
    remote: Sequence[RemoteTask],
    *,
    mode: Mode,
    by: Match,
) -> Plan:
    """Say what is to be done.

    Parameters
    ----------
    project
        Where.
    seed
        With all of its pool that is known: a file that another scene has, too, tells neither.
    remote
        The project's tasks, in the order of their ids.
    mode
        How the project is told the order.
    by
        How tasks that no push made are matched with scenes.
    """
    matches = match(
        remote, seed.scenes, dataset_id=seed.summary["dataset_id"], by=by, platform=KIND
    )
    chosen, _ = seed.split()
    task_of = {
        scene.scene_id: matches.task_of[scene.scene_id]
        for scene in chosen
        if scene.scene_id in matches.task_of
    }
    if mode is Mode.AUTO:
        strangers = any(task.seed_id is None for task in task_of.values())
        mode = Mode.SCORES if strangers else Mode.TASKS
    if mode is Mode.SCORES:
        plan = _by_scores(project, seed, chosen, task_of)
    else:
        plan = _by_tasks(project, seed, remote, task_of)
    return _with_warnings(plan, seed, matches)


def _by_tasks(
    project: Project,
    seed: ExportableSeed,
    remote: Sequence[RemoteTask],
    task_of: Mapping[str, RemoteTask],
) -> Plan:
    create, update, failed, unchanged = [], [], [], 0
    chosen, _ = seed.split()
    for rank, scene in enumerate(chosen, start=1):
        try:
            data = task_data(project, seed, scene, rank)
        except PlatformError as error:
            failed.append(Failure(scene_id=scene.scene_id, reason=error.detail))
            continue
        task = task_of.get(scene.scene_id)
        if task is None:
            create.append(scene)
        elif (changed := {**task.data, **data}) != task.data:
            update.append(Change(task, changed))
        else:
            unchanged += 1
    ours = {task.id for task in task_of.values()}
    left = [
        task
        for task in remote
        if task.id not in ours and task.dataset_id == seed.summary["dataset_id"]
    ]
    update += [
        Change(task, {**task.data, SEED: None, RANK: None})
        for task in left
        if task.data.get(SEED) is not None
    ]
    served = [str(t.data.get(SCENE, t.id)) for t in remote if not t.is_labelled]
    served += [scene.scene_id for scene in create]
    sequential = project.sampling == SEQUENTIAL
    return Plan(
        create=tuple(create),
        update=tuple(update),
        unchanged=unchanged,
        failed=tuple(failed),
        warnings=tuple(_about_order(project, seed.chosen, served, left)),
        tasks={name: task.id for name, task in task_of.items()},
        first=tuple(served[:SHOWN]) if sequential else (),
    )


def _about_order(
    project: Project, chosen: Sequence[str], served: Sequence[str], left: Sequence[RemoteTask]
) -> Iterator[str]:
    """Yield what a user should know of the order in which tasks are served."""
    if waiting := sum(not task.is_labelled for task in left):
        yield (
            f"{waiting} tasks of earlier seeds are not in this one and not labelled: they keep "
            "their place in the queue."
        )
    queue = set(served)
    ranked = [name for name in chosen if name in queue]
    if project.sampling != SEQUENTIAL:
        yield (
            f"The project serves tasks by {project.sampling!r}, not in rank order: set "
            f"{SEQUENTIAL!r} in its settings."
        )
    elif list(served[: len(ranked)]) != ranked:
        yield (
            "Tasks that were there before are served in their own order, before the new ones; "
            "where the project has one member, mode scores serves this seed in rank order."
        )


def _by_scores(
    project: Project,
    seed: ExportableSeed,
    chosen: Sequence[ExportScene],
    task_of: Mapping[str, RemoteTask],
) -> Plan:
    wanted = version(seed)
    failed, scores, served = [], {}, []
    for rank, scene in enumerate(chosen, start=1):
        task = task_of.get(scene.scene_id)
        if task is None:
            reason = "The project has no task for it."
            failed.append(Failure(scene_id=scene.scene_id, reason=reason))
            continue
        if wanted not in task.scored_by:
            scores[task.id] = rank / _SCALE
        if not task.is_labelled:
            served.append(scene.scene_id)
    warnings = []
    if project.members > 1:
        warnings.append(
            f"{project.members} users belong to the organisation: where two or more are "
            "members of the project, Label Studio serves scored tasks at random."
        )
    if project.model_version not in {"", wanted}:
        warnings.append(
            f"The project's model version {project.model_version!r} gives way to {wanted!r}."
        )
    return Plan(
        scores=scores,
        unchanged=len(chosen) - len(failed) - len(scores),
        failed=tuple(failed),
        warnings=tuple(warnings),
        tasks={name: task.id for name, task in task_of.items()},
        first=tuple(served[:SHOWN]) if project.members <= 1 else (),
        by_scores=True,
    )


def task_data(
    project: Project, seed: ExportableSeed, scene: ExportScene, rank: int
) -> dict[str, Any]:
    """Return the content of a scene's task, with every key that the project shows.

    Raises
    ------
    PlatformError
        The scene has nothing for one.
    """
    data: dict[str, Any] = label_studio_task(seed, scene, rank)["data"]
    for key, shown in project.keys().items():
        if key in data:
            continue
        if shown == "Image value" and scene.images:
            data[key] = scene.images[0].uri
        elif shown == "Image valueList" and scene.images:
            data[key] = [image.uri for image in scene.images]
        elif key in scene.meta:
            data[key] = scene.meta[key]
        else:
            tag = shown.partition(" ")[0]
            rule = f"The project's {tag} shows ${key}, which neither the scene nor its meta has."
            raise PlatformError(rule)
    return data


def version(seed: ExportableSeed) -> str:
    """Return what the scores of a seed are called."""
    return f"{PREFIX}{seed.summary['id']}"


def _with_warnings(plan: Plan, seed: ExportableSeed, matches: Matches) -> Plan:
    """Return a plan with what else its user should know."""
    warnings = list(plan.warnings)
    if matches.twice:
        warnings.append(
            f"{len(matches.twice)} scenes have more than one task, {matches.twice[0]!r} for one; "
            "the oldest is taken."
        )
    if matches.unclear:
        warnings.append(
            f"{len(matches.unclear)} scenes share a file's name with another, "
            f"{matches.unclear[0]!r} for one, and are matched with no task by it."
        )
    if stored := in_stores(seed):
        warnings.append(
            f"Files of {len(stored)} scenes lie in an object store, those of {stored[0]!r} for "
            "one: the project needs that store as its source storage to show them."
        )
    return replace(plan, warnings=tuple(warnings))
