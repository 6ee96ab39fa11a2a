"""Platforms in memory behind real HTTP, with all that their own clients insist on in answers."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import httpx2

_DAY: Final = "2026-11-30T08:00:00Z"
_LIST: Final = {"url": "http://cvat.test/list", "count": 0}

_CVAT: Final[dict[str, dict[str, Any]]] = {
    "projects": {
        "url": "http://cvat.test/api/projects/7",
        "owner": None,
        "assignee": None,
        "bug_tracker": "",
        "created_date": _DAY,
        "updated_date": _DAY,
        "status": "annotation",
        "task_subsets": [],
        "tasks": _LIST,
        "labels": _LIST,
        "guide_id": None,
        "organization": None,
        "source_storage": None,
        "target_storage": None,
        "assignee_updated_date": None,
        "organization_id": None,
    },
    "tasks": {
        "url": "http://cvat.test/api/tasks/1",
        "mode": "annotation",
        "owner": None,
        "assignee": None,
        "created_date": _DAY,
        "updated_date": _DAY,
        "overlap": 0,
        "segment_size": 0,
        "status": "annotation",
        "data_chunk_size": 1,
        "data_compressed_chunk_type": "imageset",
        "data_original_chunk_type": "imageset",
        "guide_id": None,
        "image_quality": 70,
        "data": 5,
        "dimension": "2d",
        "organization": None,
        "organization_id": None,
        "source_storage": None,
        "target_storage": None,
        "jobs": {**_LIST, "completed": 0, "validation": 0},
        "labels": _LIST,
        "validation_mode": None,
        "consensus_enabled": False,
        "assignee_updated_date": None,
        "data_cloud_storage_id": None,
    },
    "jobs": {
        "url": "http://cvat.test/api/jobs/1",
        "project_id": 7,
        "assignee": None,
        "guide_id": None,
        "dimension": "2d",
        "bug_tracker": "",
        "status": "annotation",
        "mode": "annotation",
        "frame_count": 1,
        "data_chunk_size": 1,
        "data_compressed_chunk_type": "imageset",
        "data_original_chunk_type": "imageset",
        "created_date": _DAY,
        "issues": _LIST,
        "labels": _LIST,
        "organization": None,
        "source_storage": None,
        "target_storage": None,
        "assignee_updated_date": None,
        "parent_job_id": None,
        "consensus_replicas": 0,
    },
    "webhooks": {
        "url": "http://cvat.test/api/webhooks/1",
        "created_date": _DAY,
        "updated_date": _DAY,
        "owner": None,
        "organization": None,
    },
}
_META: Final = {
    "chunks_updated_date": _DAY,
    "deleted_frames": [],
    "included_frames": None,
    "image_quality": 70,
    "chunk_size": 1,
    "stop_frame": 1,
    "frame_filter": "",
    "storage": "cloud_storage",
    "storage_method": "cache",
    "cloud_storage_id": 3,
}
_DATASET: Final = {
    "name": "kitti",
    "description": "",
    "category": "other",
    "public": False,
    "archived": False,
    "owner": {"username": "me", "created_at": _DAY},
    "created_at": _DAY,
    "enable_ratings": False,
    "enable_skip_labeling": True,
    "enable_skip_reviewing": False,
    "enable_save_button": False,
    "enable_label_status_verified": False,
    "enable_same_dimensions_track_constraint": False,
    "enable_3d_region_of_interest": False,
    "enable_interpolation": False,
    "use_timestamps_for_interpolation": False,
    "enable_object_linking": False,
    "label_stats": {},
    "metadata": {},
}


class Sent(NamedTuple):
    """A request: its query in any order, its body as JSON, whatever packed it."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: object


class Stub:
    """Answers as a server in memory does, and remembers what it was asked.

    Parameters
    ----------
    server
        The server in memory.
    """

    def __init__(self, server: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self._server = server
        self._lock = threading.Lock()
        self.sent: list[Sent] = []

    def answer(
        self, method: str, target: str, headers: dict[str, str], content: bytes
    ) -> tuple[int, bytes]:
        """Return status and body."""
        if headers.pop("content-encoding", "") == "gzip":
            content = gzip.decompress(content)
        parts = urlsplit(target)
        body = json.loads(content) if content else None
        with self._lock:
            query = tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))
            self.sent.append(Sent(method, parts.path, query, body))
            if parts.path == "/api/server/about":
                about = dict.fromkeys(("description", "subtitle", "logo_url"), "")
                return 200, json.dumps({**about, "name": "CVAT", "version": "2.80.0"}).encode()
            if parts.path == "/api_status/":
                return 200, b'{"success": true}'
            kept = {name: headers[name] for name in ("accept", "authorization") if name in headers}
            request = httpx2.Request(method, f"http://x{target}", headers=kept, content=content)
            response = self._server(request)
            found = response.json() if response.content else None
            return response.status_code, json.dumps(_complete(parts.path, found)).encode()


def _complete(path: str, found: Any) -> Any:  # noqa: ANN401 any JSON
    """Return an answer with all that a client wants to be in it."""
    if not path.startswith("/api/"):
        return _segments(path, found)
    if isinstance(found, dict) and isinstance(found.get("results"), list):
        rows = [_complete(path, row) for row in found["results"]]
        return {**found, "previous": None, "results": rows}
    return found if found is None or "rq_id" in found else _cvat(path, found)


def _segments(path: str, found: Any) -> Any:  # noqa: ANN401 any JSON
    if isinstance(found, list):
        return [{"created_by": "me", **row} for row in found]
    return {**(_DATASET if path.startswith("/datasets/") else {"created_by": "me"}), **found}


def _cvat(path: str, found: dict[str, Any]) -> dict[str, Any]:
    if path.endswith("/data/meta"):
        sizes = {"width": 1, "height": 1, "related_files": 0}
        return {**_META, **found, "frames": [{**sizes, **frame} for frame in found["frames"]]}
    kind = path.split("/")[2]
    if kind == "requests":
        known = ("status", "message", "id", "operation", "created_date")
        row = {name: found[name] for name in known}
        return {**row, "operation": {**row["operation"], "target": "task"}, "progress": 1.0}
    return {**_CVAT[kind], **{name: found[name] for name in found if name != "secret"}}


@contextmanager
def served(stub: Stub) -> Iterator[str]:
    """Serve a stub at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = stub.answer(self.command, self.path, headers, content)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815 names of the base class

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
