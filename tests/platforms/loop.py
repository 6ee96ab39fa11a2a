"""Seeds, pushes and the ledger of a running service, as its users ask for them."""

from typing import Any

import httpx2
from looking import Site
from serving import eventually


def ask_seed(site: Site, dataset: str, fraction: float = 0.5, **question: object) -> dict[str, Any]:
    """Ask for a seed."""
    body = {"budget": {"fraction": fraction}, "objective": "seedal", **question}
    answer = site.api.post(f"/v1/datasets/{dataset}/seeds", json=body, timeout=60)
    assert answer.status_code == httpx2.codes.CREATED, answer.text
    return dict(answer.json())


def operation(site: Site, path: str, **body: object) -> dict[str, Any]:
    """Ask for a push or a sync, wait for its end, and return the operation, which succeeded."""
    answer = site.api.post(path, json=body)
    assert answer.status_code == httpx2.codes.ACCEPTED, answer.text
    where = answer.headers["Location"]
    eventually(lambda: bool(site.api.get(where).json()["finished_at"]), "it does not end")
    operation = dict(site.api.get(where).json())
    assert operation["status"] == "succeeded", operation
    return operation


def push(site: Site, seed: str, title: str, connection: str = "main") -> dict[str, Any]:
    """Push a seed into the project of a title; return the report."""
    path = f"/v1/seeds/{seed}/pushes"
    body = {"connection": connection, "project": f"new:{title}"}
    return dict(operation(site, path, **body)["push"])


def states(site: Site, dataset: str) -> dict[str, str]:
    """Return what the ledger says of scenes."""
    items = site.api.get(f"/v1/datasets/{dataset}/labels").json()["items"]
    return {item["scene_id"]: item["state"] for item in items}
