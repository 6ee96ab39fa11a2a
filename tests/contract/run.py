"""Try the whole OpenAPI document against a real service: ``python tests/contract/run.py EXAMPLES``.

Every operation, valid and invalid data, all of schemathesis' checks. Exits with its status.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "integration")]

import httpx2  # noqa: E402
from planted import plant  # noqa: E402
from serving import free_port, serving  # noqa: E402

from app.access.service import SCOPES, Keys  # noqa: E402
from app.settings import Settings  # noqa: E402
from app.store.engine import open_engine  # noqa: E402
from app.store.sessions import open_sessions  # noqa: E402

SCENES = [{"scene_id": f"s{k}", "cost": 1} for k in range(3)]


def _key(settings: Settings) -> str:
    engine = open_engine(settings.database())
    with open_sessions(engine).begin() as session:
        keys = Keys(session)
        key, _ = keys.create(name="contract", project="default", scopes=SCOPES, days=1)
    engine.dispose()
    return key


def _made(http: httpx2.Client, dataset_id: str) -> dict[str, str]:
    """Make one of everything, and return what each is called."""
    path = f"/v1/datasets/{dataset_id}"

    def post(where: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = http.post(where, json=body)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content

    inline = {"name": "x", "source": {"kind": "inline", "scenes": SCENES}}
    doomed = post("/v1/datasets", {**inline, "features": {"backbone": "colour_grid"}})
    awaiting = post("/v1/datasets", {**inline, "features": {"backbone": "precomputed"}})
    at_once = {"time_limit_s": 1}  # or the answer is an operation
    seed = post(f"{path}/seeds", {"budget": {"fraction": 0.3}, **at_once})
    frontier = post(f"{path}/frontiers", {"budgets": [{"limit": 50}], **at_once})
    return {
        "SEEDAL_TRIED_DATASET": dataset_id,
        "SEEDAL_TRIED_SEED": seed["id"],
        "SEEDAL_TRIED_CHOSEN": seed["scenes"][0]["scene_id"],
        "SEEDAL_TRIED_FRONTIER": frontier["id"],
        "SEEDAL_TRIED_OPERATION": doomed["operation"]["id"],
        "SEEDAL_DOOMED_DATASET": doomed["dataset"]["id"],
        "SEEDAL_AWAITING_DATASET": awaiting["dataset"]["id"],
    }


def run(examples: int, *more: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with so many examples an operation, and return what it said."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder) / "data",
            port=free_port(),
            max_time_limit_s=10,
            max_wait_s=2,
            max_body_mb=1,
        )
        dataset_id = plant(settings, 30)
        key = _key(settings)
        headers = {"Authorization": f"Bearer {key}"}
        with serving(settings) as http:
            http.headers.update(headers)
            http.timeout = 60  # solve processes that start on a busy machine
            command = [
                *(str(Path(sys.executable).with_name("st")),),
                *("--config-file", str(HERE / "schemathesis.toml"), "run"),
                f"http://127.0.0.1:{settings.port}/openapi.json",
                *("-H", f"Authorization: Bearer {key}"),
                *("--max-examples", str(examples), "--workers", "1", *more),
            ]
            return subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, **_made(http, dataset_id)},
                check=False,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )


if __name__ == "__main__":
    done = run(int(sys.argv[1]), *sys.argv[2:])
    sys.stdout.write(done.stdout)
    sys.exit(done.returncode)
