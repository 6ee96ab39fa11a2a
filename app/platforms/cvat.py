"""CVAT: a seed becomes a task of a project, one job a scene, in rank order.

CVAT has neither priorities nor a pool of jobs: annotators get jobs by their numbers, or those that
are assigned to them. So a later seed becomes another task, of the scenes that have no job yet, and
the report says whose jobs are still open before its own. A task is known by its subset
(``seed-`` and the beginning of the seed's id), its name, and the seed's id in its issue tracker.

CVAT does not know scenes, and a job has no place to write one down. Which scene a job shows is
taken from what was written down when the job was made, else from the names of its files, else, in
a task of this seed, from the order of its jobs. None of that is a guess: see
`app.platforms.cvat_files.Frames`.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Self
from urllib.parse import quote

from app.exports.seed import ExportableSeed, ExportScene
from app.labels.wire import LabelEvent, LabelState
from app.operations.wire import Failure, PushReport
from app.platforms.client import PlatformClient
from app.platforms.cvat_files import Frames, Storage, TaskFiles, shows_clouds, task_files
from app.platforms.cvat_tasks import CvatServer, is_of, subset, title, tracker
from app.platforms.seam import (
    SHOWN,
    Change,
    Heard,
    Plan,
    PlatformError,
    RemoteTask,
)

KIND: Final = "cvat"
NAME: Final = "CVAT"
MODE: Final = "jobs"

_ACCEPT: Final = "application/vnd.cvat+json"
_PAUSE_S: Final = 2.0
_LOOKS: Final = 300
_UNDER_WAY: Final = frozenset({"queued", "started"})
_FAILED: Final = "failed"
_TOLD: Final = 300


def connect(
    url: str,
    token: str,
    *,
    organization: str | None = None,
    **how: Any,  # noqa: ANN401 `PlatformClient`'s
) -> PlatformClient:
    """Return a client of a CVAT server.

    Parameters
    ----------
    url
        Where it is.
    token
        A personal access token.
    organization
        Short name of the organization that the project belongs to, if it does to one.
    how
        As :class:`app.platforms.client.PlatformClient` has it.
    """
    headers = {"Accept": _ACCEPT, "Authorization": f"Bearer {token.strip()}"}
    if organization is not None:
        headers["X-Organization"] = organization
    return PlatformClient(NAME, url, lambda _: headers, **how)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSetup:
    """What tasks are made of, and what the project is to have beside them.

    Parameters
    ----------
    storage
        Where files are that have a key.
    service_url
        Address of this service, for the link from a task to its seed.
    webhook, webhook_secret
        URL that the project is to tell of its jobs, and what it signs with.
    """

    storage: Storage = field(default_factory=Storage)
    service_url: str | None = None
    webhook: str | None = None
    webhook_secret: str | None = None


class Cvat:
    """A project of CVAT, see `app.platforms.seam.Platform`.

    Parameters
    ----------
    client
        Its server.
    project
        Its number.
    name
        What the ledger calls the server.
    setup
        What tasks are made of.
    browser_url
        What browsers call the server, where that is another name than ours for it.
    known
        What is written down of its jobs: reference (``job:12``) to scene id, as the ledger has it.
    sleep
        Waits for so many seconds.

    Raises
    ------
    PlatformError
        There is no such project.
    """

    item: ClassVar[str] = "job"

    def __init__(
        self,
        client: PlatformClient,
        project: str,
        *,
        name: str = "main",
        setup: TaskSetup | None = None,
        browser_url: str | None = None,
        known: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not (project.isascii() and project.isdecimal()):
            rule = f"{project!r} is no project of {NAME}: give its number."
            raise PlatformError(rule)
        self._client = client
        self._server = CvatServer(client)
        self._name = name
        self._setup = setup or TaskSetup()
        self._browser_url = (browser_url or client.url).rstrip("/")
        self._known = known or {}
        self._sleep = sleep
        try:
            row = self._server.one(f"/api/projects/{project}")
            self._project = int(row["id"])
        except (KeyError, PlatformError) as error:
            client.close()
            if isinstance(error, PlatformError):
                raise
            rule = f"{NAME} at {client.url} answers with something else than a project."
            raise PlatformError(rule) from error
        self._dimension = row.get("dimension")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections to the server."""
        self._client.close()

    @property
    def source(self) -> str:
        """What the ledger calls the project."""
        return f"{KIND}:{self._name}/{self._project}"

    def remote(self) -> list[RemoteTask]:
        """List the jobs of all seeds' tasks, in their order, and those tasks that have no data."""
        return self._server.tasks(self._project)

    def plan(self, seed: ExportableSeed, remote: Sequence[RemoteTask]) -> Plan:
        """Say which scenes get a job, and which task is to have them."""
        chosen, _ = seed.split()
        dataset = seed.summary["dataset_id"]
        ours = [task for task in remote if dataset is None or task.dataset_id in {None, dataset}]
        jobs = [task for task in ours if "files" in task.data]
        scene_of = self._scenes(seed.scenes, jobs)
        have = set(scene_of.values())
        missing = [scene for scene in chosen if scene.scene_id not in have]
        files = self._files(missing)
        lost = [job for job in jobs if job.id not in scene_of]
        own = [job for job in lost if is_of(seed, job)]
        failed = [*files.failed]
        if own and len(own) == len(files.jobs):
            own.sort(key=lambda job: (job.data["task"], job.data["start"]))
            scene_of |= {job.id: name for job, name in zip(own, files.jobs, strict=True)}
            files = replace(files, jobs={})
        elif own:
            reason = (
                f"Task {own[0].data['task']} is of this seed, and {len(own)} of its jobs show "
                "files of no scene that is known: the scene may have one of them."
            )
            failed += [Failure(scene_id=name, reason=reason) for name in files.jobs]
            files = replace(files, jobs={})
        bare = [task for task in ours if "request" in task.data and is_of(seed, task)]
        create = [scene for scene in missing if scene.scene_id in files.jobs]
        order = {scene.scene_id: place for place, scene in enumerate(chosen)}
        undone = [job for job in jobs if not job.is_labelled]
        served = [scene_of.get(job.id, f"{self.item}:{job.id}") for job in undone]
        served += [scene.scene_id for scene in create]
        return Plan(
            create=tuple(create),
            update=tuple(Change(task, task.data) for task in bare[:1] if create),
            unchanged=len(set(scene_of.values()) & set(seed.chosen)),
            failed=tuple(sorted(failed, key=lambda one: order[one.scene_id])),
            warnings=tuple(self._warnings(seed, jobs, scene_of)),
            # A job that is done is not queued: whoever writes down what is must not hear of it.
            tasks={name: job for job, name in _first(undone, scene_of) if name in order},
            first=tuple(served[:SHOWN]),
        )

    def _files(self, scenes: Sequence[ExportScene]) -> TaskFiles:
        clouds = shows_clouds(scenes) if self._dimension is None else self._dimension == "3d"
        return task_files(scenes, self._setup.storage, clouds=clouds)

    def _scenes(
        self, scenes: Sequence[ExportScene] | None, jobs: Sequence[RemoteTask]
    ) -> dict[int | str, str]:
        """Return which scene a job shows, where that is known."""
        names = None if scenes is None else {scene.scene_id for scene in scenes}
        frames = Frames(scenes or ())
        of_task: dict[int, list[RemoteTask]] = defaultdict(list)
        for job in jobs:
            of_task[job.data["task"]].append(job)
        found: dict[int | str, str] = {}
        for some in of_task.values():
            shown = frames.scenes([job.data["files"] for job in some])
            for job, by_name in zip(some, shown, strict=True):
                written = self._known.get(f"{self.item}:{job.id}")
                name = written if names is None or written in names else by_name
                if (name := name or by_name) is not None:
                    found[job.id] = name
        return found

    def _warnings(
        self,
        seed: ExportableSeed,
        jobs: Sequence[RemoteTask],
        scene_of: Mapping[int | str, str],
    ) -> Iterator[str]:
        """Yield what a user should know of the queue."""
        earlier = [job for job in jobs if not is_of(seed, job)]
        for task, count in Counter(
            job.data["task"] for job in earlier if not job.is_labelled
        ).items():
            yield (
                f"Task {task} of an earlier seed has {count} open jobs: they come before later "
                f"ones, as {NAME} has no priorities."
            )
        if kept := set(seed.chosen) & {scene_of.get(job.id) for job in earlier}:
            yield f"{len(kept)} scenes have a job of an earlier push and keep it."
        if lost := sum(job.id not in scene_of and _is_name_alone(job) for job in earlier):
            yield (
                f"{lost} jobs of earlier pushes show files of no scene that is known: such a "
                "scene may get a second job."
            )

    def apply(self, seed: ExportableSeed, plan: Plan) -> PushReport:
        """Make the task, or give the one that is there its data, and wait until it has its jobs."""
        if self._setup.webhook is not None:
            self._listen(self._setup.webhook)
        if plan.create:
            self._make(seed, plan)
        remote = self.remote()
        done = self.plan(seed, remote)
        reason = f"{NAME} made no job for it."
        failed = {one.scene_id: one for one in (*plan.failed, *done.failed)}
        for scene in done.create:
            failed[scene.scene_id] = Failure(scene_id=scene.scene_id, reason=reason)
        mine = [job.data["task"] for job in remote if is_of(seed, job)]
        where = f"tasks/{mine[-1]}" if mine else f"projects/{self._project}"
        return self.report(plan).model_copy(
            update={
                "created": len(plan.create) - len(done.create),
                "failed": tuple(failed.values()),
                "view_url": f"{self._browser_url}/{where}",
                "tasks": {name: str(job) for name, job in done.tasks.items()},
            }
        )

    def _make(self, seed: ExportableSeed, plan: Plan) -> None:
        bare = plan.update[0].data if plan.update else None
        if bare is not None and bare["request"]["status"] == _FAILED:
            # What was sent once stays in a task: with other files it would fail again.
            self._remove(bare["task"])
            bare = None
        if bare is None:
            row = self._client.ask("POST", "/api/tasks", body=self._spec(seed, plan))
            bare = {"task": int(row["id"]), "request": {"status": None}}
        task, request = bare["task"], bare["request"]
        if request["status"] not in _UNDER_WAY:
            body = self._files(plan.create).request(self._setup.storage)
            request = {
                "id": self._client.ask("POST", f"/api/tasks/{task}/data/", body=body)["rq_id"]
            }
        self._wait(task, str(request["id"]))

    def _spec(self, seed: ExportableSeed, plan: Plan) -> dict[str, Any]:
        count = len(plan.create)
        return {
            "name": f"{title(seed)} ({count} scene{'s' if count > 1 else ''})",
            "project_id": self._project,
            "subset": subset(seed),
            "bug_tracker": tracker(seed, self._setup.service_url),
        }

    def _wait(self, task: int, request: str) -> None:
        """Wait until a task has its data.

        Raises
        ------
        PlatformError
            It is not made, or takes longer than anybody waits.
        """
        path = f"/api/requests/{quote(request, safe='')}"
        state: Mapping[str, Any] = {}
        for look in range(_LOOKS):
            if look > 0:
                self._sleep(_PAUSE_S)
            state = self._server.one(path)
            if state.get("status") == "finished":
                return
            if state.get("status") == _FAILED:
                self._remove(task)
                rule = f"{NAME} did not make the task: {_last_line(state.get('message'))}"
                raise PlatformError(rule)
        rule = (
            f"{NAME} still makes task {task} after {_LOOKS * _PAUSE_S:g} seconds "
            f"({state.get('status')}): push again later, and it is waited for."
        )
        raise PlatformError(rule)

    def _remove(self, task: int) -> None:
        """Delete a task of ours whose data could not be made; one that has data is left."""
        if not self._server.one(f"/api/tasks/{task}").get("size"):
            self._client.ask("DELETE", f"/api/tasks/{task}")

    def _listen(self, url: str) -> None:
        """Have the project tell a URL of its jobs, where it does not yet."""
        hooks = self._server.pages("/api/webhooks", {"project_id": self._project})
        if any(hook.get("target_url") == url and hook.get("is_active", True) for hook in hooks):
            return
        secret = self._setup.webhook_secret
        body = {
            "target_url": url,
            "type": "project",
            "events": ["update:job", "delete:job"],
            "description": "SeedAL",
            "project_id": self._project,
            **({} if secret is None else {"secret": secret}),
            "content_type": "application/json",
            "enable_ssl": url.startswith("https://"),
            "is_active": True,
        }
        self._client.ask("POST", "/api/webhooks", body=body)

    def report(self, plan: Plan) -> PushReport:
        """Say what a plan would do."""
        return PushReport(
            platform=KIND,
            project=str(self._project),
            mode=MODE,
            created=len(plan.create),
            updated=0,
            unchanged=plan.unchanged,
            failed=plan.failed,
            first=plan.first,
            warnings=plan.warnings,
            tasks={name: str(job) for name, job in plan.tasks.items()},
        )

    def heard(self, scenes: Sequence[ExportScene] | None, dataset_id: str | None) -> Heard:
        """Ask for the state of every job."""
        jobs = [task for task in self.remote() if "files" in task.data]
        ours = [job for job in jobs if dataset_id is None or job.dataset_id in {None, dataset_id}]
        scene_of = self._scenes(scenes, ours)
        events = tuple(
            job_event(self.source, scene_of[job.id], job) for job in ours if job.id in scene_of
        )
        return Heard(self.source, events, len(jobs) - len(events))


def job_event(source: str, scene_id: str, job: RemoteTask) -> LabelEvent:
    """Return what a job says of its scene: labelled once it is accepted, else queued."""
    return LabelEvent(
        scene_id=scene_id,
        state=LabelState.LABELLED if job.is_labelled else LabelState.QUEUED,
        source=source,
        ref=f"{Cvat.item}:{job.id}",
        at=job.created_at,
    )


def _is_name_alone(job: RemoteTask) -> bool:
    """Tell whether all that is known of a job's files is what they are called."""
    return any("/" not in name for name in job.data["files"])


def _first(
    jobs: Sequence[RemoteTask], scene_of: Mapping[int | str, str]
) -> Iterator[tuple[int | str, str]]:
    """Yield jobs and their scenes, a scene's first job last, so that a mapping keeps it."""
    for job in reversed(jobs):
        if job.id in scene_of:
            yield job.id, scene_of[job.id]


def _last_line(message: object) -> str:
    """Return what went wrong, of a message that may be a whole traceback."""
    lines = [line.strip() for line in str(message or "").splitlines() if line.strip()]
    text = lines[-1].rstrip(".") if lines else "it does not say why"
    return f"{text[:_TOLD]}."
