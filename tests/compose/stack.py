"""The project of the repository's compose file, as the run handles it."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx2
from engine import POSTGRES_IMAGE, PROMETHEUS_IMAGE, PYTHON_IMAGE, Engine
from serving import free_port

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "seedal-test"
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

    def build(self, service: str) -> float:
        """Build a service's image as `docker compose build` does; return the seconds it took."""
        began = time.monotonic()
        network = ROOT / "tests" / "compose" / "host-network.yml"
        self.compose("-f", "docker-compose.yml", "-f", str(network), "build", service)
        return time.monotonic() - began

    def call(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        """Send a request until somebody answers: parts of the stack are killed meanwhile."""
        if method == "POST":
            headers["Idempotency-Key"] = secrets.token_hex(8)

        def attempt() -> httpx2.Response | None:
            try:
                answer = self.http.request(method, path, json=body, headers=headers)
            except httpx2.TransportError:
                return None
            return None if answer.status_code in {429, 503} else answer

        answer = wait(attempt, f"an answer to {method} {path}")
        if not answer.is_success:
            sys.exit(f"{method} {path}: {answer.text[:500]}")
        return answer

    def containers(self, service: str) -> list[str]:
        """Return the ids of a service's containers."""
        return self.compose("ps", "-q", service).decode().split()

    def kill(self, service: str) -> None:
        """Kill -9 the first process of each container, as the kernel would: from the host."""
        names = self.containers(service)
        for name in names:
            os.kill(int(self._engine.docker("inspect", "-f", "{{.State.Pid}}", name)), 9)
        say(f"kill -9 {service}" + (f", {len(names)} of them" if len(names) > 1 else ""))

    def give_processors(self, service: str, number: float) -> None:
        """Let the containers of a service use so many processors."""
        for name in self.containers(service):
            self._engine.docker("update", "--cpus", str(number), name)

    def compiled(self, container: str) -> list[str]:
        """Return the kernels that a container compiled, for its image lacks them."""
        look = "cd {} && find . -name '*.nbc' | sort"
        ours, now = (
            self._engine.docker("exec", container, "sh", "-c", look.format(folder)).split()
            for folder in ("/opt/seedal/numba", "/tmp/numba")  # noqa: S108 of the container
        )
        return sorted(set(now) - set(ours))

    def volume(self, *words: str, stdin: bytes | None = None) -> bytes:
        """Run tar on the volume of data."""
        # Not `docker run -v`: that would make a volume which compose does not call its own.
        tar = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "tar", "api", "-C", "/data")
        return self.compose(*tar, *words, stdin=stdin)

    def remove(self) -> None:
        """Take everything down with its volumes, and see that nothing is left."""
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "10")
        left = self._engine.docker("volume", "ls", "-q", "-f", f"name={PROJECT}_")
        if left:
            sys.exit(f"volumes that outlived the stack: {left}")


def wait(look: Callable[[], Found | None], what: str, timeout_s: float = 600) -> Found:
    """Look until there is something to see."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.25)
    sys.exit(f"waited in vain for {what}")
