"""Fuzz every reader in turn: ``python tests/fuzz/run.py [READER ...] --minutes 10``.

Each reader gets slices of CPU time in a process of its own (`one.py`), until all have as much as
was asked for. What was tried before is kept: the same folder again goes on from there, and only a
reader whose code has changed is fuzzed anew with ``--anew``. A table is written after each round.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
SLICE_S = 60


def main() -> int:
    """Fuzz, and return 1 where something was found."""
    from seeds import seeds  # noqa: PLC0415  needs the path below
    from targets import TARGETS  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=", ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=10, help="of CPU time for each reader")
    # Readers run in folders of their own, so a path that is relative would be another there.
    parser.add_argument("--folder", type=lambda text: Path(text).resolve(), default=HOME / "fuzz")
    parser.add_argument("--anew", action="store_true", help="forget what was counted before")
    asked = parser.parse_args()
    readers = asked.readers or list(TARGETS)
    for name in readers:
        folder = asked.folder / name
        if asked.anew:
            for old in [*folder.glob("finding-*"), *folder.glob("*.json*"), folder / "slowest"]:
                old.unlink(missing_ok=True)
        (folder / "corpus").mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds(name)):
            (folder / "corpus" / f"seed-{number}").write_bytes(seed)
    while behind := [n for n in readers if _total(asked.folder / n)["cpu_s"] < 60 * asked.minutes]:
        for name in behind:
            left = 60 * asked.minutes - _total(asked.folder / name)["cpu_s"]
            _run(name, asked.folder / name, min(SLICE_S, left + 1))
            _write(asked.folder, list(TARGETS))
    return int(any(_notes(asked.folder / name) for name in readers))


def _run(name: str, folder: Path, seconds: float) -> None:
    options = [f"-max_total_time={seconds:.0f}", "-timeout=120", "-rss_limit_mb=4096"]
    options += [
        "-max_len=16384",
        "-verbosity=0",
        f"-artifact_prefix={folder}/",
        str(folder / "corpus"),
    ]
    command = [sys.executable, str(HOME / "tests/fuzz/one.py"), name, str(folder), *options]
    with (folder / "log").open("wb") as log:
        ended = subprocess.run(command, stdout=log, stderr=log, check=False, cwd=folder)
    state = _read(folder / "state.json")
    (folder / "state.json").unlink(missing_ok=True)
    with (folder / "runs.jsonl").open("a") as runs:
        runs.write(json.dumps({**state, "code": ended.returncode}) + "\n")
    if ended.returncode:
        (left,) = folder.glob("input.*")
        kept = folder / f"finding-crash-{time.time_ns()}{left.suffix}"
        shutil.copy(left, kept)
        contained = _is_contained(name, kept)
        what = "the guard makes one sentence of it" if contained else "the product does not bear it"
        note = {"where": f"native {ended.returncode}", "what": what, "input": kept.name}
        with (folder / "notes.jsonl").open("a") as notes:
            notes.write(json.dumps({**note, "contained": contained}) + "\n")


def _is_contained(name: str, path: Path) -> bool:
    """Tell whether the product, which reads in a guarded process, refuses a file in a sentence."""
    command = [sys.executable, str(HOME / "tests/fuzz/guarded.py"), name, str(path)]
    return subprocess.run(command, check=False, timeout=600).returncode == 0


def _read(path: Path) -> dict[str, float]:
    return json.loads(path.read_text()) if path.exists() else {}


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.open()] if path.exists() else []


def _notes(folder: Path) -> list[dict[str, object]]:
    return [note for note in _lines(folder / "notes.jsonl") if not note.get("contained")]


def _total(folder: Path) -> dict[str, float]:
    runs = _lines(folder / "runs.jsonl")
    sums = {key: sum(run.get(key, 0) for run in runs) for key in ("inputs", "accepted", "cpu_s")}
    most = {
        key: max((run.get(key, 0) for run in runs), default=0) for key in ("slowest_s", "memory")
    }
    return {**sums, **most, "crashes": sum(bool(run["code"]) for run in runs)}


def _write(folder: Path, readers: list[str]) -> None:
    table = {
        name: {**_total(folder / name), "findings": len(_notes(folder / name))} for name in readers
    }
    (folder / "table.json").write_text(json.dumps(table, indent=1))
    head = ("reader", "CPU minutes", "inputs", "accepted", "findings", "contained crashes")
    lines = [(*head, "slowest, CPU s", "memory, MB"), ("---", *["---:"] * 7)]
    for name, row in table.items():
        numbers = (f"{row['cpu_s'] / 60:.1f}", f"{row['inputs']:,}", f"{row['accepted']:,}")
        rest = (f"{row['slowest_s']:.2f}", f"{row['memory'] / 1e6:.0f}")
        lines.append((f"`{name}`", *numbers, str(row["findings"]), str(row["crashes"]), *rest))
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    (folder / "table.md").write_text(text)


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(HOME)]
    sys.exit(main())
