"""Two hundred watch an operation at once: the service answers all others and keeps no handle."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from planted import plant
from serving import client_of, free_port, started

from app.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

WATCHERS = 200

POOLED = 60
"""Handles of the database: the engine keeps up to twenty connections, of three files each."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings for an empty data directory."""
    return Settings(data_dir=tmp_path / "data", port=free_port(), solve_processes=1)


@pytest.fixture
def served(settings: Settings) -> Iterator[tuple[httpx2.Client, int]]:
    """Return a client of a server without a worker, and the server's process."""
    with started(settings, "--no-worker") as process, client_of(settings, process) as http:
        yield http, process.pid


def _handles(pid: int) -> Counter[str]:
    """Count the handles of a process by what they are of."""
    kinds: Counter[str] = Counter()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # it was closed meanwhile
            kinds[handle.readlink().name.partition(":")[0]] += 1
    return kinds


def _threads(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


def _register(http: httpx2.Client) -> str:
    """Register a dataset that no worker extracts; return its operation."""
    body = {
        "name": "watched",
        "source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}]},
        "features": {"backbone": "colour_grid"},
    }
    return str(http.post("/v1/datasets", json=body).raise_for_status().headers["Location"])


async def _watch(client: httpx2.AsyncClient, path: str, opened: list[str]) -> str:
    """Watch to the end and return the name of the last event."""
    last = ""
    async with client.stream("GET", f"{path}/events") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                last = line.removeprefix("event: ")
                opened.append(last)
    return last


async def _watch_all(
    http: httpx2.Client, settings: Settings, dataset: str, *, leave: bool
) -> list[str]:
    operation = _register(http)
    limits = httpx2.Limits(max_connections=WATCHERS + 10)
    base = f"http://127.0.0.1:{settings.port}"
    opened: list[str] = []
    async with httpx2.AsyncClient(
        base_url=base, trust_env=False, timeout=120, limits=limits
    ) as client:
        watching = [asyncio.create_task(_watch(client, operation, opened)) for _ in range(WATCHERS)]
        deadline = time.monotonic() + 120
        while len(opened) < WATCHERS:
            assert time.monotonic() < deadline, f"{len(opened)} of {WATCHERS} watch"
            await asyncio.sleep(0.05)
        # All of it answers while they watch; the client has a time limit of its own.
        assert (await client.get("/livez")).is_success
        assert (await client.get("/readyz")).is_success
        assert (await client.get(f"/v1/datasets/{dataset}/scenes")).is_success
        ask = {"budget": {"fraction": 0.3 + 0.1 * leave}}
        assert (await client.post(f"/v1/datasets/{dataset}/seeds", json=ask)).status_code == 201
        if leave:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            return []
        assert (await client.post(f"{operation}:cancel")).is_success
        return list(await asyncio.gather(*watching))


def _settle(pid: int, before: Counter[str]) -> None:
    """Wait until a process has the handles of before, but for connections to its database."""
    deadline = time.monotonic() + 60
    while True:
        now = _handles(pid)
        pooled = sum(count for kind, count in now.items() if kind.startswith("seedal.sqlite"))
        known = sum(count for kind, count in before.items() if kind.startswith("seedal.sqlite"))
        if now.total() - pooled <= before.total() - known + 5 and pooled <= POOLED:
            return
        assert time.monotonic() < deadline, f"{now} after {before}"
        time.sleep(0.05)


def test_many_watchers_cost_nobody_anything(
    served: tuple[httpx2.Client, int], settings: Settings
) -> None:
    """All hear the end; whether they stay or leave, handles come back, and none has a thread."""
    http, pid = served
    dataset = plant(settings, 30)
    first = {"budget": {"fraction": 0.2}}
    http.post(f"/v1/datasets/{dataset}/seeds", json=first, timeout=120).raise_for_status()
    asyncio.run(_watch_all(http, settings, dataset, leave=True))  # what is opened once is open now
    time.sleep(1.0)
    before = _handles(pid)
    for leave in (False, True, False):
        last = asyncio.run(_watch_all(http, settings, dataset, leave=leave))
        assert last == ([] if leave else ["error"] * WATCHERS)
        _settle(pid, before)
    assert _threads(pid) < WATCHERS
