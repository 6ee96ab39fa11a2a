"""Run the tests that need annotation platforms' own programs: ``make test-platforms``.

The programs are installed into environments of their own under ``build/platforms``, and Label
Studio's database is made there once. Both are kept for the next run.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD: Final = ROOT / "build" / "platforms"
HERE: Final = Path(__file__).parent

PROGRAMS: Final = {
    "label-studio": ("label-studio==1.23.2",),
    "sdk": ("cvat-sdk==2.80.0", "segments-ai==1.33.0"),
}
"""What is installed, by environment."""


def environment(name: str) -> Path:
    """Return the Python of an environment, which is made where it is not there."""
    folder = BUILD / name
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    wanted = "\n".join(PROGRAMS[name])
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *PROGRAMS[name]], check=True)
        stamp.write_text(wanted)
    return python


def main() -> int:
    """Install what is missing, run the tests, and return their status."""
    BUILD.mkdir(parents=True, exist_ok=True)
    variables = {
        "SEEDAL_LABEL_STUDIO": str(environment("label-studio").parent / "label-studio"),
        "SEEDAL_SDK_PYTHON": str(environment("sdk")),
        "SEEDAL_PLATFORMS_BUILD": str(BUILD),
    }
    command = [sys.executable, "-m", "pytest", str(HERE), *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, env=os.environ | variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
