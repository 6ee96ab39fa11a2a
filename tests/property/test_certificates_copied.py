"""A copy of the checker's folder is a checker: it needs numpy, and nothing of this project."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bases import FEASIBLE, base

ROOT = Path(__file__).parents[2]

# As `python -m check` in the folder, without anything else on the path; then what was imported.
_ASKED = """
import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
loaded = set(sys.modules)
try:
    runpy.run_module("check", run_name="__main__", alter_sys=True)
except SystemExit as ended:
    new = {name.partition(".")[0] for name in set(sys.modules) - loaded}
    print("imported", *sorted(new - set(sys.stdlib_module_names)))
    raise
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the folder to where nothing else is."""
    folder = tmp_path_factory.mktemp("stranger")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "solver" / "check", folder / "check", ignore=ignored)
    return folder


def _ask(folder: Path, problem: Path, proof: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", _ASKED, str(folder), str(problem), str(proof)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", FEASIBLE)
def test_a_copy_accepts_and_refuses(copied: Path, name: str) -> None:
    """0 and a sentence for what holds, 1 for what does not; only numpy is imported beside it."""
    right = base(name)
    problem, proof = copied / f"{name}.npz", copied / f"{name}.json"
    np.savez(problem, **right.arrays)
    proof.write_bytes(right.content)
    held = _ask(copied, problem, proof)
    assert held.returncode == 0, held.stderr
    assert held.stdout.startswith("The certificate holds: ")
    allowed = {"numpy", "check"}
    assert set(held.stdout.splitlines()[-1].split()[1:]) <= allowed
    proof.write_text(json.dumps({**right.cert, "objective": right.cert["objective"] + 1.0}))
    refused = _ask(copied, problem, proof)
    assert refused.returncode == 1
    assert "The certificate holds" not in refused.stdout
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_copy_says_what_it_cannot_read(copied: Path) -> None:
    """2 where a file is missing, or is no problem."""
    other = copied / "other.npz"
    other.write_bytes(b"no archive")
    for problem in (copied / "absent.npz", other):
        ended = _ask(copied, problem, copied / "absent.json")
        assert ended.returncode == 2
        assert len(ended.stderr.strip().splitlines()) == 1


def test_the_folder_imports_numpy_and_the_standard_library_alone() -> None:
    """Whatever it imports, anywhere in it, is its own, numpy, or Python's."""
    named = set()
    for path in (ROOT / "solver" / "check").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                named.add(str(node.module).partition(".")[0])
    assert named - set(sys.stdlib_module_names) == {"numpy"}
