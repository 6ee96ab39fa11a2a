"""Segments.ai in memory: what its client's sources and traffic say, and faults of a network."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import httpx2

TOKEN = "key123"  # noqa: S105 of no server
_STARTED = datetime(2026, 11, 30, 8, tzinfo=UTC)


@dataclass
class FakeSegments:
    """A dataset and its samples, by uuid.

    ``requests`` has what was asked, ``lost`` the next requests whose answers are lost after they
    were carried out, ``canned`` answers that come instead.
    """

    kind: str = "segmentation-bitmap"
    samples: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    canned: list[httpx2.Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin to number what is made."""
        self._numbers = count(1)

    @property
    def transport(self) -> httpx2.MockTransport:
        """What carries requests to it."""
        return httpx2.MockTransport(self)

    def sample(self, name: str, **given: object) -> str:
        """Make a sample."""
        number = next(self._numbers)
        uuid = f"{number:08d}-0000-4000-8000-000000000000"
        self.samples[uuid] = {
            "uuid": uuid,
            "name": name,
            "metadata": {},
            "priority": 0,
            "attributes": {"image": {"url": "https://host/x.jpg"}},
            "label": None,
            "created_at": (_STARTED + timedelta(seconds=number)).isoformat(),
            **given,
        }
        return uuid

    def label(self, uuid: str, status: str) -> None:
        """Let somebody work on a sample."""
        at = (_STARTED + timedelta(hours=1, seconds=next(self._numbers))).isoformat()
        self.samples[uuid]["label"] = {"label_status": status, "updated_at": at}

    def queue(self) -> list[str]:
        """Return the names of samples that are to be labelled, the highest priority first."""
        rows = [row for row in self.samples.values() if (row["label"] or {}) == {}]
        rows = [row for row in rows if row["priority"] > 0]
        return [row["name"] for row in sorted(rows, key=lambda row: -float(row["priority"]))]

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        said = f"{request.method} {request.url.path}"
        self.requests.append(said)
        if self.canned:
            return self.canned.pop(0)
        answer = self._answer(request)
        if said in self.lost:
            self.lost.remove(said)
            message = "lost"
            raise httpx2.ReadTimeout(message, request=request)
        return answer

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.headers.get("Authorization") != f"APIKey {TOKEN}":
            return httpx2.Response(401, json={"detail": "Invalid token."})
        body = json.loads(request.content) if request.content else None
        path = request.url.path
        if request.method == "GET" and path == "/datasets/me/kitti/":
            return httpx2.Response(200, json={"full_name": "me/kitti", "task_type": self.kind})
        if request.method == "GET" and path == "/datasets/me/kitti/samples/":
            return self._list(request)
        if request.method == "POST" and path == "/datasets/me/kitti/samples_bulk/":
            return self._make(body)
        found = re.fullmatch(r"/samples/([0-9a-f-]+)/", path)
        if request.method == "PATCH" and found and found[1] in self.samples:
            self.samples[found[1]] |= body
            return httpx2.Response(200, json=self.samples[found[1]])
        return httpx2.Response(404, text="<!doctype html><title>Not found</title>")

    def _list(self, request: httpx2.Request) -> httpx2.Response:
        query = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        page, size = int(query["page"]), int(query["per_page"])
        rows = sorted(self.samples.values(), key=lambda row: str(row["name"]))
        return httpx2.Response(200, json=rows[(page - 1) * size : page * size])

    def _make(self, body: list[dict[str, Any]]) -> httpx2.Response:
        by_name = {row["name"]: uuid for uuid, row in self.samples.items()}
        rows = []
        for row in body:
            uuid = by_name.get(row["name"]) or self.sample(**row)
            by_name[row["name"]] = uuid
            rows.append(self.samples[uuid])
        return httpx2.Response(201, json=rows)
