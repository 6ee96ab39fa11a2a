"""A Label Studio server in memory: what version 1.23.2 was seen to do, and faults of a network."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import httpx2

TOKEN = "0123456789abcdef" * 2 + "01234567"  # 40 hexadecimal digits, as its own are
_STARTED = datetime(2026, 11, 30, 8, tzinfo=UTC)


class Asked(NamedTuple):
    """What a request asks for: the numbers of its path, its query, its JSON."""

    ids: list[int]
    query: dict[str, str]
    body: Any


@dataclass
class FakeLabelStudio:
    """Projects, tasks, annotations, predictions, tabs and webhooks, by id.

    ``is_closed`` lets nobody in. ``requests`` has what was asked, ``lost`` the next requests whose
    answers are lost after they were carried out, ``canned`` answers that come instead.
    """

    members: int = 1
    projects: dict[int, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    annotations: dict[int, dict[str, Any]] = field(default_factory=dict)
    predictions: list[dict[str, Any]] = field(default_factory=list)
    views: dict[int, dict[str, Any]] = field(default_factory=dict)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    storages: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    canned: list[httpx2.Response] = field(default_factory=list)
    access_tokens: int = 0
    is_closed: bool = False

    def __post_init__(self) -> None:
        """Begin to number what is made."""
        self._numbers: Iterator[int] = count(1)

    @property
    def transport(self) -> httpx2.MockTransport:
        """What carries requests to it."""
        return httpx2.MockTransport(self)

    def project(self, **given: object) -> int:
        """Make a project."""
        number = next(self._numbers)
        self.projects[number] = {
            "id": number,
            "title": f"Project {number}",
            "label_config": '<View><Image name="i" value="$image"/></View>',
            "sampling": "Sequential sampling",
            "model_version": "",
            "organization": 1,
            **given,
        }
        return number

    def task(self, project: int, data: dict[str, Any], meta: dict[str, Any] | None = None) -> int:
        """Make a task."""
        number = next(self._numbers)
        self.tasks[number] = {
            "id": number,
            "project": project,
            "data": data,
            "meta": meta or {},
            "created_at": (_STARTED + timedelta(seconds=number)).isoformat(),
        }
        return number

    def annotate(self, task: int, *, skipped: bool = False, seconds: float = 2.5) -> int:
        """Make an annotation."""
        number = next(self._numbers)
        self.annotations[number] = {
            "id": number,
            "task": task,
            "was_cancelled": skipped,
            "lead_time": seconds,
            "updated_at": (_STARTED + timedelta(seconds=number)).isoformat(),
        }
        return number

    def queue(self, project: int) -> list[str]:
        """Return the scenes that one annotator is served, in that order."""
        tasks = [
            task
            for task in self.tasks.values()
            if task["project"] == project and not self._row(task)["is_labeled"]
        ]
        if self.projects[project]["sampling"] == "Uncertainty sampling":
            version = self.projects[project]["model_version"]
            scores = {
                row["task"]: row["score"]
                for row in self.predictions
                if row["model_version"] == version
            }
            tasks = [task for task in tasks if task["id"] in scores]
            tasks.sort(key=lambda task: float(scores[task["id"]]))
        else:
            tasks.sort(key=lambda task: int(task["id"]))
        return [str(task["data"].get("scene_id", task["id"])) for task in tasks]

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        said = f"{request.method} {request.url.path}"
        self.requests.append(said)
        if self.canned:
            return self.canned.pop(0)
        if self.is_closed:
            return httpx2.Response(403, json={"detail": "Closed."})
        answer = self._answer(request)
        if said in self.lost:
            self.lost.remove(said)
            message = "lost"
            raise httpx2.ReadTimeout(message, request=request)
        return answer

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        body = json.loads(request.content) if request.content else None
        query = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        if path == "/api/token/refresh/":
            self.access_tokens += 1
            return httpx2.Response(200, json={"access": f"access-{self.access_tokens}"})
        allowed = {f"Token {TOKEN}", f"Bearer access-{self.access_tokens}"}
        if request.headers.get("Authorization") not in allowed:
            return httpx2.Response(401, json={"detail": "Invalid token."})
        for method, pattern, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if method == request.method and found is not None:
                return answer(Asked([int(group) for group in found.groups()], query, body))
        return httpx2.Response(404, text="<!doctype html><title>404</title>")

    def _routes(self) -> list[tuple[str, str, Callable[[Asked], httpx2.Response]]]:
        return [
            ("GET", "/api/projects/", self._list_projects),
            ("POST", "/api/projects/", self._make_project),
            ("GET", r"/api/projects/(\d+)/", self._show_project),
            ("PATCH", r"/api/projects/(\d+)/", self._change_project),
            ("GET", r"/api/organizations/(\d+)/memberships", self._memberships),
            ("GET", "/api/tasks/", self._list_tasks),
            ("PATCH", r"/api/tasks/(\d+)/", self._change_task),
            ("GET", r"/api/tasks/(\d+)/", self._show_task),
            ("POST", r"/api/projects/(\d+)/import", self._import),
            ("POST", r"/api/projects/(\d+)/import/predictions", self._import_predictions),
            ("GET", r"/api/projects/(\d+)/model-versions/", self._versions),
            ("GET", "/api/predictions/", self._list_predictions),
            ("GET", "/api/dm/views/", self._list_views),
            ("POST", "/api/dm/views/", self._make_view),
            ("GET", "/api/dm/columns/", self._list_columns),
            ("GET", "/api/webhooks/", self._list_webhooks),
            ("POST", "/api/webhooks/", self._make_webhook),
            ("GET", "/api/storages/localfiles", self._list_storages),
            ("POST", "/api/storages/localfiles", self._make_storage),
        ]

    def _list_projects(self, _: Asked) -> httpx2.Response:
        return httpx2.Response(200, json={"results": list(self.projects.values()), "next": None})

    def _make_project(self, asked: Asked) -> httpx2.Response:
        return httpx2.Response(201, json=self.projects[self.project(**asked.body)])

    def _show_project(self, asked: Asked) -> httpx2.Response:
        if asked.ids[0] not in self.projects:
            return httpx2.Response(404, json={"detail": "No Project matches the given query."})
        return httpx2.Response(200, json=self.projects[asked.ids[0]])

    def _change_project(self, asked: Asked) -> httpx2.Response:
        version = asked.body.get("model_version")
        if version and version not in {row["model_version"] for row in self.predictions}:
            return httpx2.Response(400, json={"detail": "Model version doesn't exist"})
        self.projects[asked.ids[0]] |= asked.body
        return httpx2.Response(200, json=self.projects[asked.ids[0]])

    def _memberships(self, _: Asked) -> httpx2.Response:
        return httpx2.Response(200, json={"count": self.members})

    def _row(self, task: dict[str, Any]) -> dict[str, Any]:
        mine = [row for row in self.annotations.values() if row["task"] == task["id"]]
        cancelled = [row for row in mine if row["was_cancelled"]]
        return {
            **task,
            "is_labeled": len(mine) > len(cancelled),
            "total_annotations": len(mine) - len(cancelled),
            "cancelled_annotations": len(cancelled),
        }

    def _list_tasks(self, asked: Asked) -> httpx2.Response:
        project, page, size = (int(asked.query[name]) for name in ("project", "page", "page_size"))
        rows = [self._row(task) for task in self.tasks.values() if task["project"] == project]
        some = rows[(page - 1) * size : page * size]
        return httpx2.Response(200, json={"tasks": some, "total": len(rows)})

    def _change_task(self, asked: Asked) -> httpx2.Response:
        self.tasks[asked.ids[0]] |= asked.body
        return httpx2.Response(200, json=self.tasks[asked.ids[0]])

    def _show_task(self, asked: Asked) -> httpx2.Response:
        rows = [row for row in self.annotations.values() if row["task"] == asked.ids[0]]
        task = self._row(self.tasks[asked.ids[0]])
        return httpx2.Response(200, json={**task, "annotations": rows})

    def _import(self, asked: Asked) -> httpx2.Response:
        keys = re.findall(r'\bvalue="\$(\w+)"', self.projects[asked.ids[0]]["label_config"])
        for place, row in enumerate(asked.body):
            for key in keys:
                if key not in row["data"]:
                    detail = f'Error at item {place}: "{key}" key is expected in task data'
                    errors = {"non_field_errors": [detail]}
                    return httpx2.Response(400, json={"validation_errors": errors})
        made = [self.task(asked.ids[0], row["data"], row.get("meta")) for row in asked.body]
        return httpx2.Response(201, json={"task_count": len(made), "task_ids": made})

    def _import_predictions(self, asked: Asked) -> httpx2.Response:
        if any(row["task"] not in self.tasks for row in asked.body):
            return httpx2.Response(400, json={"detail": "unknown task"})
        self.predictions += asked.body
        return httpx2.Response(201, json={"created": len(asked.body)})

    def _versions(self, asked: Asked) -> httpx2.Response:
        found: dict[str, int] = {}
        for row in self.predictions:
            if self.tasks[row["task"]]["project"] == asked.ids[0]:
                found[row["model_version"]] = found.get(row["model_version"], 0) + 1
        return httpx2.Response(200, json=found)

    def _list_predictions(self, _: Asked) -> httpx2.Response:
        return httpx2.Response(200, json=self.predictions)

    def _list_views(self, asked: Asked) -> httpx2.Response:
        mine = [
            view for view in self.views.values() if view["project"] == int(asked.query["project"])
        ]
        return httpx2.Response(200, json=mine)

    def _list_columns(self, _: Asked) -> httpx2.Response:
        columns = [
            {"target": "tasks", "id": "inner_id"},
            {"target": "tasks", "id": "image", "parent": "data"},
        ]
        return httpx2.Response(200, json={"columns": columns})

    def _make_view(self, asked: Asked) -> httpx2.Response:
        number = next(self._numbers)
        self.views[number] = {"id": number, **asked.body}
        return httpx2.Response(201, json=self.views[number])

    def _list_webhooks(self, _: Asked) -> httpx2.Response:
        return httpx2.Response(200, json=self.webhooks)

    def _make_webhook(self, asked: Asked) -> httpx2.Response:
        self.webhooks.append({"id": next(self._numbers), "is_active": True, **asked.body})
        return httpx2.Response(201, json=self.webhooks[-1])

    def _list_storages(self, _: Asked) -> httpx2.Response:
        return httpx2.Response(200, json=self.storages)

    def _make_storage(self, asked: Asked) -> httpx2.Response:
        self.storages.append(asked.body)
        return httpx2.Response(201, json=asked.body)


@contextmanager
def served(server: FakeLabelStudio) -> Iterator[str]:
    """Serve a fake on loopback within the context; yield where."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = f"http://{self.headers['Host']}{self.path}"
            headers = dict(self.headers.items())
            answer = server(httpx2.Request(self.command, url, headers=headers, content=content))
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "text/html"))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815  http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{web.server_port}"
        finally:
            web.shutdown()
