"""Each image's program starts with exactly what its lock has, and nothing of the tests' world."""

import os
import re
import signal
import subprocess
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import httpx2
import pytest
from packaging.requirements import Requirement
from serving import eventually, free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
OURS = ("app", "solver", "features", "demo_world")


def _locked(name: str) -> list[Requirement]:
    """Return what a lock asks for on this machine."""
    text = (ROOT / "docker" / "requirements" / f"{name}.txt").read_text()
    lines = re.findall(r"^([a-z0-9][^\\\n]*==[^\\\n]*)", text, re.MULTILINE)
    found = [Requirement(line.strip()) for line in lines]
    return [one for one in found if one.marker is None or one.marker.evaluate()]


def _plain_venv(folder: Path, name: str) -> Path:
    """Make an environment of links to what a lock has; return its Python.

    The versions are those of the lock, or the test fails. Directories that several packages share
    (``opentelemetry``, ``nvidia``) come as they are.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    for wanted in _locked(name):
        try:
            found = distribution(wanted.name)
        except PackageNotFoundError:
            pytest.fail(f"{wanted} of the {name} image is not among what is installed")
        assert found.version in wanted.specifier, wanted
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(found.locate_file(top))))
    for package in OURS:
        (site / package).symlink_to(ROOT / package)
    return folder / "bin" / "python"


def _environment(folder: Path, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"], "HOME": str(folder), "SEEDAL_DATA_DIR": str(folder / "data"),
        "SEEDAL_PORT": str(port), "PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1",
        "NUMBA_CACHE_DIR": str(folder / "numba"),
    }  # fmt: skip


def _imports(python: Path, module: str) -> bool:
    words = [
        str(python),
        "-c",
        f"import importlib.util as u, sys; sys.exit(not u.find_spec('{module}'))",
    ]
    return subprocess.run(words, check=False, env={"PYTHONSAFEPATH": "1"}).returncode == 0


@pytest.mark.enable_socket
def test_the_api_starts_without_torch(tmp_path: Path) -> None:
    """With the API's lock alone it answers, and neither torch nor FAISS can be imported."""
    python = _plain_venv(tmp_path / "venv", "api")
    assert [name for name in ("torch", "faiss", "timm", "pytest") if _imports(python, name)] == []
    port = free_port()
    words = [str(python), "-m", "app.cli.main", "serve", "--no-worker"]
    with subprocess.Popen(words, cwd=tmp_path, env=_environment(tmp_path, port)) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            with httpx2.Client(base_url=url, trust_env=False) as http:

                def ready() -> bool:
                    assert process.poll() is None
                    try:
                        return http.get("/readyz").is_success
                    except httpx2.TransportError:
                        return False

                eventually(ready, "the API is not ready")
                assert http.get("/static/plotly.min.js").is_success
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in {0, -signal.SIGTERM}  # uvicorn passes it on


def test_the_worker_starts_with_its_lock(tmp_path: Path) -> None:
    """With the worker's lock alone it is ready for jobs, and knows torch and FAISS."""
    python = _plain_venv(tmp_path / "venv", "worker")
    assert [name for name in ("torch", "faiss", "timm") if not _imports(python, name)] == []
    assert not _imports(python, "pytest")
    environment = _environment(tmp_path, 0)
    words = [str(python), "-m", "app.cli.main", "worker"]
    log = tmp_path / "log"
    with (
        log.open("wb") as stream,
        subprocess.Popen(words, cwd=tmp_path, env=environment, stderr=stream) as process,
    ):
        try:
            eventually(lambda: b"worker ready" in log.read_bytes(), "the worker is not ready")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
