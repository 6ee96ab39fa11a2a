"""The compose stack, run: ``make test-compose`` (root on Linux, with docker.io and debootstrap).

Images are built on a base that stands in for the one that cannot be pulled, the stack comes up with
two workers, does its main job over HTTP, loses worker, API and database to kill -9 in the middle
of solves, is backed up, taken down with its volumes, restored, and asked again. Each line of the
log is something that was seen; the first that is not as it should be ends the run with status 1.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "integration")]

import httpx2  # noqa: E402
from engine import (  # noqa: E402
    POSTGRES_IMAGE,
    PROMETHEUS_IMAGE,
    PYTHON_IMAGE,
    Engine,
    running_engine,
    stand_ins,
)
from monitoring import without_figures  # noqa: E402
from serving import free_port  # noqa: E402

PROJECT = "seedal-test"
SOLVES = 9
_BEGAN = time.monotonic()

Found = TypeVar("Found")


def say(text: str) -> None:
    """Write a line of the log."""
    print(f"{time.monotonic() - _BEGAN:6.0f} s  {text}", flush=True)  # noqa: T201 the log


class Stack:
    """The project of the compose file in the repository.

    Parameters
    ----------
    engine
        Runs it.
    folder
        Gets the secret.
    scenes
        What containers see as ``/scenes``.
    """

    def __init__(self, engine: Engine, folder: Path, scenes: Path) -> None:
        self._engine = engine
        self._port, self._prometheus_port = free_port(), free_port()
        secret = folder / "db_password"
        secret.write_text(secrets.token_hex(16), encoding="ascii")
        secret.chmod(0o644)  # of the containers' users, who are not this one
        self._environment = {
            **engine.environment, "SEEDAL_DB_PASSWORD_FILE": str(secret),
            "SEEDAL_SCENES": str(scenes), "SEEDAL_PORT": str(self._port),
            "SEEDAL_PYTHON_IMAGE": PYTHON_IMAGE, "SEEDAL_POSTGRES_IMAGE": POSTGRES_IMAGE,
            "SEEDAL_PROMETHEUS_IMAGE": PROMETHEUS_IMAGE,
            "SEEDAL_PROMETHEUS_PORT": str(self._prometheus_port),
        }  # fmt: skip
        self.http = httpx2.Client(
            base_url=f"http://127.0.0.1:{self._port}", timeout=60, trust_env=False
        )
        self.prometheus = httpx2.Client(
            base_url=f"http://127.0.0.1:{self._prometheus_port}", trust_env=False
        )

    def compose(self, *words: str, stdin: bytes | None = None) -> bytes:
        """Run compose and return what it printed."""
        program = Path(sys.executable).parent / "docker-compose"
        done = subprocess.run(
            [str(program), "-p", PROJECT, "--env-file", os.devnull, *words],
            cwd=ROOT, env=self._environment, input=stdin, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            message = done.stderr.decode().strip().splitlines()[-1:]
            logs = "" if words[0] == "logs" else self.compose("logs", "--tail", "15").decode()
            sys.exit(f"compose {' '.join(words)}: {message}\n{logs[-4000:]}")
        return done.stdout

    def call(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        """Send a request until somebody answers: parts of the stack are killed meanwhile."""
        if method == "POST":
            headers["Idempotency-Key"] = secrets.token_hex(8)

        def attempt() -> httpx2.Response | None:
            try:
                answer = self.http.request(method, path, json=body, headers=headers)
            except httpx2.TransportError:
                return None
            return None if answer.status_code in {429, 500, 502, 503} else answer

        answer = wait(attempt, f"an answer to {method} {path}")
        if not answer.is_success:
            sys.exit(f"{method} {path}: {answer.text[:500]}")
        return answer

    def containers(self, service: str) -> list[str]:
        """Return the ids of a service's containers."""
        return self.compose("ps", "-q", service).decode().split()

    def kill(self, service: str) -> None:
        """Kill -9 the first process of a container, as the kernel would: from the host."""
        name = self.containers(service)[0]
        pid = int(self._engine.docker("inspect", "-f", "{{.State.Pid}}", name))
        os.kill(pid, 9)
        say(f"kill -9 {service}")

    def volume(self, *words: str, stdin: bytes | None = None) -> bytes:
        """Run tar on the volume of data."""
        done = subprocess.run(
            [
                "docker", "run", "--rm", "-i", "--network", "none", "--entrypoint", "tar",
                "-v", f"{PROJECT}_data:/data", "seedal-api:local", "-C", "/data", *words,
            ],
            env=dict(self._environment), input=stdin, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"tar {words}: {done.stderr.decode()[-500:]}")
        return done.stdout


def wait(look: Callable[[], Found | None], what: str, timeout_s: float = 600) -> Found:
    """Look until there is something to see."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.25)
    sys.exit(f"waited in vain for {what}")


def dataset(stack: Stack, name: str) -> dict[str, Any]:
    """Return a dataset once it is ready."""

    def ready() -> dict[str, Any] | None:
        items = stack.call("GET", "/v1/datasets?page_size=100").json()["items"]
        for item in items:
            if item["name"] == name and item["status"] == "failed":
                sys.exit(f"{name}: {item['error']}")
            if item["name"] == name and item["status"] == "ready":
                found: dict[str, Any] = item
                return found
        return None

    return wait(ready, f"{name} to be ready")


def solve_through_kills(stack: Stack, dataset_id: str) -> None:
    """Ask for seeds, kill each part of the stack in turn, and see every job end right."""
    accepted = []
    for number in range(SOLVES):
        body = {
            "budget": {"fraction": 0.1 + 0.02 * number}, "objective": "spread", "time_limit_s": 4,
        }  # fmt: skip
        path = f"/v1/datasets/{dataset_id}/seeds"
        accepted.append(stack.call("POST", path, body, Prefer="respond-async").headers["Location"])
        if number % 3 == 2:
            time.sleep(2)
            stack.kill(("worker", "api", "db")[number // 3])
    wrong = 0
    for place in accepted:
        state = wait(
            lambda place=place: (
                found if (found := stack.call("GET", place).json())["finished_at"] else None
            ),
            place,
        )
        if state["status"] != "succeeded":
            sys.exit(f"{place} {state['status']}: {state['error']}")
        seed = stack.call("GET", f"/v1/seeds/{state['seed_id']}").json()
        wrong += not seed["total_cost"] <= seed["budget"]["limit"] * (1 + 1e-9)
        wrong += not seed["objective"] <= seed["upper_bound"] * (1 + 1e-9)
    if wrong:
        sys.exit(f"{wrong} wrong results")
    say(f"{len(accepted)} of {len(accepted)} solves ended right, though each part was killed once")


def watch(stack: Stack, dataset_id: str) -> None:
    """See every panel of the dashboard get figures from the stack's Prometheus."""
    stack.compose("--profile", "observability", "up", "--detach", "--no-build", "prometheus")
    budgets = count(1)

    def look() -> bool | None:
        fraction = 0.05 + 0.001 * next(budgets)
        stack.call("POST", f"/v1/datasets/{dataset_id}/seeds", {"budget": {"fraction": fraction}})
        time.sleep(2)
        return None if without_figures(stack.prometheus, ROOT) else True

    wait(look, "figures for every panel", timeout_s=180)
    say("Prometheus has figures for every panel of the dashboard")


def main() -> None:
    """Build, run, kill, back up, restore."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/seedal-compose"))  # noqa: S108
    parser.add_argument("--no-build", action="store_true", help="take the images that are there")
    arguments = parser.parse_args()
    scans = ROOT.parent / "shared" / "data" / "mini_semantickitti"
    with (
        running_engine(arguments.folder / "engine") as engine,
        tempfile.TemporaryDirectory() as folder,
    ):
        stand_ins(engine, arguments.folder)
        for name in () if arguments.no_build else ("api", "worker"):
            spent = engine.build(f"docker/{name}.Dockerfile", f"seedal-{name}:local")
            say(f"seedal-{name} built in {spent:.0f} s")
        for line in engine.docker("images", "--format", "{{.Repository}} {{.Size}}").splitlines():
            say(f"image {line}")
        scenes = scans if scans.is_dir() else Path(folder)
        stack = Stack(engine, Path(folder), scenes)
        try:
            through(engine, stack, with_scans=scans.is_dir())
        finally:
            stack.compose("--profile", "*", "down", "--volumes", "--timeout", "5")
    say("all as it should be")


def through(engine: Engine, stack: Stack, *, with_scans: bool) -> None:
    """Go through the whole life of a stack."""
    began = time.monotonic()
    up = ("--profile", "demo", "up", "--detach", "--no-build", "--scale", "worker=2")
    stack.compose(*up)
    demo = dataset(stack, "Demo building")
    path = f"/v1/datasets/{demo['id']}/seeds"
    seed = stack.call("POST", path, {"budget": {"fraction": 0.1}}).json()
    say(f"cold start to the first seed on the demo's building: {time.monotonic() - began:.0f} s")
    say(f"seed: {len(seed['scenes'])} scenes, {seed['status']}, gap {seed['gap']}")
    if with_scans:
        body = {
            "name": "Scans", "source": {"kind": "semantic_kitti", "root": "/scenes"},
            "features": {"backbone": "efficientnet_lite0"},
        }  # fmt: skip
        stack.call("POST", "/v1/datasets", body)
        time.sleep(1)
        stack.kill("worker")  # in the middle of an extraction
        scans = dataset(stack, "Scans")
        path = f"/v1/datasets/{scans['id']}/seeds"
        scan_seed = stack.call("POST", path, {"budget": {"fraction": 0.05}}).json()
        say(f"SemanticKITTI: {len(scan_seed['scenes'])} of {scans['usable_scene_count']} scans")
    time.sleep(5)
    form = "{{.Name}} {{.MemUsage}}"
    for line in engine.docker("stats", "--no-stream", "--format", form).splitlines():
        say(f"memory after that {line}")
    solve_through_kills(stack, demo["id"])
    watch(stack, demo["id"])
    dump = stack.compose("exec", "-T", "db", "pg_dump", "-U", "seedal", "seedal")
    data = stack.volume("-c", ".")
    stack.compose("--profile", "*", "down", "--volumes", "--timeout", "10")
    say(f"backed up ({len(dump) >> 10} KiB, {len(data) >> 10} KiB) and taken down with volumes")
    stack.compose("up", "--detach", "--no-build", "--wait", "db")
    stack.compose("exec", "-T", "db", "psql", "-q", "-U", "seedal", "seedal", stdin=dump)
    stack.volume("-x", stdin=data)
    stack.compose("up", "--detach", "--no-build")
    again = stack.call("GET", f"/v1/seeds/{seed['id']}").json()
    if again != seed:
        sys.exit("the seed is another one after the restore")
    path = f"/v1/datasets/{demo['id']}/seeds"
    other = stack.call("POST", path, {"budget": {"fraction": 0.17}}).json()
    say(f"restored: the seed is the same, and a new budget gets {len(other['scenes'])} scenes")


if __name__ == "__main__":
    main()
