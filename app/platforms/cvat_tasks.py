"""The tasks of seeds on a CVAT server: what they are called, how they are known, what it says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from app.exports.seed import ExportableSeed
from app.platforms.client import PlatformClient
from app.platforms.seam import PlatformError, RemoteTask, moment

_PAGE: Final = 500
_SUBSET: Final = "seed-"
_SHORT: Final = 8
_NO_SERVICE: Final = "urn:seedal"
_DONE: Final = ("acceptance", "completed")


@dataclass(frozen=True, slots=True)
class CvatServer:
    """Reads what a CVAT server says.

    Parameters
    ----------
    client
        Asks it.
    """

    client: PlatformClient

    def one(self, path: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Return an object.

        Raises
        ------
        PlatformError
            It is none, or the server does not give it.
        """
        answer = self.client.ask("GET", path, params=params)
        if not isinstance(answer, Mapping):
            raise self._unlike(path)
        return answer

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Yield what a list has, page by page.

        Raises
        ------
        PlatformError
            It is none, or the server does not give it.
        """
        page = 1
        while True:
            answer = self.one(path, {**params, "page_size": _PAGE, "page": page})
            if not isinstance(answer.get("results"), list):
                raise self._unlike(path)
            yield from answer["results"]
            if not answer.get("next"):
                return
            page += 1

    def _unlike(self, path: str) -> PlatformError:
        return PlatformError(f"CVAT at {self.client.url} answers {path} with something else.")

    def tasks(self, project: int) -> list[RemoteTask]:
        """List the jobs of all seeds' tasks by their numbers, then those tasks without data.

        A job's ``data`` has its task, the names of its files and the place of the first. A task's
        has how far the making of its data has come.
        """
        found: list[RemoteTask] = []
        for row in self.pages("/api/tasks", {"project_id": project}):
            if str(row.get("subset") or "").startswith(_SUBSET):
                found += self._jobs(row) if row.get("size") else [self._bare(row)]
        return sorted(found, key=lambda task: (isinstance(task.id, str), _number(task)))

    def _jobs(self, row: Mapping[str, Any]) -> Iterator[RemoteTask]:
        """Yield the jobs of a task that has data."""
        meta = self.one(f"/api/tasks/{row['id']}/data/meta")
        names = [str(frame.get("name", "")) for frame in meta.get("frames") or ()]
        first = int(meta.get("start_frame") or 0)
        for job in self.pages("/api/jobs", {"task_id": row["id"]}):
            if job.get("type", "annotation") != "annotation":
                continue  # a copy for consensus, or the reviewers' own
            start, stop = (int(job[name]) - first for name in ("start_frame", "stop_frame"))
            yield replace(
                _task(row, int(job["id"])),
                data={**_data(row), "files": names[start : stop + 1], "start": start},
                is_labelled=(job.get("stage"), job.get("state")) == _DONE,
                created_at=moment(job.get("updated_date") or job.get("created_date")),
            )

    def _bare(self, row: Mapping[str, Any]) -> RemoteTask:
        """Return a task without data, with how far the making of its data has come."""
        requests = [
            request
            for request in self.pages("/api/requests", {"task_id": row["id"]})
            if (request.get("operation") or {}).get("type") == "create:task"
        ]
        latest = max(requests, key=lambda one: str(one.get("created_date")), default={})
        state = {name: latest.get(name) for name in ("id", "status", "message")}
        return replace(_task(row, f"task:{row['id']}"), data={**_data(row), "request": state})


def _task(row: Mapping[str, Any], number: int | str) -> RemoteTask:
    said = _said(row)
    return RemoteTask(id=number, data={}, seed_id=said.get("seed"), dataset_id=said.get("dataset"))


def _data(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"task": int(row["id"]), "name": row.get("name"), "subset": row.get("subset")}


def _said(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the seed and the dataset that a task's issue tracker names; people may change it."""
    try:
        query = urlsplit(str(row.get("bug_tracker") or "")).query
    except ValueError:
        return {}
    return {name: values[-1] for name, values in parse_qs(query).items()}


def tracker(seed: ExportableSeed, service_url: str | None) -> str:
    """Return what a task's issue tracker says: the seed's id and its dataset's, as a link."""
    said = {"seed": seed.summary["id"], "dataset": seed.summary["dataset_id"]}
    query = urlencode({name: value for name, value in said.items() if value is not None})
    if service_url is None:
        return f"{_NO_SERVICE}?{query}"
    return f"{service_url.rstrip('/')}/?{query}#{query}"  # our page reads the fragment


def subset(seed: ExportableSeed) -> str:
    """Return the subset of a seed's tasks."""
    return f"{_SUBSET}{seed.summary['id'][:_SHORT]}"


def title(seed: ExportableSeed) -> str:
    """Return what the names of a seed's tasks begin with."""
    return f"Seed {seed.summary['id'][:_SHORT]}"


def is_of(seed: ExportableSeed, task: RemoteTask) -> bool:
    """Tell whether a task or job is of a seed."""
    if task.data["subset"] != subset(seed):
        return False
    if task.seed_id is not None:
        return bool(task.seed_id == seed.summary["id"])
    return str(task.data["name"]).startswith(title(seed))


def _number(task: RemoteTask) -> int:
    return task.id if isinstance(task.id, int) else int(task.data["task"])
