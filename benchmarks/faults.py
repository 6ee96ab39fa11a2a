"""Kill -9 at random moments while jobs run: ``python benchmarks/faults.py --kills 50``.

An API process and two workers on one database; whatever dies is started again. Clients send every
request until it is answered, with an Idempotency-Key. At the end every job that was accepted must
have ended once, with the right result.

With ``--clock LIBRARY`` (libfaketime's) the programs' wall clocks are set back and forth meanwhile,
by seconds and by a day; ``--kills 0`` does that alone.
"""

import argparse
import collections
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "integration")]

import httpx2  # noqa: E402
from planted import plant  # noqa: E402
from service import slow_pool  # noqa: E402
from serving import free_port  # noqa: E402

from app.settings import Settings  # noqa: E402

_PATIENCE_S = 600.0
_OF_SOLVERS = 0.5
"""How often a solve process is killed in place of the program that has it."""


class Kept:
    """A program that is started again whenever it dies."""

    def __init__(
        self,
        name: str,
        words: list[str],
        settings: Settings,
        clock: dict[str, str],
        log: Path = Path(os.devnull),
    ) -> None:
        self.name = name
        self._words = words
        self._log = log
        self._environment = {
            **os.environ, **settings.environment(), **clock, "OMP_NUM_THREADS": "1"
        }  # fmt: skip
        self._ending = threading.Event()
        self.starts = 0
        self.process = self._start()
        threading.Thread(target=self._watch, daemon=True).start()

    def _start(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 our own program
                [sys.executable, "-m", *self._words],
                cwd=ROOT, env=self._environment, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def _watch(self) -> None:
        while not self._ending.is_set():
            self.process.wait()
            if not self._ending.is_set():
                self.process = self._start()

    def children(self) -> list[int]:
        """Return the solve processes below this program."""
        pids: list[int] = []
        with contextlib.suppress(OSError):
            for path in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
                pids += map(int, path.read_text(encoding="ascii").split())
        return [pid for pid in pids if b"spawn_main" in _command(pid)]

    def end(self) -> None:
        """Stop it for good."""
        self._ending.set()
        self.process.kill()
        self.process.wait()


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


class Caller:
    """A client that does not give up."""

    def __init__(self, port: int) -> None:
        self._http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
        self.tries = 0

    def call(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        """Send a request until it is answered, the same key each time."""
        deadline = time.monotonic() + _PATIENCE_S
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        while time.monotonic() < deadline:
            self.tries += 1
            with contextlib.suppress(httpx2.TransportError):
                answer = self._http.request(method, path, json=body, headers=headers)
                if answer.status_code not in {429, 500, 503}:
                    answer.raise_for_status()
                    return answer
            time.sleep(0.2)
        sys.exit(f"no answer: {method} {path}")


def _kill(
    kept: list[Kept], kills: int, rng: random.Random, pause_s: float
) -> collections.Counter[str]:
    done: collections.Counter[str] = collections.Counter()
    while sum(done.values()) < kills:
        time.sleep(rng.uniform(0.2, 2 * pause_s))
        target = rng.choice(kept)
        solvers = target.children()
        if solvers and rng.random() < _OF_SOLVERS:
            pid, what = rng.choice(solvers), f"solve process of {target.name.split()[0]}"
        else:
            pid, what = target.process.pid, target.name.split()[0]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)
            done[what] += 1
    return done


class Clock:
    """The wall clock of the programs, which a library of libfaketime's reads from a file."""

    def __init__(self, library: str | None, file: Path, rng: random.Random, pause_s: float) -> None:
        self._file, self._rng, self._pause_s = file, rng, pause_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._step)
        self._steps = 0
        self.environment: dict[str, str] = {}
        if library:
            self._set("+0")
            self.environment = {
                "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(file),
                "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }  # fmt: skip
            self._thread.start()

    def _set(self, offset: str) -> None:
        """Replace the file: a program may read it at any moment."""
        new = self._file.with_suffix(".new")
        new.write_text(offset, encoding="ascii")
        new.replace(self._file)

    def _step(self) -> None:
        while not self._ended.wait(self._rng.uniform(0.2, 2 * self._pause_s)):
            self._set(self._rng.choice(["-3600", "-2", "+0", "+90", "+93600"]))
            self._steps += 1

    def end(self) -> int:
        """Stop it; return how often it was set."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        return self._steps


def _submit(caller: Caller, pools: list[Path], dataset_id: str, solves: int) -> dict[str, Any]:
    accepted: dict[str, Any] = {}
    for number in range(max(len(pools), solves)):
        if number < len(pools):
            body = {
                "name": f"pool {number}",
                "source": {"kind": "images", "root": str(pools[number])},
                "features": {"backbone": "colour_grid"},
            }
            answer = caller.call("POST", "/v1/datasets", body)
            accepted[answer.headers["Location"]] = answer.json()["dataset"]["id"]
        if number < solves:
            body = {
                "budget": {"fraction": 0.1 + 0.01 * number},
                "objective": "spread",
                "time_limit_s": 3,
            }
            path = f"/v1/datasets/{dataset_id}/seeds"
            answer = caller.call("POST", path, body, Prefer="respond-async")
            if answer.status_code != 202:  # noqa: PLR2004 accepted
                sys.exit("a solve was answered at once")
            accepted[answer.headers["Location"]] = None
    return accepted


def _await(caller: Caller, accepted: dict[str, Any]) -> tuple[collections.Counter[str], int]:
    """Wait for the end of all; return how each ended, and how many have a wrong result."""
    ended: collections.Counter[str] = collections.Counter()
    wrong = 0
    for path, made in accepted.items():
        while (state := caller.call("GET", path).json())["finished_at"] is None:
            time.sleep(0.2)
        ended[f"{state['kind']} {state['status']}"] += 1
        if state["error"] is not None:
            print(state["error"]["detail"])
        if state["status"] == "succeeded" and made is None:
            seed = caller.call("GET", f"/v1/seeds/{state['seed_id']}").json()
            within = seed["total_cost"] <= seed["budget"]["limit"] * (1 + 1e-9)
            wrong += not (within and seed["objective"] <= seed["upper_bound"] * (1 + 1e-9))
        elif state["status"] == "succeeded":
            dataset = caller.call("GET", f"/v1/datasets/{made}").json()
            wrong += (dataset["status"], dataset["usable_scene_count"]) != ("ready", 16)
    return ended, wrong


def main() -> None:
    """Kill, wait, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--solves", type=int, default=20)
    parser.add_argument("--extractions", type=int, default=10)
    parser.add_argument("--pause", type=float, default=2.5, help="mean seconds between kills")
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--database-url", help="PostgreSQL; SQLite where not given")
    parser.add_argument("--clock", metavar="LIBRARY", help="libfaketime.so.1")
    arguments = parser.parse_args()
    rng = random.Random(arguments.random_seed)  # noqa: S311 no secret
    with tempfile.TemporaryDirectory() as folder:
        values: dict[str, Any] = {
            "data_dir": Path(folder) / "data", "file_roots": folder, "port": free_port(),
            "solve_processes": 1,
        }  # fmt: skip
        if arguments.database_url:
            values["database_url"] = arguments.database_url
        settings = Settings.model_validate(values)
        dataset_id = plant(settings, 300)
        pools = [slow_pool(Path(folder) / f"pool{k}", 1) for k in range(arguments.extractions)]
        clock = Clock(arguments.clock, Path(folder) / "clock", rng, arguments.pause)
        kept = [Kept("api", ["app.cli.main", "serve", "--no-worker"], settings, clock.environment)]
        kept += [
            Kept(f"worker {k}", ["app.cli.main", "worker"], settings, clock.environment)
            for k in range(2)
        ]
        caller, started = Caller(settings.port), time.monotonic()
        caller.call("GET", "/readyz")
        killed: list[collections.Counter[str]] = []
        killer = threading.Thread(
            target=lambda: killed.append(_kill(kept, arguments.kills, rng, arguments.pause))
        )
        killer.start()
        accepted = _submit(caller, pools, dataset_id, arguments.solves)
        killer.join()
        ended, wrong = _await(caller, accepted)
        page = f"/v1/datasets/{dataset_id}/seeds?page_size=1000"
        seeds = len(caller.call("GET", page).json()["items"])
        pools_known = len(caller.call("GET", "/v1/datasets?page_size=1000").json()["items"]) - 1
        for program in kept:
            program.end()
        print(f"killed: {dict(killed[0])}; starts: { {k.name: k.starts for k in kept} }")
        print(f"clock set: {clock.end()} times")
        print(f"accepted: {len(accepted)}; ended: {dict(ended)}; wrong: {wrong}")
        print(f"seeds: {seeds} of {arguments.solves}; datasets: {pools_known} of {len(pools)}")
        print(f"requests sent: {caller.tries}; {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
