"""Label Studio: a seed becomes the tasks of a project, or the order of those that are there.

Which queue serves what was tried on a real server (docs/integrations/label-studio.md):

- A project that samples one after the other serves tasks in the order of their import, to any
  number of annotators. So a new project gets the seed in rank order.
- A project that has the whole pool already keeps its tasks. They get a score each, a prediction
  without a result, and the project samples by uncertainty: the lowest score first.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Self

from app.exports.label_studio import COST, RANK, SCENE, SEED, label_studio_task
from app.exports.media import in_stores
from app.exports.seed import ExportableSeed, ExportScene
from app.labels.wire import LabelEvent, LabelState
from app.operations.wire import Failure, PushReport
from app.platforms.client import PlatformClient
from app.platforms.seam import (
    SHOWN,
    Change,
    Heard,
    Match,
    Matches,
    Plan,
    PlatformError,
    RemoteTask,
    batches,
    match,
)

KIND: Final = "label_studio"
NAME: Final = "Label Studio"
SEQUENTIAL: Final = "Sequential sampling"
UNCERTAINTY: Final = "Uncertainty sampling"

ACTIONS: Final = (
    *("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED"),
    *("TASKS_CREATED", "TASKS_DELETED"),
)
"""What a webhook tells of."""

_COLUMNS: Final = frozenset(
    f"tasks:{name}"
    for name in (
        *("data.image", f"data.{SCENE}", f"data.{RANK}", f"data.{COST}", "data.group"),
        *("total_annotations", "cancelled_annotations"),
    )
)
"""What a seed's tab shows."""

_STORAGES: Final = "/api/storages/localfiles"
_PAGE: Final = 1000
_FIELDS: Final = "id,data,meta,is_labeled,created_at,total_annotations,cancelled_annotations"
_SCALE: Final = 1_000_000
_PREFIX: Final = "seedal-"
_TAG: Final = re.compile(r"<(\w+)\b([^<>]*)>")
_SHOWN_BY: Final = re.compile(r"\b(value|valueList)\s*=\s*[\"']\$(\w+)")
_CONFIGURATION: Final = """<View>
  <Header value="$scene_id"/>
  <Image name="image" valueList="$images"/>
  <RectangleLabels name="label" toName="image"><Label value="object"/></RectangleLabels>
</View>"""
"""Of a project that is made without one: enough to see the scenes; its owner writes another."""


class Mode(StrEnum):
    """How a project is told the order."""

    AUTO = "auto"
    """By scores where the scenes have tasks that no push made, else by tasks."""
    TASKS = "tasks"
    """The scenes become tasks, in rank order."""
    SCORES = "scores"
    """The tasks that are there get scores."""


Exchange = Callable[[str], str]
"""Sends a personal token and returns one that works five minutes."""


@dataclass(slots=True)
class Authorization:
    """The headers of a token.

    A personal access token (a JWT, with two dots) is exchanged for one that works five minutes; a
    legacy token (40 hexadecimal digits) is sent as it is.

    Parameters
    ----------
    token
        As Label Studio shows it.
    exchange
        Sends a personal token and returns the answer.
    """

    token: str
    exchange: Exchange
    _access: str | None = None

    def __call__(self, renew: bool) -> Mapping[str, str]:  # noqa: FBT001 `PlatformClient` calls it
        """Return the headers; new ones where the last were refused."""
        if self.token.count(".") != 2:  # noqa: PLR2004 a JWT has three parts
            return {"Authorization": f"Token {self.token}"}
        if self._access is None or renew:
            self._access = self.exchange(self.token)
        return {"Authorization": f"Bearer {self._access}"}


def connect(url: str, token: str, **how: Any) -> PlatformClient:  # noqa: ANN401 `PlatformClient`'s
    """Return a client of a Label Studio server.

    Parameters
    ----------
    url
        Where it is.
    token
        A personal access token or a legacy token.
    how
        As :class:`app.platforms.client.PlatformClient` has it.
    """

    def exchange(personal: str) -> str:
        with PlatformClient(NAME, url, lambda _: {}, **how) as plain:
            answer = plain.ask("POST", "/api/token/refresh/", body={"refresh": personal})
        return str(answer["access"])

    return PlatformClient(NAME, url, Authorization(token.strip(), exchange), **how)


@dataclass(frozen=True, slots=True)
class Project:
    """A project as its server describes it.

    Parameters
    ----------
    id
        None as long as it is not made.
    title, label_config, sampling, model_version
        Label Studio's own.
    members
        Users of its organisation.
    """

    id: int | None
    title: str
    label_config: str
    sampling: str = SEQUENTIAL
    model_version: str = ""
    members: int = 1

    def keys(self) -> Mapping[str, str]:
        """Return what tasks must have for this configuration: key to the tag that shows it."""
        found: dict[str, str] = {}
        for tag, attributes in _TAG.findall(self.label_config):
            for attribute, key in _SHOWN_BY.findall(attributes):
                found.setdefault(key, f"{tag} {attribute}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a project is to have beside its tasks.

    Parameters
    ----------
    label_config
        Labelling configuration (XML) of a project that is made.
    webhook
        URL that the project is to tell of labels.
    webhook_secret
        What it sends along, as a bearer's token.
    local_files
        Folders of the server's host that the project is to show files of, below the root that it
        serves.
    """

    label_config: str = _CONFIGURATION
    webhook: str | None = None
    webhook_secret: str | None = None
    local_files: Sequence[str] = ()


class LabelStudio:
    """A project of Label Studio, see `app.platforms.seam.Platform`.

    Parameters
    ----------
    client
        Its server.
    project
        Its number, or ``new:TITLE``: the project of that title, made where there is none.
    name
        What the ledger calls the server.
    mode
        How the project is told the order.
    by
        How tasks that no push made are matched with scenes.
    browser_url
        What browsers call the server, where that is another name than ours for it.
    setup
        What the project is to have beside its tasks.

    Raises
    ------
    PlatformError
        There is no such project, or there are several of that title.
    """

    item: ClassVar[str] = "task"

    def __init__(
        self,
        client: PlatformClient,
        project: str,
        *,
        name: str = "main",
        mode: Mode = Mode.AUTO,
        by: Match = Match.SCENE_ID,
        browser_url: str | None = None,
        setup: Setup = Setup(),
    ) -> None:
        self._setup = setup
        self._client = client
        self._browser_url = (browser_url or client.url).rstrip("/")
        self._name = name
        self._mode = mode
        self._by = by
        try:
            self._project = _find(client, project, setup.label_config)
        except BaseException:
            client.close()
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections to the server."""
        self._client.close()

    @property
    def source(self) -> str:
        """What the ledger calls the project."""
        return f"{KIND}:{self._name}/{self._project.id}"

    def remote(self) -> list[RemoteTask]:
        """List the project's tasks, in the order of their ids."""
        if self._project.id is None:
            return []
        scored = self._scored()
        found = [_task(row, scored.get(row["id"], frozenset())) for row in self._rows()]
        return sorted(found, key=lambda task: int(task.id))

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        page = 1
        while True:
            params = {
                "project": self._project.id,
                "page": page,
                "page_size": _PAGE,
                "include": _FIELDS,
            }
            answer = self._client.ask("GET", "/api/tasks/", params=params)
            yield from answer["tasks"]
            if page * _PAGE >= answer["total"]:
                return
            page += 1

    def plan(self, seed: ExportableSeed, remote: Sequence[RemoteTask]) -> Plan:
        """Say what is to be done; asks nobody."""
        chosen, _ = seed.split()
        matches = match(
            remote, chosen, dataset_id=seed.summary["dataset_id"], by=self._by, platform=KIND
        )
        mode = self._mode
        if mode is Mode.AUTO:
            strangers = any(task.seed_id is None for task in matches.task_of.values())
            mode = Mode.SCORES if strangers else Mode.TASKS
        plan = self._by_scores if mode is Mode.SCORES else self._by_tasks
        return _with_warnings(plan(seed, chosen, remote, matches), seed, matches)

    def _by_tasks(
        self,
        seed: ExportableSeed,
        chosen: Sequence[ExportScene],
        remote: Sequence[RemoteTask],
        matches: Matches,
    ) -> Plan:
        create, update, failed, unchanged = [], [], [], 0
        for scene in chosen:
            try:
                data = self._data(seed, scene)
            except PlatformError as error:
                failed.append(Failure(scene_id=scene.scene_id, reason=error.detail))
                continue
            task = matches.task_of.get(scene.scene_id)
            if task is None:
                create.append(scene)
            elif (changed := {**task.data, **data}) != task.data:
                update.append(Change(task, changed))
            else:
                unchanged += 1
        left = [
            task
            for task in remote
            if task.id not in matches.scene_of and task.dataset_id == seed.summary["dataset_id"]
        ]
        update += [
            Change(task, {**task.data, SEED: None, RANK: None})
            for task in left
            if task.data.get(SEED) is not None
        ]
        served = [str(t.data.get(SCENE, t.id)) for t in remote if not t.is_labelled]
        served += [scene.scene_id for scene in create]
        sequential = self._project.sampling == SEQUENTIAL
        return Plan(
            create=tuple(create),
            update=tuple(update),
            unchanged=unchanged,
            failed=tuple(failed),
            warnings=tuple(self._about_order(chosen, served, left)),
            tasks={name: task.id for name, task in matches.task_of.items()},
            first=tuple(served[:SHOWN]) if sequential else (),
        )

    def _about_order(
        self, chosen: Sequence[ExportScene], served: Sequence[str], left: Sequence[RemoteTask]
    ) -> Iterator[str]:
        """Yield what a user should know of the order in which tasks are served."""
        if waiting := sum(not task.is_labelled for task in left):
            yield (
                f"{waiting} tasks of earlier seeds are not in this one and not labelled: they keep "
                "their place in the queue."
            )
        ranked = [scene.scene_id for scene in chosen if scene.scene_id in set(served)]
        if self._project.sampling != SEQUENTIAL:
            yield (
                f"The project serves tasks by {self._project.sampling!r}, not in rank order: set "
                f"{SEQUENTIAL!r} in its settings."
            )
        elif list(served[: len(ranked)]) != ranked:
            yield (
                "Tasks that were there before are served in their own order, before the new ones; "
                "where the project has one member, mode scores serves this seed in rank order."
            )

    def _by_scores(
        self,
        seed: ExportableSeed,
        chosen: Sequence[ExportScene],
        remote: Sequence[RemoteTask],
        matches: Matches,
    ) -> Plan:
        del remote
        version = _version(seed)
        failed, scores, served = [], {}, []
        for place, scene in enumerate(chosen):
            task = matches.task_of.get(scene.scene_id)
            if task is None:
                reason = "The project has no task for it."
                failed.append(Failure(scene_id=scene.scene_id, reason=reason))
                continue
            if version not in task.scored_by:
                scores[task.id] = (place + 1) / _SCALE
            if not task.is_labelled:
                served.append(scene.scene_id)
        warnings = []
        if self._project.members > 1:
            warnings.append(
                f"{self._project.members} users belong to the organisation: where two or more are "
                "members of the project, Label Studio serves scored tasks at random."
            )
        if self._project.model_version not in {"", version}:
            warnings.append(
                f"The project's model version {self._project.model_version!r} gives way to "
                f"{version!r}."
            )
        alone = self._project.members <= 1
        return Plan(
            scores=scores,
            unchanged=len(chosen) - len(failed) - len(scores),
            failed=tuple(failed),
            warnings=tuple(warnings),
            tasks={name: task.id for name, task in matches.task_of.items()},
            first=tuple(served[:SHOWN]) if alone else (),
            by_scores=True,
        )

    def _scored(self) -> dict[int, frozenset[str]]:
        """Return which seeds have given which task its score: seeds' versions by task."""
        counts = self._client.ask("GET", f"/api/projects/{self._project.id}/model-versions/")
        if not any(version.startswith(_PREFIX) for version in counts or {}):
            return {}
        params = {"task__project": self._project.id, "project": self._project.id}
        found: dict[int, set[str]] = defaultdict(set)
        for row in self._client.ask("GET", "/api/predictions/", params=params):
            found[row["task"]].add(str(row["model_version"]))
        return {task: frozenset(versions) for task, versions in found.items()}

    def _data(self, seed: ExportableSeed, scene: ExportScene) -> dict[str, Any]:
        """Return the content of a scene's task, with every key that the project shows.

        Raises
        ------
        PlatformError
            The scene has nothing for one.
        """
        data: dict[str, Any] = label_studio_task(seed, scene)["data"]
        for key, shown in self._project.keys().items():
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
                rule = (
                    f"The project's {tag} shows ${key}, which neither the scene nor its meta has."
                )
                raise PlatformError(rule)
        return data

    def apply(self, seed: ExportableSeed, plan: Plan) -> PushReport:
        """Do what is planned: tasks, scores, the project's order, and a tab for the data lead."""
        project = self._project
        if project.id is None:
            project = self._project = _make(self._client, project)
        tasks = dict(plan.tasks)
        for some in batches(plan.create, _PAGE):
            body = [
                {**label_studio_task(seed, scene), "data": self._data(seed, scene)}
                for scene in some
            ]
            path = f"/api/projects/{project.id}/import"
            answer = self._client.ask("POST", path, params={"return_task_ids": "true"}, body=body)
            made = answer.get("task_ids", ())
            tasks |= {scene.scene_id: task for scene, task in zip(some, made, strict=True)}
        for change in plan.update:
            path = f"/api/tasks/{change.task.id}/"
            self._client.ask("PATCH", path, body={"data": change.data})
        if plan.by_scores:
            self._score(_version(seed), plan)
        if self._setup.webhook is not None:
            self._listen(self._setup.webhook)
        self._show_files(self._setup.local_files)
        view = self._view(seed, plan)
        report = self.report(plan)
        return report.model_copy(
            update={
                "project": str(project.id),
                "view_url": f"{self._browser_url}/projects/{project.id}/data?tab={view}",
                "tasks": {name: str(task) for name, task in tasks.items()},
            }
        )

    def _score(self, version: str, plan: Plan) -> None:
        path = f"/api/projects/{self._project.id}"
        for some in batches(list(plan.scores.items()), _PAGE):
            rows: list[dict[str, Any]] = [
                {"task": task, "result": [], "score": score, "model_version": version}
                for task, score in some
            ]
            self._client.ask("POST", f"{path}/import/predictions", body=rows)
        wanted = {"model_version": version, "sampling": UNCERTAINTY}
        is_so = (self._project.model_version, self._project.sampling) == (version, UNCERTAINTY)
        if not is_so and len(plan.tasks) > 0:
            self._client.ask("PATCH", f"{path}/", body=wanted)

    def _listen(self, url: str) -> None:
        """Have the project tell a URL of labels, where it does not yet."""
        hooks = self._client.ask("GET", "/api/webhooks/", params={"project": self._project.id})
        if any(hook.get("url") == url and hook.get("is_active", True) for hook in hooks):
            return
        secret = self._setup.webhook_secret
        body = {
            "project": self._project.id,
            "url": url,
            "headers": {} if secret is None else {"Authorization": f"Bearer {secret}"},
            "send_payload": True,
            "send_for_all_actions": False,
            "actions": ACTIONS,
        }
        self._client.ask("POST", "/api/webhooks/", body=body)

    def _show_files(self, folders: Sequence[str]) -> None:
        """Let the project show files of these folders, where it does not yet."""
        if not folders:
            return
        params = {"project": self._project.id}
        known = {row["path"] for row in self._client.ask("GET", _STORAGES, params=params)}
        for folder in folders:
            if folder.rstrip("/") not in known:
                body = {
                    "project": self._project.id,
                    "title": "seedal",
                    "path": folder.rstrip("/"),
                    "use_blob_urls": True,
                }
                self._client.ask("POST", _STORAGES, body=body)

    def _view(self, seed: ExportableSeed, plan: Plan) -> int:
        """Return the tab that shows the seed in rank order, made where it is not there."""
        if plan.by_scores:
            item = _filter("predictions_model_versions", "contains", "List", [_version(seed)])
            order = "tasks:predictions_score"
        else:
            item = _filter(f"data.{SEED}", "equal", "String", seed.summary["id"])
            order = f"tasks:data.{RANK}"
        params = {"project": self._project.id}
        for view in self._client.ask("GET", "/api/dm/views/", params=params):
            filters = view.get("data", {}).get("filters") or {}
            if [known.get("value") for known in filters.get("items", ())] == [item["value"]]:
                return int(view["id"])
        # The end of an id: those of seeds of one minute begin alike.
        title = f"Seed {seed.summary['id'][-6:]}"
        data = {
            "title": title,
            "filters": {"conjunction": "and", "items": [item]},
            "ordering": [order],
            "columnsDisplayType": {"tasks:data.image": "Image"},
            "hiddenColumns": {"explore": self._other_columns(), "labeling": []},
        }
        body = {"project": self._project.id, "data": data}
        return int(self._client.ask("POST", "/api/dm/views/", body=body)["id"])

    def _other_columns(self) -> list[str]:
        """Return the columns that say nothing about a seed."""
        params = {"project": self._project.id}
        columns = self._client.ask("GET", "/api/dm/columns/", params=params)["columns"]
        names = [
            f"{one['target']}:{'.'.join(filter(None, (one.get('parent'), one['id'])))}"
            for one in columns
        ]
        return [name for name in names if name not in _COLUMNS]

    def report(self, plan: Plan) -> PushReport:
        """Say what a plan would do."""
        return PushReport(
            platform=KIND,
            project=str(self._project.id or f"new:{self._project.title}"),
            mode=Mode.SCORES if plan.by_scores else Mode.TASKS,
            created=len(plan.create),
            updated=len(plan.update) + len(plan.scores),
            unchanged=plan.unchanged,
            failed=plan.failed,
            first=plan.first,
            warnings=plan.warnings,
            tasks={name: str(task) for name, task in plan.tasks.items()},
        )

    def heard(self, scenes: Sequence[ExportScene] | None, dataset_id: str | None) -> Heard:
        """Ask for the state of every task, and of every annotation."""
        tasks = self.remote()
        matches = match(tasks, scenes, dataset_id=dataset_id, by=self._by, platform=KIND)
        events = []
        for task in tasks:
            name = matches.scene_of.get(task.id)
            if name is None:
                continue
            events.append(task_event(self.source, name, task))
            if task.has_annotations:
                # The list of a task's annotations leaves out those that skip it.
                rows = self._client.ask("GET", f"/api/tasks/{task.id}/")["annotations"]
                events += [annotation_event(self.source, name, row) for row in rows]
        return Heard(self.source, tuple(events), len(tasks) - len(matches.scene_of))


def task_event(source: str, scene_id: str, task: RemoteTask) -> LabelEvent:
    """Return what a task says of its scene: it is queued."""
    return LabelEvent(
        scene_id=scene_id,
        state=LabelState.QUEUED,
        source=source,
        ref=f"task:{task.id}",
        at=task.created_at,
    )


def annotation_event(source: str, scene_id: str, row: Mapping[str, Any]) -> LabelEvent:
    """Return what an annotation says of its scene; one that was cancelled says: skipped."""
    took = row.get("lead_time")
    return LabelEvent(
        scene_id=scene_id,
        state=LabelState.SKIPPED if row.get("was_cancelled") else LabelState.LABELLED,
        source=source,
        ref=f"task:{row['task']}/annotation:{row['id']}",
        at=datetime.fromisoformat(row["updated_at"]),
        spent={"seconds": float(took)} if isinstance(took, int | float) and took >= 0 else {},
    )


def _task(row: Mapping[str, Any], scored_by: frozenset[str]) -> RemoteTask:
    data, origin = row.get("data") or {}, ((row.get("meta") or {}).get("seedal") or {})
    looked_at = (row.get("total_annotations") or 0) + (row.get("cancelled_annotations") or 0)
    return RemoteTask(
        id=int(row["id"]),
        data=data,
        seed_id=data.get(SEED) or origin.get("seed_id"),
        dataset_id=origin.get("dataset_id"),
        is_labelled=bool(row.get("is_labeled")),
        created_at=datetime.fromisoformat(row["created_at"]),
        has_annotations=looked_at > 0,
        scored_by=scored_by,
    )


def _find(client: PlatformClient, project: str, label_config: str) -> Project:
    kind, _, title = project.partition(":")
    if kind == "new":
        return _titled(client, title.strip(), label_config)
    if not (project.isascii() and project.isdecimal()):
        rule = f"{project!r} is no project of {NAME}: give its number, or new:TITLE."
        raise PlatformError(rule)
    return _described(client, client.ask("GET", f"/api/projects/{project}/"))


def _titled(client: PlatformClient, title: str, label_config: str) -> Project:
    """Return the project of a title; one that is not made yet where there is none."""
    if len(title) < 3:  # noqa: PLR2004 Label Studio's rule
        rule = f"A title of {NAME} has at least 3 characters; {title!r} has fewer."
        raise PlatformError(rule)
    found, page = [], 1
    while True:
        params = {"page": page, "page_size": _PAGE, "include": "id,title"}
        answer = client.ask("GET", "/api/projects/", params=params)
        found += [row["id"] for row in answer["results"] if row["title"] == title]
        if not answer.get("next"):
            break
        page += 1
    if len(found) > 1:
        rule = f"{len(found)} projects are called {title!r}: give the number of one."
        raise PlatformError(rule)
    if found:
        return _described(client, client.ask("GET", f"/api/projects/{found[0]}/"))
    return Project(None, title, label_config)


def _make(client: PlatformClient, project: Project) -> Project:
    body = {
        "title": project.title,
        "label_config": project.label_config,
        "sampling": SEQUENTIAL,
    }
    return replace(project, id=int(client.ask("POST", "/api/projects/", body=body)["id"]))


def _described(client: PlatformClient, row: Mapping[str, Any]) -> Project:
    members = 1
    path = f"/api/organizations/{row.get('organization')}/memberships"
    try:
        members = int(client.ask("GET", path)["count"])
    except (PlatformError, KeyError):  # a token that may not see it
        members = 1
    return Project(
        id=int(row["id"]),
        title=str(row["title"]),
        label_config=str(row.get("label_config") or ""),
        sampling=str(row.get("sampling") or ""),
        model_version=str(row.get("model_version") or ""),
        members=members,
    )


def _version(seed: ExportableSeed) -> str:
    return f"{_PREFIX}{seed.summary['id']}"


def _filter(column: str, operator: str, kind: str, value: object) -> dict[str, Any]:
    return {
        "filter": f"filter:tasks:{column}",
        "operator": operator,
        "type": kind,
        "value": value,
    }


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
