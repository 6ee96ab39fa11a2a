"""Kill programs of the service while clients use all of it: ``make soak`` (two hours).

    .venv/bin/python benchmarks/soak.py [--minutes 60] [--postgres] [--pause 20 60] [--visitors 6]
        [--random-seed 0] [--logs FOLDER] [--out soak-sqlite]

An API process and two workers run on one database. Visitors register datasets (uploaded and
located manifests, inline scenes with vectors), watch them by server-sent events, are called back,
ask for seeds and frontiers, at once and durably, some of them twice, look at previews, neighbours,
maps and duplicates, take away certificates and check each with ``seedal verify``, cancel, delete,
and send bad requests. Meanwhile one program after the other is killed (SIGKILL), a random pause
apart, and started again. The last sixth of the time nobody is killed, so that what grows is seen.

At the end what the service has is compared with what it promised. Then all is deleted, everything
is made to look old, and a worker tidies up: rows and files must be those of the beginning.

``OUT.json`` and ``OUT.md`` have the figures; the exit status is 1 where something was lost,
doubled, wrong or left behind.
"""

import argparse
import contextlib
import io
import itertools
import json
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "integration")]

import httpx2  # noqa: E402
import numpy as np  # noqa: E402
from faults import Kept  # noqa: E402
from loopback import Handler  # noqa: E402
from loopback import serving as web  # noqa: E402
from PIL import Image  # noqa: E402
from postgres import running_postgres  # noqa: E402
from serving import free_port  # noqa: E402
from soak_ledger import Ledger  # noqa: E402
from soak_measures import Samples, age, family, leftovers, orphans, rows, settle  # noqa: E402
from soak_visitors import Grounds, UnexpectedError, Verify, Visitor  # noqa: E402

from app.settings import Settings  # noqa: E402
from app.store.engine import open_engine  # noqa: E402

_CALM: Final = 1 / 6
"""Part of the time at the end in which nobody is killed."""

_IDLE_S: Final = 10.0
_TIDY_S: Final = 180.0
"""Longest that the last callbacks, and the last tidying up, may take."""

_PICTURES: Final = 60


@dataclass(frozen=True, slots=True)
class Run:
    """How a soak is run: see the flags of the same names."""

    minutes: float
    pause: tuple[float, float]
    visitors: int
    random_seed: int


def refusal(problem: bytes, proof: bytes) -> str:
    """Return why `seedal verify` refuses a certificate, or nothing where it holds."""
    from app.cli.main import main as seedal  # noqa: PLC0415 in the process that verifies alone

    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "problem.npz", Path(folder) / "certificate.json"
        for path, content in zip(files, (problem, proof), strict=True):
            path.write_bytes(content)
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            status = seedal(["verify", *map(str, files)])
    return "" if status == 0 else said.getvalue() or f"status {status}"


def _draw(folder: Path) -> tuple[Path, ...]:
    rng = np.random.default_rng(0)
    folder.mkdir()
    paths = tuple(folder / f"{k}.jpg" for k in range(_PICTURES))
    for path in paths:
        coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((160, 120), Image.Resampling.BICUBIC).save(path)
    return paths


def _start(settings: Settings, logs: Path) -> dict[str, Kept]:
    words = {"api": ["serve", "--no-worker"], "worker 1": ["worker"], "worker 2": ["worker"]}
    return {
        name: Kept(name, ["app.cli.main", *more], settings, {}, logs / f"{name}.log")
        for name, more in words.items()
    }


def _wait_ready(http: httpx2.Client) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx2.TransportError):
            if http.get("/readyz").is_success:
                return
        time.sleep(0.2)
    sys.exit("the service does not get ready")


@contextlib.contextmanager
def _hook(ledger: Ledger) -> Iterator[str]:
    """Take callbacks within the context; yield where to."""
    with web() as receiver:

        def take(handler: Handler) -> None:
            body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
            ledger.called(body["data"]["path"], handler.headers["webhook-id"])
            handler.send_response(204)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        receiver.pages["/hook"] = take
        yield f"{receiver.url}/hook"


def _kill(programs: dict[str, Kept], run: Run, until: float) -> dict[str, int]:
    """Kill one program after the other up to a moment; return how often each was."""
    rng = random.Random(run.random_seed)  # noqa: S311 no secret
    killed = dict.fromkeys(programs, 0)
    turns = ("worker 1", "api", "worker 2", "api")
    while True:
        pause = rng.uniform(*run.pause)
        if time.monotonic() + pause > until:
            return killed
        time.sleep(pause)
        name = turns[sum(killed.values()) % len(turns)]
        programs[name].process.kill()
        killed[name] += 1


def _stay(grounds: Grounds, number: int, until: float) -> None:
    """Visit again and again up to a moment."""
    visitor = Visitor(grounds, number)
    while time.monotonic() < until:
        with contextlib.suppress(UnexpectedError):  # the ledger has it
            visitor.visit()
            grounds.ledger.count("visits")
    visitor.close()


def _warm_up(grounds: Grounds, programs: dict[str, Kept]) -> None:
    """Visit until every program has loaded what it needs for all of its work."""
    deadline = time.monotonic() + _TIDY_S
    for number in itertools.count(10**6):
        _stay(grounds, number, time.monotonic() + 1)
        if all(len(family(kept.process.pid)) > 1 for kept in programs.values()):
            return
        if time.monotonic() > deadline:
            return


def _soak(
    run: Run, grounds: Grounds, programs: dict[str, Kept]
) -> tuple[dict[str, int], dict[str, Any]]:
    """Let visitors come while programs are killed; return the kills, and what the calm showed."""
    end = time.monotonic() + 60 * run.minutes
    calm = end - 60 * run.minutes * _CALM
    first = 1000 * run.random_seed
    threads = [
        threading.Thread(target=_stay, args=(grounds, first + k, end), daemon=True)
        for k in range(run.visitors)
    ]
    for thread in threads:
        thread.start()
    killed = _kill(programs, run, calm)
    time.sleep(max(0.0, calm - time.monotonic()))
    before = settle(programs, _IDLE_S)
    time.sleep(max(0.0, end - time.monotonic()))
    after = settle(programs, 0.0)
    for thread in threads:
        thread.join()
    return killed, {"calm began": before, "calm ended": after}


def _tidy(
    settings: Settings, programs: dict[str, Kept], ledger: Ledger, first: dict[str, int], logs: Path
) -> dict[str, Any]:
    """Delete all, let a worker find that it is old, and return what is left."""
    for name in ("worker 1", "worker 2"):
        programs.pop(name).end()
    engine = open_engine(settings.database())
    age(engine, settings.data_dir, timedelta(days=60))
    short = settings.model_copy(update={"retention_days": 1e-5})
    worker = Kept("worker", ["app.cli.main", "worker"], short, {}, logs / "tidying worker.log")
    deadline = time.monotonic() + _TIDY_S
    while time.monotonic() < deadline:
        left, files = rows(engine), leftovers(settings.data_dir)
        if left == first and not any(files[name] for name in files if name != "vectors"):
            break
        time.sleep(1.0)
    worker.end()
    engine.dispose()
    for table, number in left.items():
        if number != first.get(table, 0):
            ledger.fault(f"{number} rows of {table} are left; {first.get(table, 0)} were there")
    for name, number in files.items():
        if number and name != "vectors":  # of images: they are kept for the next dataset
            ledger.fault(f"{number} files are left: {name}")
    return {"rows": {k: v for k, v in left.items() if v or first.get(k)}, "files": files}


def soak(run: Run, settings: Settings, folder: Path, logs: Path, verify: Verify) -> dict[str, Any]:
    """Run the whole and return the report."""
    ledger, began = Ledger(), time.perf_counter()
    pictures = _draw(folder / "pictures")
    programs = _start(settings, logs)
    base = f"http://127.0.0.1:{settings.port}"
    with _hook(ledger) as hook, httpx2.Client(base_url=base, timeout=60, trust_env=False) as http:
        try:
            _wait_ready(http)
            time.sleep(_IDLE_S)  # workers register their queues
            engine = open_engine(settings.database())
            first = rows(engine)
            engine.dispose()
            known = http.get("/v1/objectives").json()["items"]
            grounds = Grounds(
                base, hook, pictures, folder,
                frozenset(one["name"] for one in known if one["has_certificates"]),
                tuple(one["name"] for one in known), ledger, verify,
            )  # fmt: skip
            _warm_up(grounds, programs)
            at_first = settle(programs, _IDLE_S)
            samples = Samples(programs)
            killed, calm = _soak(run, grounds, programs)
            held = samples.end()
            deadline = time.monotonic() + _TIDY_S
            while ledger.missing_callbacks() and time.monotonic() < deadline:
                time.sleep(0.5)
            at_last = settle(programs, _IDLE_S)
            ledger.check(http)
            ledger.check_callbacks()
            for pool in ledger.pools():
                ledger.close(pool)
                http.delete(f"/v1/datasets/{pool.id}").raise_for_status()
            starts = {name: kept.starts for name, kept in programs.items()}
            left = _tidy(settings, programs, ledger, first, logs)
            for pid in orphans(settings, [kept.process.pid for kept in programs.values()]):
                ledger.fault(f"process {pid} has no parent any more")
        finally:
            for kept in programs.values():
                kept.end()
    return {
        "database": settings.database().get_backend_name(),
        "minutes": run.minutes, "seconds": time.perf_counter() - began,
        "random_seed": run.random_seed,
        "killed": killed, "starts": starts,
        **ledger.report(),
        "held idle": {"at first": at_first, "at last": at_last},
        "held in the calm": calm,
        "held meanwhile": held,
        "left": left,
    }  # fmt: skip


def table(report: dict[str, Any]) -> str:
    """Return a report as Markdown."""
    kills = ", ".join(f"{name} {number}" for name, number in report["killed"].items())
    total = sum(report["killed"].values())
    lines = [
        f"### {report['database']}: {report['minutes']:g} minutes, {total} kills ({kills})",
        "",
        f"Faults: {report['fault_count']}.",
        *(f"- {fault}" for fault in report["faults"]),
        "",
        "| what | how often |",
        "|---|---:|",
        *(f"| {what} | {number:,} |" for what, number in report["counts"].items()),
        "",
        "| idle | MiB first, last | handles first, last | processes first, last |",
        "|---|---:|---:|---:|",
    ]
    before, after = report["held idle"]["at first"], report["held idle"]["at last"]
    for name in before:
        one, two = before[name], after[name]
        lines.append(
            f"| {name} | {one['mib']:.0f}, {two['mib']:.0f} "
            f"| {one['handles']:.0f}, {two['handles']:.0f} "
            f"| {one['processes']:.0f}, {two['processes']:.0f} |"
        )
    lines += ["", "| at work | MiB median | MiB most | handles median | handles most |"]
    lines += ["|---|---:|---:|---:|---:|"]
    for name, seen in report["held meanwhile"].items():
        mib, handles = seen["mib"], seen["handles"]
        lines.append(
            f"| {name} | {mib['median']:.0f} | {mib['most']:.0f} | {handles['median']:.0f} "
            f"| {handles['most']:.0f} |"
        )
    files = ", ".join(f"{name} {number}" for name, number in report["left"]["files"].items())
    kept = ", ".join(f"{name} {number}" for name, number in report["left"]["rows"].items())
    lines += ["", f"Left after all was deleted and tidied up: files: {files}; rows: {kept}.", ""]
    return "\n".join(lines)


def main() -> int:
    """Soak one database and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--postgres", action="store_true", help="start a server; else SQLite")
    parser.add_argument("--pause", type=float, nargs=2, default=(20.0, 60.0), metavar="SECONDS")
    parser.add_argument("--visitors", type=int, default=6)
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--logs", type=Path, help="folder for the programs' logs; none by default")
    parser.add_argument("--out", type=Path, default=Path("soak"), help="OUT.json and OUT.md")
    asked = parser.parse_args()
    run = Run(asked.minutes, tuple(asked.pause), asked.visitors, asked.random_seed)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        logs = folder if asked.logs is None else asked.logs
        logs.mkdir(parents=True, exist_ok=True)
        values: dict[str, Any] = {
            "data_dir": folder / "data", "file_roots": str(folder), "port": free_port(),
            "solve_processes": 1, "callback_allow": "127.0.0.1",
        }  # fmt: skip
        if asked.postgres:
            server = stack.enter_context(running_postgres())
            values["database_url"] = server.new_database()
        verifier = stack.enter_context(multiprocessing.get_context("spawn").Pool(1))

        def verify(problem: bytes, proof: bytes) -> str:
            answer: str = verifier.apply(refusal, (problem, proof))
            return answer

        report = soak(run, Settings.model_validate(values), folder, logs, verify)
    asked.out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    asked.out.with_suffix(".md").write_text(table(report), "utf-8")
    print(table(report))
    return int(report["fault_count"] > 0)


if __name__ == "__main__":
    sys.exit(main())
