"""Change the code in small ways, and see whether the tests notice.

    .venv/bin/python benchmarks/mutation.py [--only TARGET ...] [--named] [--sample NUMBER]
        [--seed S] [--minutes M] [--words WORD ...] [--list] [--out mutation.json]

A target is a file, or some functions of it, and the tests that should notice (`mutation_targets`).
Each mutant is put into a copy of the tree, and the tests run until the first failure. It is killed
if one fails, or if they take much longer than they do unchanged. Survivors are listed; a survivor
that changes nothing that a promise is about is listed with its reason beside the targets.
`--sample` takes the named ones and so many others at random, `--minutes` ends a target where its
time is over. Exit status 1 says that less than 95 % of a target's mutants were killed.
"""

import argparse
import importlib
import json
import math
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest
from mutants import Mutant, generated, named
from mutants_in_memory import Plugin, Trial, ended
from mutation_targets import EQUIVALENT, NAMED, TARGETS, Target

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("app", "benchmarks", "demo_world", "docs", "examples", "features", "solver", "tests")
# Imported once, before the tests are started again and again.
LIBRARIES = ("hypothesis.extra.numpy", "numba", "fastapi", "pydantic_settings", "sqlalchemy.orm",
             "structlog")  # fmt: skip
OPTIONS = ("-x", "-q", "--tb=no", "--no-header", "-p", "no:cacheprovider",
           "-W", "ignore::pytest.PytestAssertRewriteWarning")  # fmt: skip
# Seconds that tests may take beyond three times what they take unchanged.
PATIENCE = 20.0
WANTED = 0.95


def mutants_of(target: Target, *, only_named: bool = False) -> list[Mutant]:
    """Return the mutants of a target, the named ones first."""
    content = (ROOT / target.file).read_bytes()
    found = [named(target.file, content, *change) for change in NAMED.get(target.name, ())]
    if only_named:
        return found
    seen = {(mutant.start, mutant.old, mutant.new) for mutant in found}
    more = generated(target.file, content, target.functions)
    return [*found, *(m for m in more if (m.start, m.old, m.new) not in seen)]


@contextmanager
def copied_tree() -> Iterator[Path]:
    """Make a copy of the tree, compiled kernels included, and remove it again."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        tree = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, tree / name)
        for name in ("pyproject.toml", "README.md", "Makefile"):
            shutil.copy2(ROOT / name, tree / name)
        yield tree


@contextmanager
def changed(tree: Path, mutant: Mutant) -> Iterator[None]:
    """Put a mutant into the tree, and take it out again as if it had never been there."""
    path = tree / mutant.file
    before, content = path.stat(), path.read_bytes()
    cache = path.parent / "__pycache__"
    kept = {file: file.read_bytes() for file in cache.glob(f"{path.stem}.*")}
    try:
        path.write_bytes(mutant.applied(content))
        yield
    finally:
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        for file in cache.glob(f"{path.stem}.*"):
            file.unlink()
        for file, old in kept.items():
            file.write_bytes(old)


def tested(tree: Path, target: Target, limit: float) -> str:
    """Run a target's tests in a start of their own; return ``passed``, ``failed`` or ``late``.

    They run in a fork of this process, which has imported the libraries and nothing of the tree.
    """
    process = os.fork()
    if process == 0:
        os.setsid()
        _run_tests(tree, target)
    code = ended(process, limit)
    return "late" if code is None else ("passed" if code == 0 else "failed")


def _run_tests(tree: Path, target: Target, *plugins: Plugin) -> NoReturn:
    code = 1
    try:
        os.chdir(tree)
        sys.dont_write_bytecode = True
        os.environ["PYTHONPATH"] = str(tree)
        sys.path[:0] = [str(tree)]
        code = int(pytest.main([*OPTIONS, *target.tests], plugins=plugins))
    except BaseException:  # noqa: BLE001 nothing may come back to the parent's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


@dataclass(frozen=True)
class Asked:
    """Which mutants of a target are tried."""

    only_named: bool = False
    sample: int | None = None
    seed: int = 18
    minutes: float = math.inf
    words: tuple[str, ...] = ()

    def of(self, target: Target) -> list[Mutant]:
        """Return them in the order in which they are tried: named ones, then others at random."""
        every = mutants_of(target, only_named=self.only_named)
        first = len(NAMED.get(target.name, ()))
        others = every[first:]
        random.Random(self.seed).shuffle(others)  # noqa: S311 no secret
        found = [*every[:first], *others[: self.sample]]
        return [m for m in found if not self.words or any(word in m.name for word in self.words)]


@dataclass
class Row:
    """What became of the mutants of a target."""

    target: str
    possible: int
    counts: Counter[str] = field(default_factory=Counter)
    survivors: list[str] = field(default_factory=list)
    by: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    # Mutants that need a start of their own.
    apart: list[Mutant] = field(default_factory=list)

    def written(self) -> dict[str, Any]:
        """Return it for JSON."""
        return vars(self) | {"apart": [vars(mutant) for mutant in self.apart]}

    def note(self, mutant: Mutant, outcome: str, test: str) -> None:
        """Count a mutant."""
        self.counts["survived" if outcome == "passed" else "killed"] += 1
        if outcome == "passed":
            self.survivors.append(mutant.name)
            print(f"survived: {mutant.name}", flush=True)
        else:
            self.by[test or outcome] += 1


def judged(trial: Trial, targets: list[Target], asked: Asked) -> tuple[list[Row], float]:
    """Try mutants of targets that have the same tests; return rows, and the limit of time."""
    started = time.perf_counter()
    outcome = trial.unchanged(900.0, here=targets[0].file.startswith("solver/check/"))
    limit = 3.0 * (time.perf_counter() - started) + PATIENCE
    if outcome != "passed":
        message = f"{targets[0].name}: the tests are {outcome} as they are."
        raise RuntimeError(message)
    rows = []
    for target in targets:
        row = Row(target.name, len(mutants_of(target)))
        rows.append(row)
        started = time.perf_counter()
        for mutant in asked.of(target):
            if time.perf_counter() - started > 60.0 * asked.minutes:
                break
            if mutant.name in EQUIVALENT:
                row.counts["equivalent"] += 1
                continue
            outcome, test = trial.tried(mutant, limit)
            if outcome == "not here":
                row.apart.append(mutant)
            else:
                row.note(mutant, outcome, test)
        row.seconds = time.perf_counter() - started
        print(f"{row.target}: {dict(row.counts)}, {row.seconds:.0f} s", flush=True)
    return rows, limit


def _in_a_process(tree: Path, targets: list[Target], asked: Asked) -> list[Row]:
    """Judge targets in a fork: this process imports nothing of the tree."""
    kept = tree / "rows.json"

    def judge(trial: Trial) -> None:
        rows, limit = judged(trial, targets, asked)
        kept.write_text(json.dumps([[row.written() for row in rows], limit]))

    process = os.fork()
    if process == 0:
        _run_tests(tree, targets[0], Plugin(judge, lambda mutant: changed(tree, mutant)))
    os.waitpid(process, 0)
    if not kept.exists():
        message = f"{targets[0].name} was not judged."
        raise RuntimeError(message)
    entries, limit = json.loads(kept.read_text())
    kept.unlink()
    rows = []
    for target, entry in zip(targets, entries, strict=True):
        row = Row(**entry)
        row.counts, row.by = Counter(row.counts), Counter(row.by)
        row.apart = [Mutant(**mutant) for mutant in entry["apart"]]
        for mutant in row.apart:
            with changed(tree, mutant):
                row.note(mutant, tested(tree, target, limit), "")
        rows.append(row)
    return rows


def share(counts: Counter[str]) -> float:
    """Return the killed among those that change something."""
    return counts["killed"] / max(1, counts["killed"] + counts["survived"])


def run(targets: list[Target], out: Path | None, asked: Asked) -> bool:
    """Judge targets, print a table, write JSON; return whether all killed enough."""
    rows: list[Row] = []
    for library in LIBRARIES:
        importlib.import_module(library)
    alike: dict[tuple[str, ...], list[Target]] = {}
    for target in targets:
        alike.setdefault(target.tests, []).append(target)
    with copied_tree() as tree:
        for some in alike.values():
            rows += _in_a_process(tree, some, asked)
            if out is not None:
                out.write_text(json.dumps([row.written() for row in rows], indent=1))
    print("| target | changes | tried | killed | survived | no difference | killed, % |")
    print("|---|---|---|---|---|---|---|")
    total = Row("all", sum(row.possible for row in rows))
    for row in rows:
        total.counts += row.counts
    for row in (*rows, total):
        counts = row.counts
        print(
            f"| {row.target} | {row.possible} | {counts.total()} | {counts['killed']} "
            f"| {counts['survived']} | {counts['equivalent']} | {100 * share(counts):.1f} |"
        )
    return all(share(row.counts) >= WANTED for row in rows)


def main() -> None:
    """Run the targets that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=[target.name for target in TARGETS])
    parser.add_argument("--named", action="store_true", help="only those that have a name")
    parser.add_argument("--sample", type=int, help="so many others at most of each target")
    parser.add_argument("--seed", type=int, default=18, help="of the order of the others")
    parser.add_argument("--minutes", type=float, default=math.inf, help="for each target at most")
    parser.add_argument("--words", nargs="*", default=[], help="only mutants named with one")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--list", action="store_true", help="name the mutants and run none")
    arguments = parser.parse_args()
    asked = Asked(arguments.named, arguments.sample, arguments.seed, arguments.minutes,
                  tuple(arguments.words))  # fmt: skip
    targets = [target for target in TARGETS if target.name in arguments.only]
    if arguments.list:
        for target in targets:
            for mutant in asked.of(target):
                print(mutant.name)
        return
    raise SystemExit(0 if run(targets, arguments.out, asked) else 1)


if __name__ == "__main__":
    main()
