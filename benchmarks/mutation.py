"""Change the code in small ways, and see whether the tests notice.

    .venv/bin/python benchmarks/mutation.py [--only TARGET ...] [--named] [--list]
        [--out mutation.json]

A target is a file, or some functions of it, and the tests that should notice (`mutation_targets`).
Each mutant is written into a copy of the tree, and the tests run until the first failure. It is
killed if one fails, or if they take much longer than they do unchanged. Survivors are listed; a
survivor that changes nothing that a promise is about is listed with its reason beside the targets.
Exit status 1 says that less than 95 % of a target's mutants were killed.
"""

import argparse
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from mutants import Mutant, generated, named
from mutation_targets import EQUIVALENT, NAMED, TARGETS, Target

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("app", "benchmarks", "demo_world", "docs", "examples", "features", "solver", "tests")
# Imported once, before the tests are started again and again.
LIBRARIES = ("hypothesis.extra.numpy", "numba", "fastapi", "pydantic_settings", "sqlalchemy.orm",
             "structlog")  # fmt: skip
OPTIONS = ("-x", "-q", "--no-header", "-p", "no:cacheprovider",
           "-W", "ignore::pytest.PytestAssertRewriteWarning")  # fmt: skip
# Rooms of the tree that are imported once as well, if they do not need what is changed.
ROOMS = ("solver.search.local_search", "solver.signatures.large", "solver.pairs.solve",
         "solver.sets.solve", "solver.verify", "solver.ranking", "solver.frontier", "app.main",
         "features.sources.registry")  # fmt: skip
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


def tested(tree: Path, target: Target, limit: float) -> tuple[str, str]:
    """Run a target's tests; return ``passed``, ``failed`` or ``late``, and what was said last.

    They run in a fork of this process, which has imported the libraries and nothing of the tree.
    """
    with tempfile.TemporaryFile() as said:
        process = os.fork()
        if process == 0:
            _run_tests(tree, target, said.fileno())
        code = _ended(process, limit)
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines()
    if code is None:
        return "late", ""
    wrong = [line for line in lines if line.startswith(("FAILED", "ERROR", "E  ", "ImportError"))]
    return ("passed" if code == 0 else "failed"), (wrong or lines or [""])[-1][:400]


def _run_tests(tree: Path, target: Target, said: int) -> NoReturn:
    code = 1
    try:
        os.setsid()
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.chdir(tree)
        sys.dont_write_bytecode = True
        os.environ["PYTHONPATH"] = str(tree)
        code = int(pytest.main([*OPTIONS, *target.tests]))
    except BaseException:  # noqa: BLE001 nothing may come back to the parent's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _ended(process: int, limit: float) -> int | None:
    """Return how a process ended; None where it had to be stopped."""
    until = time.perf_counter() + limit
    while time.perf_counter() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None


def _import_what_stays(tree: Path, target: Target) -> None:
    """Import libraries, and rooms of the tree that do not import what is changed."""
    for library in LIBRARIES:
        importlib.import_module(library)
    sys.path[:0] = [str(tree)]
    changed_module = target.file.removesuffix(".py").replace("/", ".")
    for room in ROOMS:
        process = os.fork()
        if process == 0:
            needs = True
            try:
                importlib.import_module(room)
                needs = changed_module in sys.modules
            finally:
                os._exit(needs)
        if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0:
            importlib.import_module(room)


def judged(tree: Path, target: Target, out: Path, *, only_named: bool) -> None:
    """Run all mutants of a target; write its row of the table."""
    _import_what_stays(tree, target)
    started = time.perf_counter()
    outcome, said = tested(tree, target, 600.0)
    if outcome != "passed":
        message = f"{target.name}: the tests are {outcome} as they are: {said}"
        raise RuntimeError(message)
    limit = 3.0 * (time.perf_counter() - started) + PATIENCE
    counts: Counter[str] = Counter()
    survivors, by = [], Counter[str]()
    for mutant in mutants_of(target, only_named=only_named):
        reason = EQUIVALENT.get(mutant.name)
        if reason is not None:
            counts["equivalent"] += 1
            continue
        with changed(tree, mutant):
            outcome, said = tested(tree, target, limit)
        counts["survived" if outcome == "passed" else "killed"] += 1
        if counts.total() % 10 == 0:
            print(f"{target.name}: {counts.total()} so far", flush=True)
        if outcome == "passed":
            survivors.append(mutant.name)
            print(f"survived: {mutant.name}", flush=True)
        else:
            by[said.partition(" - ")[0] if outcome == "failed" else "late"] += 1
    seconds = time.perf_counter() - started
    row = {"target": target.name, "counts": counts, "survivors": survivors, "by": by,
           "seconds": seconds}  # fmt: skip
    out.write_text(json.dumps(row))


def _in_a_process(tree: Path, target: Target, *, only_named: bool) -> dict[str, Any]:
    """Judge a target in a fork: another target may change what this one imports once."""
    row = tree / "row.json"
    process = os.fork()
    if process == 0:
        code = 1
        try:
            judged(tree, target, row, only_named=only_named)
            code = 0
        except BaseException:  # noqa: BLE001 nothing may come back to the parent's code
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) != 0:
        message = f"{target.name} was not judged."
        raise RuntimeError(message)
    found: dict[str, Any] = json.loads(row.read_text())
    found["counts"] = Counter(found["counts"])
    return found


def share(counts: Counter[str]) -> float:
    """Return the killed among those that change something."""
    return counts["killed"] / max(1, counts["killed"] + counts["survived"])


def run(targets: list[Target], out: Path | None, *, only_named: bool) -> bool:
    """Judge targets, print a table, write JSON; return whether all killed enough."""
    rows = []
    with copied_tree() as tree:
        for target in targets:
            rows.append(_in_a_process(tree, target, only_named=only_named))
            counts = rows[-1]["counts"]
            print(f"{target.name}: {dict(counts)}, {rows[-1]['seconds']:.0f} s", flush=True)
            if out is not None:
                out.write_text(json.dumps(rows, indent=1))
    print("| target | mutants | killed | survived | no difference | killed, % |")
    print("|---|---|---|---|---|---|")
    total: Counter[str] = Counter()
    for name, counts in [*((row["target"], row["counts"]) for row in rows), ("all", total)]:
        total += counts if counts is not total else Counter()
        print(
            f"| {name} | {sum(counts.values())} | {counts['killed']} | {counts['survived']} "
            f"| {counts['equivalent']} | {100 * share(counts):.1f} |"
        )
    return all(share(row["counts"]) >= WANTED for row in rows)


def main() -> None:
    """Run the targets that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=[target.name for target in TARGETS])
    parser.add_argument("--named", action="store_true", help="only those that have a name")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--list", action="store_true", help="name the mutants and run none")
    arguments = parser.parse_args()
    targets = [target for target in TARGETS if target.name in arguments.only]
    if arguments.list:
        for target in targets:
            for mutant in mutants_of(target, only_named=arguments.named):
                print(mutant.name)
        return
    raise SystemExit(0 if run(targets, arguments.out, only_named=arguments.named) else 1)


if __name__ == "__main__":
    main()
