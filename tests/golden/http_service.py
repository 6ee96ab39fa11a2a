"""A service that golden questions are asked over HTTP, and what is compared of its answers."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from doors import open_service, worker_of

_HEADERS: Final = (
    *("Allow", "Cache-Control", "Content-Disposition", "Content-Type", "Idempotency-Replayed"),
    *("Link", "Location", "Preference-Applied", "Retry-After", "Vary", "WWW-Authenticate"),
)

SCENES: Final = [
    {
        "scene_id": f"room/{k}",
        "costs": {"points": 100 + 37 * k % 90, "hours": 1 + k % 4},
        "group": f"floor {k % 3}",
        "meta": {"note": "é"},
        "external_ids": {"cvat": {"task": k}},
    }
    for k in range(14)
]


def vectors(*, seed: int = 6, d: int = 8, scenes: int = len(SCENES)) -> bytes:
    """Return an archive of five vectors a scene."""
    owners = [f"room/{k}" for k in range(scenes) for _ in range(5)]
    rows = np.random.default_rng(seed).integers(-9, 10, (len(owners), d)).astype(np.float32)
    stream = io.BytesIO()
    np.savez(stream, scene_ids=np.array(owners), vectors=rows)
    return stream.getvalue()


def answer_of(response: Any) -> dict[str, Any]:  # noqa: ANN401 a response of the test client
    """Return of a response what is compared: status, headers, and JSON, lines or a length."""
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    body: object = None
    if kind.endswith("json") and response.content:
        body = response.json()
    elif kind.startswith("text/"):
        body = response.text.splitlines()
    headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
    return {"status": response.status_code, "headers": headers, "body": body}


class Service:
    """A running service and its worker.

    Parameters
    ----------
    client
        Speaks to it.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401 the test client
        self.client = client
        self._work = worker_of(client)

    def register(self, source: dict[str, Any], **more: object) -> dict[str, Any]:
        """Register a dataset."""
        body = {"name": "golden", "source": source, **more}
        response = self.client.post("/v1/datasets", json=body)
        assert response.status_code == 202, response.text
        registered: dict[str, Any] = response.json()
        return registered

    def await_vectors(self, **more: object) -> dict[str, Any]:
        """Register the inline scenes; their vectors are to be uploaded."""
        features = {"backbone": "precomputed", "clusters": 4}
        source = {"kind": "inline", "scenes": SCENES}
        return self.register(source, features=features, resource="points", **more)

    def upload(self, registered: dict[str, Any], content: bytes) -> Any:  # noqa: ANN401 a response
        """Upload vectors of a dataset."""
        path = f"/v1/datasets/{registered['dataset']['id']}/vectors"
        headers = {"Content-Type": "application/x-npz"}
        return self.client.put(path, content=content, headers=headers)

    def work(self, registered: dict[str, Any]) -> str:
        """Do what a worker does with a dataset; return the outcome's name."""
        return self._work(registered)

    def by_vectors(self) -> str:
        """Return the id of a dataset of the inline scenes that is ready."""
        registered = self.await_vectors()
        assert self.upload(registered, vectors()).status_code == 202
        assert self.work(registered) == "DONE"
        return str(registered["dataset"]["id"])

    def by_images(self, source: dict[str, Any]) -> str:
        """Return the id of a dataset of images that is ready."""
        registered = self.register(source, features={"backbone": "colour_grid"})
        assert self.work(registered) == "DONE"
        return str(registered["dataset"]["id"])


@contextmanager
def serving(data_dir: Path, file_root: Path) -> Iterator[Service]:
    """Serve a database of its own."""
    with open_service(data_dir, file_root) as client:
        yield Service(client)
