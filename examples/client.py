"""A client of the service in a few dozen lines: ``python examples/client.py MANIFEST BUDGET``.

Every call may be sent again after a lost connection: what starts work carries an Idempotency-Key.
"""

import os
import sys
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx2


class ServiceError(Exception):
    """The service refused; the message is its own sentence."""


@dataclass
class Client:
    """The service at a URL, for the owner of a key (none is needed where there are none)."""

    url: str
    key: str | None = None
    attempts: int = 5
    _http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        self._http = httpx2.Client(base_url=self.url, headers=headers, timeout=60)

    def call(self, method: str, path: str, body: object = None) -> httpx2.Response:
        """Send a request until it is answered; what starts work does so once."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        for attempt in range(1, self.attempts + 1):
            try:
                answer = self._http.request(method, path, json=body, headers=headers)
            except httpx2.TransportError:
                if attempt == self.attempts:
                    raise
                time.sleep(0.5 * 2**attempt)
                continue
            if answer.status_code in {429, 503} and attempt < self.attempts:
                time.sleep(float(answer.headers.get("Retry-After", 1)))
                continue
            if answer.is_error:
                raise ServiceError(answer.json()["detail"])
            return answer
        raise AssertionError

    def wait(self, operation: str) -> dict[str, Any]:
        """Return an operation once it has succeeded."""
        while True:
            answer = self.call("GET", operation)
            state: dict[str, Any] = answer.json()
            if state["status"] == "succeeded":
                return state
            if state["finished_at"] is not None:
                raise ServiceError((state["error"] or {"detail": state["status"]})["detail"])
            time.sleep(float(answer.headers["Retry-After"]))

    def register(self, name: str, manifest: str, backbone: str = "auto") -> str:
        """Register a manifest, wait until it is ready, and return the dataset's id."""
        source = {"kind": "manifest", "uri": manifest}
        body = {"name": name, "source": source, "features": {"backbone": backbone}}
        answer = self.call("POST", "/v1/datasets", body)
        self.wait(answer.headers["Location"])
        dataset_id: str = answer.json()["dataset"]["id"]
        return dataset_id

    def seed(self, dataset_id: str, fraction: float, **question: object) -> dict[str, Any]:
        """Return the seed for a part of what everything costs."""
        body = {"budget": {"fraction": fraction}, **question}
        answer = self.call("POST", f"/v1/datasets/{dataset_id}/seeds", body)
        if answer.status_code == 202:  # noqa: PLR2004 the operation will have it
            seed_id = self.wait(answer.headers["Location"])["seed_id"]
            answer = self.call("GET", f"/v1/seeds/{seed_id}")
        seed: dict[str, Any] = answer.json()
        return seed


if __name__ == "__main__":
    service = Client(os.environ.get("API", "http://127.0.0.1:8000"), os.environ.get("SEEDAL_KEY"))
    pool = service.register("example", sys.argv[1], os.environ.get("BACKBONE", "auto"))
    found = service.seed(pool, float(sys.argv[2]))
    print(f"{len(found['scenes'])} scenes, certified within {found['gap']:.2%} of the best:")
    for scene in found["scenes"]:
        print(scene["rank"], scene["scene_id"], scene["cost"])
