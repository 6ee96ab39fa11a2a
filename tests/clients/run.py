"""Try clients that others' tools generate, and the MCP server: ``make test-clients``.

Their tools are installed into an environment of their own under ``build/clients``, in the versions
of ``requirements.txt`` and ``package.json`` beside this file, and are kept for the next run.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD: Final = ROOT / "build" / "clients"
HERE: Final = Path(__file__).parent


def environment() -> Path:
    """Return the Python of the environment, which is made where it is not there."""
    folder = BUILD / "python"
    python, stamp = folder / "bin" / "python", folder / ".installed"
    listed = HERE / "requirements.txt"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not stamp.exists() or stamp.read_text() != listed.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run([*install, "--requirement", listed], check=True)
        stamp.write_text(listed.read_text())
    ours = [ROOT / "clients" / name for name in ("python", "mcp")]  # as they are today
    copies = [shutil.copytree(one, BUILD / "ours" / one.name, dirs_exist_ok=True) for one in ours]
    subprocess.run([*install, "--force-reinstall", "--no-deps", *copies], check=True)
    subprocess.run([*install, *copies], check=True)
    return python


def packages() -> Path:
    """Return the folder with the packages for TypeScript, installed where they are not there."""
    folder = BUILD / "typescript"
    listed, stamp = HERE / "package.json", folder / ".installed"
    if not stamp.exists() or stamp.read_text() != listed.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(listed, folder)
        quiet = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(["npm", "install", *quiet], cwd=folder, check=True)
        stamp.write_text(listed.read_text())
    return folder


def main() -> int:
    """Install what is missing, run the tests, and return their status."""
    BUILD.mkdir(parents=True, exist_ok=True)
    made = {"SEEDAL_CLIENTS_PYTHON": environment(), "SEEDAL_CLIENTS_TYPESCRIPT": packages()}
    command = [sys.executable, "-m", "pytest", str(HERE), *sys.argv[1:]]
    variables = {name: str(place) for name, place in made.items()}
    return subprocess.run(command, cwd=ROOT, env=os.environ | variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
