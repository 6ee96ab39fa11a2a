"""`seedal serve` as a user runs it: a process with a port, and a worker of its own."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from planted import plant
from serving import client_of, eventually, free_port, serving, started

from app.jobs.slots import FileSlots
from app.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings for an empty data directory."""
    return Settings(
        data_dir=tmp_path / "data", file_roots=(tmp_path,), port=free_port(), solve_processes=1
    )


@pytest.fixture
def server(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server with its worker."""
    with started(settings) as process:
        yield process


@pytest.fixture
def http(settings: Settings, server: subprocess.Popen[bytes]) -> Iterator[httpx2.Client]:
    """Return a client of the server, once it is ready."""
    with client_of(settings, server) as client:
        yield client


def test_the_main_job_over_http(
    http: httpx2.Client,
    server: subprocess.Popen[bytes],
    settings: Settings,
    manifest: Callable[..., Path],
) -> None:
    """From an empty data directory: register, wait, ask, download; and kill -9 leaves no worker."""
    body = {
        "name": "pool",
        "source": {"kind": "manifest", "uri": manifest().as_uri()},
        "features": {"backbone": "colour_grid"},
    }
    accepted = http.post("/v1/datasets", json=body)
    assert accepted.status_code == 202, accepted.text
    operation = accepted.headers["Location"]
    eventually(lambda: http.get(operation).json()["status"] == "succeeded", "extraction hangs")
    path = f"/v1/datasets/{accepted.json()['dataset']['id']}"
    assert http.get(path).json()["status"] == "ready"
    seed = http.post(f"{path}/seeds", json={"budget": {"fraction": 0.5}, "time_limit_s": 1}).json()
    assert 0 < seed["total_cost"] <= seed["budget"]["limit"]
    first = seed["scenes"][0]["scene_id"].replace("/", "%2F")
    assert http.get(f"{path}/scenes/{first}/thumbnail").headers["Content-Type"] == "image/jpeg"
    assert http.get(f"/v1/seeds/{seed['id']}/export?format=csv").is_success

    slots = FileSlots(settings.locks_dir)

    def worker_gone() -> bool:
        with slots.vacant("slot-0") as vacant:
            return vacant

    assert not worker_gone()
    server.kill()
    server.wait()
    eventually(worker_gone, "the worker outlives its parent")


def test_sigterm_ends_the_server(
    http: httpx2.Client, server: subprocess.Popen[bytes], settings: Settings
) -> None:
    """Asked to stop, the server ends by itself, and its worker before it."""
    assert http.get("/livez").is_success
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=30)
    with FileSlots(settings.locks_dir).vacant("slot-0") as vacant:
        assert vacant


def test_sigterm_is_told_to_whoever_waits(tmp_path: Path) -> None:
    """A solve that outlasts the server is a 503; whoever awaits an operation is told which."""
    settings = Settings(data_dir=tmp_path, port=free_port(), solve_processes=1)
    path = f"/v1/datasets/{plant(settings, 400)}/seeds"
    body = {"budget": {"fraction": 0.3}, "objective": "spread", "time_limit_s": 29}
    with started(settings, "--no-worker") as process, client_of(settings, process) as http:

        def ask(prefer: str) -> httpx2.Response:
            return http.post(path, json=body, headers={"Prefer": prefer}, timeout=60)

        def busy() -> bool:
            text = http.get("/metrics").text
            return "seedal_solve_processes_busy 1" in text and 'status="not_started"} 1' in text

        with ThreadPoolExecutor(2) as threads:
            answers = [threads.submit(ask, prefer) for prefer in ("", "respond-async, wait=29")]
            eventually(busy, "both are under way")
            process.send_signal(signal.SIGTERM)
            solved, operation = (answer.result() for answer in answers)
        assert (solved.status_code, solved.headers["Retry-After"]) == (503, "1")
        assert solved.json()["type"] == "urn:seedal:problem:solve-cancelled"
        assert operation.status_code == 202
        process.wait(timeout=30)


def test_sigterm_ends_the_events(tmp_path: Path) -> None:
    """Whoever watches an operation is let go, not cut off, when the server ends."""
    settings = Settings(data_dir=tmp_path, port=free_port(), solve_processes=1)
    path = f"/v1/datasets/{plant(settings, 40)}/seeds"
    body = {"budget": {"fraction": 0.3}}
    with started(settings, "--no-worker") as process, client_of(settings, process) as http:
        accepted = http.post(path, json=body, headers={"Prefer": "respond-async"})
        events = f"{accepted.headers['Location']}/events"
        with http.stream("GET", events, timeout=60) as stream:
            lines = stream.iter_lines()
            assert "event: progress" in [next(lines) for _ in range(5)]
            process.send_signal(signal.SIGTERM)
            assert not any(line.startswith("event") for line in lines)  # and no error
        process.wait(timeout=30)


def test_metrics_have_a_port_of_their_own(tmp_path: Path) -> None:
    """Where one is set, the API's port shows none: whoever reaches the API need not read them."""
    settings = Settings(data_dir=tmp_path, port=free_port(), metrics_port=free_port())
    with serving(settings, "--no-worker") as http:
        assert http.get("/metrics").status_code == 404
        answer = httpx2.get(f"http://127.0.0.1:{settings.metrics_port}/metrics", trust_env=False)
        assert "http_server_request_duration_seconds" in answer.text
        assert http.get("/readyz").status_code == 200
