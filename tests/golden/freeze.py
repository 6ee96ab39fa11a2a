"""Write the golden answers anew, and print what changed.

::

    python tests/golden/freeze.py            # all of them
    python tests/golden/freeze.py -k frontier  # those of the tests that pytest selects so

Answers are frozen on purpose only: a commit that changes one names the change it meant.
"""

import difflib
import os
import subprocess
import sys
from pathlib import Path

from stored import ANSWERS, FREEZE


def _read() -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(ANSWERS.glob("*.json"))}


def main(words: list[str]) -> int:
    """Run the golden tests in writing mode; return pytest's exit status."""
    before = _read()
    if not words:  # questions that are asked no more go, too
        for name in before:
            (ANSWERS / name).unlink()
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "pytest", "tests/golden", "-q", "-p", "no:randomly", *words]
    done = subprocess.run(command, cwd=root, env=os.environ | {FREEZE: "1"}, check=False)
    after = _read()
    for name in sorted(before | after):
        old, new = (texts.get(name, "").splitlines() for texts in (before, after))
        for line in difflib.unified_diff(old, new, f"before/{name}", f"after/{name}", lineterm=""):
            sys.stdout.write(f"{line}\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
