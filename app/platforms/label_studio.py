"""Label Studio: a seed becomes the tasks of a project, or the order of those that are there.

What is to be done is planned in `app.platforms.label_studio_plans`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Self

from app.exports.label_studio import COST, RANK, SCENE, SEED, label_studio_task
from app.exports.seed import ExportableSeed, ExportScene
from app.labels.wire import LabelEvent, LabelState
from app.operations.wire import PushReport
from app.platforms.client import PlatformClient
from app.platforms.label_studio_plans import PREFIX, Mode, plan_push, task_data, version
from app.platforms.label_studio_projects import KIND, PAGE, UNCERTAINTY, find_project, make_project
from app.platforms.seam import Heard, Match, Plan, RemoteTask, batches, match

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
_FIELDS: Final = "id,data,meta,is_labeled,created_at,total_annotations,cancelled_annotations"

_CONFIGURATION: Final = """<View>
  <Header value="$scene_id"/>
  <Image name="image" valueList="$images"/>
  <RectangleLabels name="label" toName="image"><Label value="object"/></RectangleLabels>
</View>"""
"""Of a project that is made without one: enough to see the scenes; its owner writes another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSetup:
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
        setup: ProjectSetup = ProjectSetup(),
    ) -> None:
        self._setup = setup
        self._client = client
        self._browser_url = (browser_url or client.url).rstrip("/")
        self._name = name
        self._mode = mode
        self._by = by
        try:
            self._project = find_project(client, project, setup.label_config)
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
                "page_size": PAGE,
                "include": _FIELDS,
            }
            answer = self._client.ask("GET", "/api/tasks/", params=params)
            yield from answer["tasks"]
            if page * PAGE >= answer["total"]:
                return
            page += 1

    def plan(self, seed: ExportableSeed, remote: Sequence[RemoteTask]) -> Plan:
        """Say what is to be done; asks nobody."""
        return plan_push(self._project, seed, remote, mode=self._mode, by=self._by)

    def _scored(self) -> dict[int, frozenset[str]]:
        """Return which seeds have given which task its score: seeds' versions by task."""
        counts = self._client.ask("GET", f"/api/projects/{self._project.id}/model-versions/")
        if not any(name.startswith(PREFIX) for name in counts or {}):
            return {}
        params = {"task__project": self._project.id, "project": self._project.id}
        found: dict[int, set[str]] = defaultdict(set)
        for row in self._client.ask("GET", "/api/predictions/", params=params):
            found[row["task"]].add(str(row["model_version"]))
        return {task: frozenset(versions) for task, versions in found.items()}

    def apply(self, seed: ExportableSeed, plan: Plan) -> PushReport:
        """Do what is planned: tasks, scores, the project's order, and a tab for the data lead."""
        project = self._project
        if project.id is None:
            project = self._project = make_project(self._client, project)
        tasks = dict(plan.tasks)
        ranks = {name: rank for rank, name in enumerate(seed.chosen, start=1)}
        for some in batches(plan.create, PAGE):
            body = [
                {
                    **label_studio_task(seed, scene, ranks[scene.scene_id]),
                    "data": task_data(project, seed, scene, ranks[scene.scene_id]),
                }
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
            self._score(version(seed), plan)
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

    def _score(self, name: str, plan: Plan) -> None:
        path = f"/api/projects/{self._project.id}"
        for some in batches(list(plan.scores.items()), PAGE):
            rows: list[dict[str, Any]] = [
                {"task": task, "result": [], "score": score, "model_version": name}
                for task, score in some
            ]
            self._client.ask("POST", f"{path}/import/predictions", body=rows)
        wanted = {"model_version": name, "sampling": UNCERTAINTY}
        is_so = (self._project.model_version, self._project.sampling) == (name, UNCERTAINTY)
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
            item = _filter("predictions_model_versions", "contains", "List", [version(seed)])
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


def task_ref(task: int | str) -> str:
    """Return what the ledger of labels calls a task."""
    return f"task:{task}"


def annotation_ref(task: int | str, annotation: int) -> str:
    """Return what the ledger of labels calls an annotation of a task."""
    return f"{task_ref(task)}/annotation:{annotation}"


def task_event(source: str, scene_id: str, task: RemoteTask) -> LabelEvent:
    """Return what a task says of its scene: it is queued."""
    return LabelEvent(
        scene_id=scene_id,
        state=LabelState.QUEUED,
        source=source,
        ref=task_ref(task.id),
        at=task.created_at,
    )


def annotation_event(source: str, scene_id: str, row: Mapping[str, Any]) -> LabelEvent:
    """Return what an annotation says of its scene; one that was cancelled says: skipped."""
    took = row.get("lead_time")
    return LabelEvent(
        scene_id=scene_id,
        state=LabelState.SKIPPED if row.get("was_cancelled") else LabelState.LABELLED,
        source=source,
        ref=annotation_ref(row["task"], row["id"]),
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


def _filter(column: str, operator: str, kind: str, value: object) -> dict[str, Any]:
    return {
        "filter": f"filter:tasks:{column}",
        "operator": operator,
        "type": kind,
        "value": value,
    }
