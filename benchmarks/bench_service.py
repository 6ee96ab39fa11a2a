"""What the service does in a second: ``make bench-service`` (needs wrk, on the same cores).

Datasets of 204 and 20,000 scenes are ready (drawn vectors, d = 768). wrk asks budgets: new ones,
each its own, and one again and again. Then a database of 1,000 datasets and 100,000 seeds is
listed, paged and fetched from (`--only-store`: nothing else, and without wrk). Latencies are those
that the clients see.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "integration")]

import httpx2  # noqa: E402
from planted import plant  # noqa: E402
from serving import client_of, free_port, started  # noqa: E402

from app.datasets.translate import new_dataset  # noqa: E402
from app.datasets.wire import DatasetRequest  # noqa: E402
from app.seeds.store import seed_row  # noqa: E402
from app.seeds.wire import Seed  # noqa: E402
from app.settings import Settings  # noqa: E402
from app.store.engine import open_engine  # noqa: E402
from app.store.identifiers import new_id  # noqa: E402
from app.store.sessions import open_sessions  # noqa: E402

_LUA = """
local n = {offset}
local path = "/v1/datasets/{dataset}/seeds"
request = function()
  n = n + {step}
  local part = 0.01 + (n % 100003) * {width} / 100003
  local body = string.format('{{"objective":"seedal","budget":{{"fraction":%.9f}},{more}}}', part)
  return wrk.format("POST", path, {{["Content-Type"]="application/json"}}, body)
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %f %f %f %f\\n", summary.requests,
    summary.errors.status, summary.errors.timeout + summary.errors.read + summary.errors.connect,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3))
end
"""


def _wrk(settings: Settings, lua: str, *, connections: int, seconds: int) -> dict[str, float]:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(lua)
        script.flush()
        done = subprocess.run(  # noqa: S603 our own words
            [  # noqa: S607
                "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
                "-s", script.name, f"http://127.0.0.1:{settings.port}",
            ],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    found = re.search(r"RESULT (.*)", done.stdout)
    if found is None:
        sys.exit(done.stdout)
    names = ("requests", "refused", "lost", "seconds", "p50_ms", "p99_ms", "max_ms")
    result = dict(zip(names, map(float, found[1].split()), strict=True))
    result["requests_per_s"] = result["requests"] / result["seconds"]
    return result


def _lua(dataset: str, more: str, *, step: int, offset: int, width: float) -> str:
    return _LUA.format(dataset=dataset, more=more, step=step, offset=offset, width=width)


def _rss_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]  # always there


def _gaps(http: httpx2.Client, dataset: str, since: str) -> list[float]:
    """Return the gaps of the seeds that were made since a moment, of the newest thousand."""
    page = http.get(f"/v1/datasets/{dataset}/seeds", params={"page_size": 1000}).json()
    return [seed["gap"] for seed in page["items"] if seed["created_at"] > since]


def what_ifs(settings: Settings, http: httpx2.Client, pid: int, seconds: int) -> list[dict]:  # type: ignore[type-arg]
    """Ask budgets of both datasets."""
    small, large = plant(settings, 204, d=768, name="small"), plant(settings, 20_000, d=768)
    for dataset in (small, large):  # the first answer loads signatures
        body = {"budget": {"fraction": 0.05}, "gap": 0.001, "objective": "seedal"}
        http.post(f"/v1/datasets/{dataset}/seeds", json=body, timeout=60).raise_for_status()
    rows = []
    for what, dataset, more, step, width, connections in (
        ("204 scenes, new, gap 1 %", small, '"gap":0.01', 7919, 0.2, 1),
        ("204 scenes, new, gap 1 %, 4 at once", small, '"gap":0.01', 7919, 0.2, 4),
        ("204 scenes, new, proven", small, '"gap":0', 7907, 0.2, 1),
        ("204 scenes, repeated, 1 at once", small, '"gap":0.01', 0, 0.2, 1),
        ("204 scenes, repeated, 2 at once", small, '"gap":0.01', 0, 0.2, 2),
        ("20,000 scenes, new, gap 0.1 %", large, '"gap":0.001', 7919, 0.05, 1),
        ("20,000 scenes, repeated", large, '"gap":0.001', 0, 0.05, 1),
    ):
        since = datetime.now(UTC).isoformat()
        lua = _lua(dataset, more, step=step, offset=len(rows), width=width)
        row: dict[str, Any] = {"what": what}
        row |= _wrk(settings, lua, connections=connections, seconds=seconds)
        gaps = _gaps(http, dataset, since)
        row["largest_gap"] = max(gaps) if gaps else None
        row["api_rss_mib"] = _rss_mib(pid)
        rows.append(row)
        gap = "" if row["largest_gap"] is None else f"{100 * row['largest_gap']:.4f}"
        print(
            f"{what:38s} p50 {row['p50_ms']:8.1f} ms  p99 {row['p99_ms']:8.1f}  max "
            f"{row['max_ms']:8.1f}  {row['requests_per_s']:7.1f}/s  errors "
            f"{row['refused'] + row['lost']:.0f}/{row['requests']:.0f}  gap % {gap:7s}  "
            f"{row['api_rss_mib']:.0f} MiB",
            flush=True,
        )
    return rows


def _fill(settings: Settings, answer: dict[str, Any], datasets: int, seeds: int) -> list[str]:
    """Write datasets and seeds into the database, and return the datasets' ids."""
    engine = open_engine(settings.database())
    request = DatasetRequest.model_validate(
        {"name": "filled", "source": {"kind": "images", "root": "/none"}}
    )
    names = []
    with open_sessions(engine).begin() as session:
        for _ in range(datasets):
            row = new_dataset(request)
            names.append(row.id)
            session.add(row)
        session.flush()
    with open_sessions(engine).begin() as session:
        for k in range(seeds):
            content = answer | {"id": new_id(), "dataset_id": names[k % 10]}
            session.add(seed_row(Seed.model_validate(content), f"filled {k}"))
            if k % 2_000 == 0:
                session.flush()
                session.expunge_all()
    engine.dispose()
    return names


def _timed(what: str, call: Callable[[int], httpx2.Response], times: int = 200) -> dict[str, Any]:
    taken = []
    for k in range(times):
        started_at = time.perf_counter()
        call(k).raise_for_status()
        taken.append(1000 * (time.perf_counter() - started_at))
    cuts = statistics.quantiles(taken, n=100)
    row = {"what": what, "p50_ms": cuts[49], "p99_ms": cuts[98]}
    print(f"{what:38s} p50 {cuts[49]:8.1f} ms  p99 {cuts[98]:8.1f}", flush=True)
    return row


def full_database(settings: Settings, http: httpx2.Client) -> list[dict[str, Any]]:
    """List, page and fetch with 1,000 datasets and 100,000 seeds."""
    page = http.get("/v1/datasets", params={"page_size": 1000}).json()["items"]
    small = next(dataset["id"] for dataset in page if dataset["name"] == "small")
    body = {"budget": {"fraction": 0.1}, "gap": 0.01, "objective": "seedal"}
    answer = http.post(f"/v1/datasets/{small}/seeds", json=body).json()
    names = _fill(settings, answer, 1_000, 100_000)
    first = http.get(f"/v1/datasets/{names[0]}/seeds", params={"page_size": 1000}).json()
    seeds = [seed["id"] for seed in first["items"]]
    token = first["next_page_token"]
    datasets_token = http.get("/v1/datasets", params={"page_size": 500}).json()["next_page_token"]
    return [
        _timed("datasets, first page of 50", lambda _: http.get("/v1/datasets")),
        _timed(
            "datasets, a page from the middle",
            lambda _: http.get("/v1/datasets", params={"page_token": datasets_token}),
        ),
        _timed("a dataset", lambda k: http.get(f"/v1/datasets/{names[k % 1000]}")),
        _timed(
            "seeds, first page of 50", lambda k: http.get(f"/v1/datasets/{names[k % 10]}/seeds")
        ),
        _timed(
            "seeds, a page from the middle",
            lambda _: http.get(f"/v1/datasets/{names[0]}/seeds", params={"page_token": token}),
        ),
        _timed("a seed", lambda k: http.get(f"/v1/seeds/{seeds[k % len(seeds)]}")),
    ]


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench-service.json"))
    parser.add_argument("--seconds", type=int, default=20, help="of load a row")
    parser.add_argument("--only-store", action="store_true", help="the full database alone")
    parser.add_argument("--database-url", help="PostgreSQL; SQLite where not given")
    arguments = parser.parse_args()
    if not arguments.only_store and shutil.which("wrk") is None:
        sys.exit("bench_service.py needs wrk (apt-get install wrk)")
    with tempfile.TemporaryDirectory() as folder:
        values: dict[str, Any] = {"data_dir": Path(folder), "port": free_port()}
        if arguments.database_url:
            values["database_url"] = arguments.database_url
        settings = Settings.model_validate(values)
        with (
            started(settings, "--no-worker", threads=None) as process,
            client_of(settings, process) as http,
        ):
            idle = _rss_mib(process.pid)
            print(f"API process, idle: {idle:.0f} MiB", flush=True)
            report: dict[str, Any] = {"idle_rss_mib": idle}
            if arguments.only_store:
                plant(settings, 204, d=768, name="small")
            else:
                report["what_ifs"] = what_ifs(settings, http, process.pid, arguments.seconds)
            report["full_database"] = full_database(settings, http)
    arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
