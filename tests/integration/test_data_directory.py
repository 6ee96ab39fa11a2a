"""A data directory that cannot be used is one sentence; what can be read of it is read."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from planted import plant
from serving import client_of, eventually, free_port

from app.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

_ROOT: Final = Path(__file__).resolve().parents[2]
_MISTAKE: Final = 2


def _words(*words: str) -> list[str]:
    """Return a command that obeys permissions, root's too."""
    obeying = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    prefix = obeying if os.geteuid() == 0 else []
    if prefix and shutil.which(prefix[0]) is None:
        pytest.skip("root may write everywhere, and setpriv is not installed")
    return [*prefix, sys.executable, "-m", "app.cli.main", *words]


def _run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        _words(*words), cwd=_ROOT, env=environment, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


def _file(folder: Path) -> Path:
    (folder / "data").write_text("a file", encoding="utf-8")
    return folder / "data"


def _below_a_file(folder: Path) -> Path:
    return _file(folder) / "data"


def _read_only(folder: Path) -> Path:
    (folder / "data").mkdir(mode=0o500)
    return folder / "data"


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("worker",)], ids=["serve", "worker"])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_file, "File exists"),
        (_below_a_file, "Not a directory"),
        (_read_only, "Permission denied"),
    ],
)
def test_a_directory_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, make: Callable[[Path], Path], reason: str, words: tuple[str, ...]
) -> None:
    """Nothing starts, and the sentence names the directory and what is wrong with it."""
    path = make(tmp_path)
    done = _run(*words, "--data-dir", str(path))
    assert done.returncode == _MISTAKE
    assert done.stderr == f"seedal: The data directory {path} cannot be used: {reason}.\n"


def _lock(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o500 if path.is_dir() else 0o400)


@pytest.fixture
def unlock(tmp_path: Path) -> Iterator[None]:
    """Let the folder be removed afterwards."""
    yield
    for path in (tmp_path, *tmp_path.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)


@pytest.mark.usefixtures("unlock")
def test_a_cache_that_may_only_be_read_is_read(
    manifest: Callable[..., Path], tmp_path: Path
) -> None:
    """What is stored is used; what would have to be stored is one sentence."""
    words = ("select", "--root", str(manifest()), "--budget", "40%", "--backbone", "colour_grid")
    words += ("--json", "--data-dir", str(tmp_path / "data"), "--out", str(tmp_path / "out"))
    first = _run(*words)
    assert first.returncode == 0, first.stderr
    _lock(tmp_path / "data" / "cache")

    def scenes(done: subprocess.CompletedProcess[str]) -> Any:  # noqa: ANN401 JSON
        return json.loads(done.stdout)["scenes"]

    again = _run(*words)
    assert again.returncode == 0, again.stderr
    assert scenes(again) == scenes(first)
    other = _run(*words, "--objective", "spread")  # its answer alone cannot be kept
    assert other.returncode == 0, other.stderr
    more = _run(*words, "--clusters", "2")
    assert more.returncode == _MISTAKE
    assert more.stderr.count("\n") == 1 or "Traceback" not in more.stderr
    assert "Permission denied" in more.stderr.splitlines()[-1]


@pytest.mark.usefixtures("unlock")
def test_a_service_whose_directory_is_locked_says_so_and_recovers(tmp_path: Path) -> None:
    """It is not ready, it still answers what it knows, and it is ready once it may write again."""
    settings = Settings(data_dir=tmp_path / "data", port=free_port(), solve_processes=1)
    dataset = plant(settings, 20)
    with subprocess.Popen(
        _words("serve", "--no-worker"),
        cwd=_ROOT,
        env={**os.environ, **settings.environment(), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            with client_of(settings, process) as http:
                _try_locked(http, settings, dataset)
        finally:
            process.kill()


def _try_locked(http: httpx2.Client, settings: Settings, dataset: str) -> None:
    path = f"/v1/datasets/{dataset}"
    folders = [settings.data_dir, settings.uploads_dir]
    settings.uploads_dir.mkdir(exist_ok=True)
    for folder in folders:
        folder.chmod(0o500)
    answer = http.get("/readyz")
    assert answer.status_code == 503
    assert "data directory cannot be written" in answer.json()["detail"]
    assert http.get("/livez").is_success
    assert http.get(path).json()["status"] == "ready"
    octets = {"Content-Type": "application/octet-stream"}
    line = b'{"scene_id": "a", "cost": 1}\n'
    refused = http.post("/v1/manifests", content=line, headers=octets)
    assert refused.status_code in {500, 503}, refused.text
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    for folder in folders:
        folder.chmod(0o700)

    def is_ready() -> bool:
        with contextlib.suppress(httpx2.TransportError):  # the line of the upload may be shut
            return http.get("/readyz").is_success
        return False

    eventually(is_ready, "it does not get ready again")
    assert http.post("/v1/manifests", content=line, headers=octets).is_success
    assert http.post(f"{path}/seeds", json={"budget": {"fraction": 0.3}}, timeout=60).is_success
