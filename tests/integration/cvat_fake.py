"""A CVAT server in memory: what its sources and its client's traffic say, and faults of a network.

Like CVAT it refuses plain JSON in ``Accept``, a sorting method beside a file mapping, files of one
name from the web, and more data for a task that has some.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2

TOKEN = "pat123"  # noqa: S105 of no server
_STARTED = datetime(2026, 11, 30, 8, tzinfo=UTC)


@dataclass
class FakeCvat:
    """Projects, tasks, jobs, requests and webhooks, by id.

    ``requests`` has what was asked, ``lost`` the next requests whose answers are lost after they
    were carried out, ``canned`` answers that come instead, ``looks`` how often a request is asked
    for before it ends, ``refuses`` why the making of data fails.
    """

    page_size: int = 500
    looks: int = 0
    refuses: str = ""
    projects: dict[int, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    frames: dict[int, list[str]] = field(default_factory=dict)
    jobs: dict[int, dict[str, Any]] = field(default_factory=dict)
    made: dict[int, dict[str, Any]] = field(default_factory=dict)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    canned: list[httpx2.Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin to number what is made; project 7 is there."""
        self._numbers: Iterator[int] = count(11)
        self.projects[7] = {"id": 7, "name": "Rooms", "dimension": None}

    @property
    def transport(self) -> httpx2.MockTransport:
        """What carries requests to it."""
        return httpx2.MockTransport(self)

    def finish(self, job: int, *, stage: str = "acceptance", state: str = "completed") -> None:
        """Let somebody work on a job."""
        self.jobs[job] |= {"stage": stage, "state": state, "updated_date": self._now()}

    def queue(self) -> list[list[str]]:
        """Return the files of the jobs that are to be done, in the order of their numbers."""
        return [
            self.frames[job["task_id"]][job["start_frame"] : job["stop_frame"] + 1]
            for job in self.jobs.values()
            if (job["stage"], job["state"]) != ("acceptance", "completed")
        ]

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        path = request.url.raw_path.decode().partition("?")[0]
        said = f"{request.method} {path}"
        self.requests.append(said)
        if self.canned:
            return self.canned.pop(0)
        answer = self._answer(request, path)
        if said in self.lost:
            self.lost.remove(said)
            message = "lost"
            raise httpx2.ReadTimeout(message, request=request)
        return answer

    def _answer(self, request: httpx2.Request, path: str) -> httpx2.Response:
        if request.headers["Accept"] != "application/vnd.cvat+json":
            return httpx2.Response(406, json={"detail": "Could not satisfy the Accept header."})
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return httpx2.Response(401, json={"detail": "Invalid token."})
        body = json.loads(request.content) if request.content else None
        if body is not None:
            self.bodies.append(body)
        query = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        for method, pattern, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if method == request.method and found is not None:
                return answer(found.groups(), query, body)
        return httpx2.Response(404, text="<!doctype html><title>Not found</title>")

    def _routes(self) -> list[tuple[str, str, Callable[[Any, Any, Any], httpx2.Response]]]:
        def pages(rows: Callable[[dict[str, str]], list[Any]]) -> Callable[..., httpx2.Response]:
            return lambda _, query, __: self._page(rows(query), query)

        return [
            ("GET", r"/api/projects/(\d+)", lambda ids, _, __: _show(self.projects, ids)),
            ("GET", "/api/tasks", pages(lambda q: _of(self.tasks, "project_id", q))),
            ("POST", "/api/tasks", self._make_task),
            ("GET", r"/api/tasks/(\d+)", lambda ids, _, __: _show(self.tasks, ids)),
            ("DELETE", r"/api/tasks/(\d+)", self._delete_task),
            ("POST", r"/api/tasks/(\d+)/data/", self._make_data),
            ("GET", r"/api/tasks/(\d+)/data/meta", self._meta),
            ("GET", "/api/jobs", pages(lambda q: _of(self.jobs, "task_id", q))),
            ("GET", "/api/requests", pages(self._of_task)),
            ("GET", r"/api/requests/(.+)", self._request),
            ("GET", "/api/webhooks", pages(lambda _: self.webhooks)),
            ("POST", "/api/webhooks", self._make_webhook),
        ]

    def _page(self, rows: list[Any], query: dict[str, str]) -> httpx2.Response:
        page, size = int(query["page"]), min(int(query["page_size"]), self.page_size)
        more = "next" if len(rows) > page * size else None
        some = rows[(page - 1) * size : page * size]
        return httpx2.Response(200, json={"count": len(rows), "next": more, "results": some})

    def _now(self) -> str:
        return (_STARTED + timedelta(seconds=next(self._numbers))).isoformat()

    def _make_task(self, _: object, __: object, body: dict[str, Any]) -> httpx2.Response:
        limits = {"name": 256, "subset": 64, "bug_tracker": 2000}
        too_long = [name for name, most in limits.items() if len(body[name]) > most]
        if too_long:
            return httpx2.Response(400, json={too_long[0]: ["Too many characters."]})
        number = next(self._numbers)
        self.tasks[number] = {"id": number, "size": 0, **body}
        return httpx2.Response(201, json=self.tasks[number])

    def _delete_task(self, ids: list[str], _: object, __: object) -> httpx2.Response:
        del self.tasks[int(ids[0])]
        return httpx2.Response(204)

    def _make_data(self, ids: list[str], _: object, body: dict[str, Any]) -> httpx2.Response:
        number = int(ids[0])
        if self.tasks[number]["size"] or number in self.made:
            return httpx2.Response(400, json=["Adding more data is not supported"])
        wrong = self.refuses or _mistake(body)
        self.made[number] = {
            "id": f"action=create&target=task&id={number}",
            "status": "queued",
            "message": "",
            "operation": {"type": "create:task", "task_id": number},
            "created_date": self._now(),
            "left": self.looks,
            "wrong": wrong,
            "mapping": body["job_file_mapping"],
        }
        return httpx2.Response(202, json={"rq_id": self.made[number]["id"]})

    def _of_task(self, query: dict[str, str]) -> list[Any]:
        return [row for task, row in self.made.items() if task == int(query["task_id"])]

    def _request(self, ids: list[str], _: object, __: object) -> httpx2.Response:
        row = next(row for row in self.made.values() if row["id"] == unquote(ids[0]))
        self.work(row)
        return httpx2.Response(200, json=row)

    def work(self, row: dict[str, Any]) -> None:
        """Go on with the making of data."""
        if row["left"] > 0:
            row |= {"left": row["left"] - 1, "status": "started"}
        elif row["wrong"]:
            row |= {"status": "failed", "message": row["wrong"]}
        elif row["status"] != "finished":
            row["status"] = "finished"
            self._make_jobs(row["operation"]["task_id"], row["mapping"])

    def _make_jobs(self, task: int, mapping: list[list[str]]) -> None:
        frames = [re.sub(r"\.bin$", ".pcd", name) for files in mapping for name in files]
        self.frames[task] = frames
        self.tasks[task]["size"] = len(frames)
        start = 0
        for files in mapping:
            number = next(self._numbers)
            self.jobs[number] = {
                "id": number,
                "task_id": task,
                "type": "annotation",
                "stage": "annotation",
                "state": "new",
                "start_frame": start,
                "stop_frame": start + len(files) - 1,
                "updated_date": self._now(),
            }
            start += len(files)

    def _meta(self, ids: list[str], _: object, __: object) -> httpx2.Response:
        frames = [{"name": name} for name in self.frames[int(ids[0])]]
        return httpx2.Response(200, json={"frames": frames, "start_frame": 0, "size": len(frames)})

    def _make_webhook(self, _: object, __: object, body: dict[str, Any]) -> httpx2.Response:
        self.webhooks.append({"id": next(self._numbers), **body})
        return httpx2.Response(201, json=self.webhooks[-1])


def _show(rows: dict[int, Any], ids: list[str]) -> httpx2.Response:
    if int(ids[0]) not in rows:
        return httpx2.Response(404, json={"detail": "Not found."})
    return httpx2.Response(200, json=rows[int(ids[0])])


def _of(rows: dict[int, Any], name: str, query: dict[str, str]) -> list[Any]:
    return [row for row in rows.values() if row[name] == int(query[name])]


def _mistake(body: dict[str, Any]) -> str:
    """Return why CVAT refuses to make a task of such files; empty where it does not."""
    if "sorting_method" in body:
        return "job_file_mapping cannot be used with sorting_method"
    files = [name for names in body["job_file_mapping"] for name in names]
    sent = body.get("server_files")
    if sent is None:
        sent = [unquote(urlsplit(url).path).rpartition("/")[2] for url in body["remote_files"]]
    if len(set(sent)) < len(sent):
        return "filename collision"
    if missing := set(files) - set(sent):
        return f"Job mapping file {min(missing)} is not specified in input files"
    return ""
