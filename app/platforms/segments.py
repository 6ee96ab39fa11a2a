"""Segments.ai: a seed becomes samples of a dataset, with priorities; the highest is served first.

Samples that are there keep what they show. Their priority and what their metadata says of the seed
change where they differ. Samples of an earlier seed that are not in this one get priority 0, which
is what samples have that nobody gave one.

The bulk request makes only samples whose names are new, and gives back those that are there as
they are. So an answer that was lost is no harm.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final, Self
from urllib.parse import quote

from app.exports.label_studio import SCENE
from app.exports.media import in_stores
from app.exports.seed import ExportableSeed, ExportScene
from app.labels.wire import LabelEvent
from app.operations.wire import Failure, PushReport
from app.platforms.client import PlatformClient
from app.platforms.seam import (
    SHOWN,
    Change,
    Heard,
    Match,
    Plan,
    PlatformError,
    RemoteTask,
    batches,
    match,
)
from app.platforms.segments_samples import (
    ITEM,
    NAME,
    attributes,
    metadata,
    sample,
    sample_events,
    shows_one_image,
    waits,
)

KIND: Final = "segments"
MODE: Final = "priorities"
URL: Final = "https://api.segments.ai"
LABELSET: Final = "ground-truth"

_BROWSER_URL: Final = "https://segments.ai"
_PAGE: Final = 1000
_BATCH: Final = 500


def connect(url: str, token: str, **how: Any) -> PlatformClient:  # noqa: ANN401 `PlatformClient`'s
    """Return a client of Segments.ai.

    Parameters
    ----------
    url
        Where its API is.
    token
        An API key.
    how
        As :class:`app.platforms.client.PlatformClient` has it.
    """
    headers = {"Authorization": f"APIKey {token.strip()}"}
    return PlatformClient(NAME, url, lambda _: headers, **how)


class Segments:
    """A dataset of Segments.ai, see `app.platforms.seam.Platform`.

    Parameters
    ----------
    client
        Its server.
    dataset
        Its owner and name: ``me/kitti``.
    name
        What the ledger calls the server.
    by
        How samples that do not say which scene they are, and are not called like one, are known.
    labelset
        Whose labels count.
    browser_url
        Where browsers find datasets.

    Raises
    ------
    PlatformError
        There is no such dataset.
    """

    item: ClassVar[str] = ITEM

    def __init__(
        self,
        client: PlatformClient,
        dataset: str,
        *,
        name: str = "main",
        by: Match = Match.SCENE_ID,
        labelset: str = LABELSET,
        browser_url: str = _BROWSER_URL,
    ) -> None:
        if dataset.count("/") != 1 or not all(dataset.split("/")):
            rule = f"{dataset!r} is no dataset of {NAME}: give its owner and name, as in me/kitti."
            raise PlatformError(rule)
        self._client = client
        self._dataset = dataset
        self._path = f"/datasets/{quote(dataset)}"
        self._name = name
        self._by = by
        self._labelset = labelset
        self._browser_url = browser_url.rstrip("/")
        try:
            row = client.ask("GET", f"{self._path}/")
            self._require(row, dict, "a dataset")
        except PlatformError:
            client.close()
            raise
        self._kind = str(row.get("task_type") or "")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections to the server."""
        self._client.close()

    @property
    def source(self) -> str:
        """What the ledger calls the dataset."""
        return f"{KIND}:{self._name}/{self._dataset}"

    def _require(self, content: object, kind: type, what: str) -> None:
        """Raise where an answer is of another form."""
        if not isinstance(content, kind):
            rule = f"{NAME} at {self._client.url} answers with something else than {what}."
            raise PlatformError(rule)

    def remote(self) -> list[RemoteTask]:
        """List the dataset's samples."""
        found: list[RemoteTask] = []
        page = 1
        while True:
            params = {
                "per_page": _PAGE,
                "page": page,
                "labelset": self._labelset,
                "sort": "name",
            }
            rows = self._client.ask("GET", f"{self._path}/samples/", params=params)
            self._require(rows, list, "samples")
            found += [sample(row) for row in rows]
            if len(rows) < _PAGE:
                return found
            page += 1

    def plan(self, seed: ExportableSeed, remote: Sequence[RemoteTask]) -> Plan:
        """Say which samples are made, and whose priority changes."""
        chosen, _ = seed.split()
        dataset = seed.summary["dataset_id"]
        matches = match(remote, seed.scenes, dataset_id=dataset, by=self._by, platform=KIND)
        names = {task.data["name"] for task in remote}
        create: list[ExportScene] = []
        update: list[Change] = []
        failed: list[Failure] = []
        served: list[tuple[float, str]] = []
        for place, scene in enumerate(chosen):
            task = matches.task_of.get(scene.scene_id)
            priority = float(len(chosen) - place)
            if task is None:
                try:
                    self._require_new(scene, names)
                    self._attributes(scene)
                except PlatformError as error:
                    failed.append(Failure(scene_id=scene.scene_id, reason=error.detail))
                    continue
                create.append(scene)
            else:
                wanted = {**task.data["metadata"], **metadata(seed, scene, place)}
                if (task.data["priority"], task.data["metadata"]) != (priority, wanted):
                    update.append(Change(task, {"metadata": wanted, "priority": int(priority)}))
            if task is None or waits(task):
                served.append((-priority, scene.scene_id))
        same = len(chosen) - len(create) - len(update) - len(failed)
        ranked = set(seed.chosen)
        for task in remote:
            if matches.scene_of.get(task.id) in ranked:
                continue
            ours = task.seed_id is not None and (
                dataset is None or task.dataset_id in {None, dataset}
            )
            if ours and task.data["priority"] != 0:
                update.append(Change(task, {"priority": 0}))
            elif task.data["priority"] > 0 and waits(task):
                served.append((-task.data["priority"], task.data["name"]))
        return Plan(
            create=tuple(create),
            update=tuple(update),
            unchanged=same,
            failed=tuple(failed),
            warnings=tuple(self._warnings(seed, create, served, matches.twice)),
            tasks={name: task.id for name, task in matches.task_of.items() if name in ranked},
            first=tuple(name for _, name in sorted(served, key=lambda pair: pair[0])[:SHOWN]),
        )

    def _require_new(self, scene: ExportScene, names: set[str]) -> None:
        if scene.scene_id in names:
            rule = "A sample that is none of this dataset's scenes has its name."
            raise PlatformError(rule)

    def _warnings(
        self,
        seed: ExportableSeed,
        create: Sequence[ExportScene],
        served: Sequence[tuple[float, str]],
        twice: Sequence[str],
    ) -> Iterator[str]:
        """Yield what a user should know of the queue, and of what samples show."""
        ranked = set(seed.chosen)
        if others := sum(name not in ranked for _, name in served):
            yield (
                f"{others} samples of others have priorities above 0: they are served among the "
                "seed's."
            )
        if twice:
            yield (
                f"{len(twice)} scenes have more than one sample, {twice[0]!r} for one; the first "
                "is taken."
            )
        if shows_one_image(self._kind):
            many = [scene.scene_id for scene in create if len(scene.images) > 1]
            if many:
                yield (
                    f"{len(many)} scenes have several images, {many[0]!r} for one; the dataset "
                    "shows the first."
                )
        if stored := in_stores(seed):
            yield (
                f"Files of {len(stored)} scenes lie in an object store, those of {stored[0]!r} for "
                f"one: {NAME} needs access to it."
            )

    def _attributes(self, scene: ExportScene) -> dict[str, Any]:
        return attributes(scene, self._kind)

    def apply(self, seed: ExportableSeed, plan: Plan) -> PushReport:
        """Make samples, and change those that are there."""
        place = {name: number for number, name in enumerate(seed.chosen)}
        tasks = dict(plan.tasks)
        path = f"{self._path}/samples_bulk/"
        for some in batches(plan.create, _BATCH):
            body = [
                {
                    "name": scene.scene_id,
                    "attributes": self._attributes(scene),
                    "metadata": metadata(seed, scene, place[scene.scene_id]),
                    "priority": len(place) - place[scene.scene_id],
                }
                for scene in some
            ]
            rows = self._client.ask("POST", path, body=body)
            self._require(rows, list, "samples")
            wanted = {scene.scene_id for scene in some}
            tasks |= {row["name"]: row["uuid"] for row in rows if row.get("name") in wanted}
        for change in plan.update:
            self._client.ask("PATCH", f"/samples/{change.task.id}/", body=change.data)
        return self.report(plan).model_copy(
            update={
                "view_url": f"{self._browser_url}/{self._dataset}/samples",
                "tasks": {name: str(task) for name, task in tasks.items()},
            }
        )

    def report(self, plan: Plan) -> PushReport:
        """Say what a plan would do."""
        return PushReport(
            platform=KIND,
            project=self._dataset,
            mode=MODE,
            created=len(plan.create),
            updated=len(plan.update),
            unchanged=plan.unchanged,
            failed=plan.failed,
            first=plan.first,
            warnings=plan.warnings,
            tasks={name: str(task) for name, task in plan.tasks.items()},
        )

    def heard(self, scenes: Sequence[ExportScene] | None, dataset_id: str | None) -> Heard:
        """Ask for the state of every sample, and of its label in the labelset."""
        samples = self.remote()
        told = [task for task in samples if scenes is not None or SCENE in task.data["metadata"]]
        matches = match(told, scenes, dataset_id=dataset_id, by=self._by, platform=KIND)
        events: list[LabelEvent] = []
        for task in told:
            name = matches.scene_of.get(task.id)
            if name is not None:
                events += sample_events(self.source, name, task, self._labelset)
        return Heard(self.source, tuple(events), len(samples) - len(matches.scene_of))
