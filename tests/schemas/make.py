"""Make databases as earlier versions left them: ``python tests/schemas/make.py [REVISION ...]``.

Each version of `VERSIONS` is taken from the history and served with what it had: a dataset is made
ready and asked, another is registered and left to a worker that never comes, and where there are
keys, one is made. Then the database is dumped, of each kind, and the ids are written to
``known.json``. A dump is made once, when a migration lands; it is not made again.

Tests upgrade the dumps, so they need neither the history nor this script.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx2
from pool import PLACE, draw

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "tests" / "integration"))

from postgres import Postgres, running_postgres  # noqa: E402
from serving import free_port  # noqa: E402

VERSIONS = {"0001": "67c2461", "0002": "9ff4c91", "0003": "0f85d42", "0004": "dfb9970"}
"""Revision of the tables to the last commit that had it as its newest, and was on main."""

_PROGRAM = {"0001": "app.cli", "0002": "app.cli", "0003": "app.cli.main", "0004": "app.cli.main"}
_FIRST_WITH_KEYS = "0002"
CALLBACK = {"url": "http://127.0.0.1:9999/hook", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


@contextmanager
def _serving(
    revision: str, tree: Path, environment: dict[str, str], *words: str
) -> Iterator[httpx2.Client]:
    command = [sys.executable, "-m", _PROGRAM[revision], "serve", *words]
    base = f"http://127.0.0.1:{environment['SEEDAL_PORT']}"
    with (
        subprocess.Popen(command, cwd=tree, env=environment, stdin=subprocess.DEVNULL) as process,
        httpx2.Client(base_url=base, trust_env=False, timeout=60) as client,
    ):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                if client.get("/readyz").is_success:
                    break
            except httpx2.TransportError:
                time.sleep(0.2)
        try:
            yield client
        finally:
            process.terminate()


def _post(client: httpx2.Client, path: str, body: dict[str, Any]) -> httpx2.Response:
    headers = {"Idempotency-Key": path.replace("/", "-")}
    for _ in range(
        5
    ):  # a tree that is new compiles its kernels first, longer than a solve may take
        answer = client.post(path, json=body, headers=headers)
        if answer.is_success:
            return answer
    sys.exit(answer.text)


def _fill(revision: str, tree: Path, environment: dict[str, str], pool: Path) -> dict[str, Any]:
    """Use a version as it was meant to be used; return what it gave out."""
    body: dict[str, Any] = {
        "name": "Bürohaus", "source": {"kind": "images", "root": str(pool)},
        "features": {"backbone": "colour_grid", "clusters": 3},
    }  # fmt: skip
    known: dict[str, Any] = {"commit": VERSIONS[revision]}
    with _serving(revision, tree, environment) as client:
        answer = _post(client, "/v1/datasets", body)
        known["dataset"] = answer.json()["dataset"]["id"]
        known["operation"] = answer.headers["Location"]
        while client.get(known["operation"]).json()["finished_at"] is None:
            time.sleep(0.2)
        path = f"/v1/datasets/{known['dataset']}"
        known["seed"] = _post(client, f"{path}/seeds", {"budget": {"fraction": 0.5}}).json()
        if revision >= _FIRST_WITH_KEYS:
            ask = {"budgets": [{"fraction": 0.4}, {"fraction": 0.8}]}
            known["frontier"] = _post(client, f"{path}/frontiers", ask).json()
    with _serving(revision, tree, environment, "--no-worker") as client:
        body |= {"name": "left"} | ({"callback": CALLBACK} if revision >= _FIRST_WITH_KEYS else {})
        answer = client.post("/v1/datasets", json=body).raise_for_status()
        known["left"] = answer.json()["dataset"]["id"]
        known["left operation"] = answer.headers["Location"]
    if revision >= _FIRST_WITH_KEYS:
        words = [sys.executable, "-m", _PROGRAM[revision], "keys", "create", "--name", "old"]
        made = subprocess.run(
            words, cwd=tree, env=environment, check=True, capture_output=True, text=True
        )
        known["key"] = re.search(r"sk_\S+", made.stdout)[0]  # type: ignore[index]  # it prints one
    return known


def _make(revision: str, kind: str, server: Postgres | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree, pool = folder / "tree", draw(folder / "pool")
        tree.mkdir()
        archive = subprocess.run(
            ["git", "archive", VERSIONS[revision]],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        subprocess.run(["tar", "-x"], cwd=tree, input=archive.stdout, check=True)
        environment = {
            **os.environ, "PYTHONPATH": str(tree), "SEEDAL_DATA_DIR": str(folder / "data"),
            "SEEDAL_FILE_ROOTS": str(folder), "SEEDAL_PORT": str(free_port()),
            "SEEDAL_CALLBACK_ALLOW": "127.0.0.1", "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        url = None
        if server is not None:
            url = environment["SEEDAL_DATABASE_URL"] = server.new_database()
        known = _fill(revision, tree, environment, pool)
        if server is not None and url is not None:
            dump = server.dump(url)
        else:
            with closing(sqlite3.connect(folder / "data" / "seedal.sqlite")) as connection:
                dump = "\n".join(connection.iterdump()) + "\n"
        dump = dump.replace(str(pool), PLACE)
    (HERE / f"{revision}.{kind}.sql").write_text(dump, encoding="utf-8")
    return known


def main() -> None:
    """Make the dumps of some revisions, or of all."""
    path = HERE / "known.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for revision in sys.argv[1:] or VERSIONS:
        for kind in ("sqlite", "postgresql"):
            with running_postgres() if kind == "postgresql" else nullcontext() as server:
                known[f"{revision}.{kind}"] = _make(revision, kind, server)
    path.write_text(
        json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
