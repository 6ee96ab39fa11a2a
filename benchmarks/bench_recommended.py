"""How long a recommended seed takes, and what memory: ``make bench-recommended`` (two minutes).

    python benchmarks/bench_recommended.py --scenes 300 2000 20000 --out bench-recommended.json

Pools are drawn: scenes of one image, 48 patches of 64 numbers each, of 400 kinds of things. What is
timed begins with files of signatures and pseudo-tasks, as in a solve process. Each pool has a
process of its own: the first answer within half a second of search, as the page asks for it, the
same again, and one within the time limit.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.choosing.question import options_of
from app.choosing.seeding import make_seed
from app.choosing.tasks import StoredQuestion
from features.pseudo_tasks import tasks_path
from features.signing import SceneVectors, sign

_PATCHES, _CHANNELS, _KINDS = 48, 64, 400
_KEY: Final = "drawn"
_LIMITS: Final = {300: 10.0, 2_000: 10.0, 20_000: 60.0}
_MIB: Final = 2**20


def _draw(folder: Path, n: int) -> None:
    """Write the signatures and the pseudo-tasks of a pool."""
    kinds = np.random.default_rng(0).normal(size=(_KINDS, _CHANNELS))

    def read(scene_id: str) -> SceneVectors:
        rng = np.random.default_rng(int(scene_id))
        shown = rng.choice(rng.choice(_KINDS, 12), _PATCHES)
        rows = kinds[shown] + 0.5 * rng.normal(size=(_PATCHES, _CHANNELS))
        return SceneVectors(rows.astype(np.float32), np.full(_PATCHES, 784 / _PATCHES))

    sign(folder, _KEY, [str(k) for k in range(n)], read, clusters=13)


def _answer(folder: Path, n: int, limit: float) -> dict[str, Any]:
    """Answer in this process: at once, again, and with time."""
    path = folder / "signatures" / f"{_KEY}.npz"
    costs = np.random.default_rng(1).uniform(1.0, 20.0, n)
    found: dict[str, Any] = {"scenes": n, "limit_s": limit}
    for name, seconds in (("first_s", 0.5), ("again_s", 0.5), ("whole_s", limit)):
        question = StoredQuestion(
            path=path,
            costs=costs,
            budget=0.05 * float(costs.sum()),
            objective="recommended",
            options=options_of(strategy="auto", time_limit_s=seconds, gap=0.0, random_seed=0),
        )
        started = time.perf_counter()
        answer = make_seed(question.load())
        found[name] = time.perf_counter() - started
        found[name.replace("_s", "_gap")] = answer.result.gap
    found["objective"] = answer.objective
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    files = [path, tasks_path(path)]
    found["peak_mib"] = peak / _MIB
    found["files_mib"] = sum(file.stat().st_size for file in files) / _MIB
    return found


def _measured(n: int) -> dict[str, Any]:
    """Draw a pool in one process, and answer in another."""
    with tempfile.TemporaryDirectory() as folder:
        for step in ("--draw", "--answer"):
            words = [sys.executable, __file__, "--scenes", str(n), step, folder]
            done = subprocess.run(words, check=True, stdout=subprocess.PIPE)  # noqa: S603 our own program
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure, print a table, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, nargs="+", default=[300, 2_000])
    parser.add_argument("--out", type=Path, default=Path("bench-recommended.json"))
    parser.add_argument("--draw", type=Path, help="only draw the pool into a folder")
    parser.add_argument("--answer", type=Path, help="only answer about the pool of a folder")
    given = parser.parse_args()
    if given.draw:
        _draw(given.draw, given.scenes[0])
    elif given.answer:
        n = given.scenes[0]
        print(json.dumps(_answer(given.answer, n, _LIMITS.get(n, 10.0))))
    else:
        rows = []
        print("| scenes | first answer | again | whole | limit | gap | peak memory | files |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for n in given.scenes:
            rows.append(row := _measured(n))
            times = " | ".join(f"{row[name]:.2f} s" for name in ("first_s", "again_s", "whole_s"))
            print(
                f"| {n:,} | {times} | {row['limit_s']:.0f} s | {row['whole_gap']:.2%} | "
                f"{row['peak_mib']:,.0f} MiB | {row['files_mib']:,.0f} MiB |",
                flush=True,
            )
        given.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
