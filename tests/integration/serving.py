"""`seedal serve` as a user runs it: a process with a port, and a worker of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from app.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def eventually(condition: Callable[[], bool], what: str, *, timeout_s: float = 60.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(what)


@contextmanager
def started(
    settings: Settings, *words: str, threads: int | None = 1
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server within the context; `threads`: of each process, None for as many as it likes."""
    limit = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", "serve", *words],
        cwd=_ROOT,
        env={**os.environ, **settings.environment(), **limit},
        stderr=subprocess.DEVNULL,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def client_of(settings: Settings, process: subprocess.Popen[bytes]) -> Iterator[httpx2.Client]:
    """Return a client of a server, once that is ready."""

    def ready() -> bool:
        assert process.poll() is None
        try:
            return client.get("/readyz").is_success
        except httpx2.TransportError:
            return False

    with httpx2.Client(base_url=f"http://127.0.0.1:{settings.port}", trust_env=False) as client:
        eventually(ready, "the server is not ready")
        yield client


@contextmanager
def serving(settings: Settings, *words: str, threads: int | None = 1) -> Iterator[httpx2.Client]:
    """Return a client of a server that runs within the context."""
    with (
        started(settings, *words, threads=threads) as process,
        client_of(settings, process) as client,
    ):
        yield client
