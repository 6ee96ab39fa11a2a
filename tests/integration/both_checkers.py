"""Both ways to check a certificate: `seedal verify`, and the checker copied out of the project."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from second_checker import second_check

import solver.check
from app.cli.main import main


def held(problem: Path, proof: Path, *words: object) -> dict[str, Any]:
    """Check a certificate by both, and by the tests' own second checker; return it.

    Parameters
    ----------
    problem, proof
        The two files.
    words
        Further words for `seedal verify`.
    """
    assert main(["verify", str(problem), str(proof), *map(str, words)]) == 0
    done = alone(problem, proof)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The certificate holds: ")
    second_check(problem, proof.read_bytes())
    certificate: dict[str, Any] = json.loads(proof.read_bytes())
    return certificate


def alone(problem: Path, proof: Path) -> "subprocess.CompletedProcess[str]":
    """Run a copy of the checker in a folder that has nothing else of the project."""
    folder = proof.absolute().parent / "elsewhere"
    if not folder.exists():
        shutil.copytree(Path(solver.check.__file__).parent, folder / "check")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", "check", str(problem.absolute()), str(proof.absolute())],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
