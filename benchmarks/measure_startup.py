"""How long commands take to start, against `python -c "import numpy"`.

Part of `benchmarks/measure_house.py --startup`. All commands take turns, so that what else the
machine does slows all of them alike; the first turn of each compiles and is not counted. On a busy
machine only the processor's seconds mean something.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from statistics import median

RUNS, SCENES = 7, 204
NUMPY = "import numpy"
PROBLEM = f"""\
import sys
import numpy as np
rng = np.random.default_rng(0)
kinds = rng.normal(size=(11, 384))
vectors = kinds[rng.integers(0, 11, {SCENES})] + 0.9 * rng.normal(size=({SCENES}, 384))
vectors *= rng.uniform(0.7, 0.95, ({SCENES}, 1)) / np.linalg.norm(vectors, axis=1, keepdims=True)
weights = 1 - np.einsum("nd,nd->n", vectors, vectors)
costs = np.round(1e6 * np.exp(rng.normal(0, 0.5, {SCENES})))
np.savez(sys.argv[1], weights=weights, vectors=vectors, costs=costs)
"""


def entry(root: Path) -> str:
    """Return what the script `seedal` of a tree runs."""
    scripts = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = scripts["seedal"].partition(":")
    return f"import sys; from {module} import {function}; sys.exit({function}())"


def seconds(root: Path, code: str, words: list[str]) -> tuple[float, float]:
    """Return the wall's and the processor's seconds of a process on the code of a tree."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, *words],
        check=True, cwd=root, env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(trees: dict[str, Path]) -> str:
    """Return a markdown table: the median of each command, and its ratio to numpy's import."""
    with tempfile.TemporaryDirectory() as folder:
        problem = Path(folder) / "problem.npz"
        seconds(Path(folder), PROBLEM, [str(problem)])
        commands = {"--version": ["--version"], "--help": ["--help"]}
        commands[f"solve, {SCENES} scenes"] = ["solve", str(problem), "--budget", "3%"]
        tasks = {("", f'python -c "{NUMPY}"'): (Path(folder), NUMPY, list[str]())}
        for name, root in trees.items():
            for label, words in commands.items():
                tasks[name, f"seedal {label}"] = (root, entry(root), words)
        turns = [{key: seconds(*task) for key, task in tasks.items()} for _ in range(RUNS + 1)]
    medians = {key: _medians([turn[key] for turn in turns[1:]]) for key in tasks}
    base, *_ = medians.values()
    head = "| command | tree | median, s | times numpy | processor, s | times numpy |"
    lines = [head, "|---|---|---:|---:|---:|---:|"]
    for (name, label), (wall, cpu) in medians.items():
        cells = f"{wall:.3f} | {wall / base[0]:.1f} | {cpu:.3f} | {cpu / base[1]:.1f}"
        lines.append(f"| `{label}` | {name} | {cells} |")
    return "\n".join(lines)


def _medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return median(wall for wall, _ in pairs), median(cpu for _, cpu in pairs)
