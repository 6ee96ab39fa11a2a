"""What the README and the examples say works as written."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.main import main
from demo_world.world import write_world

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small generated building."""
    folder = tmp_path_factory.mktemp("demo") / "world"
    return write_world(folder, rooms=8, images_per_room=2, size=(64, 48)).parent


def _environment(tmp_path: Path, world: Path) -> dict[str, str]:
    """Return the environment of the examples: our commands first, a fast backbone, a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        "SEEDAL_DATA_DIR": str(tmp_path / "data"),
        "SEEDAL_PORT": str(port),
        "API": f"http://127.0.0.1:{port}",
        "BACKBONE": "colour_grid",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients" / "python")]),
        "WORLD": str(world),
        "OUT": str(tmp_path / "seed"),
    }


@pytest.fixture
def server(tmp_path: Path, world: Path) -> Iterator[dict[str, str]]:
    """Run `seedal serve` on the building and return the environment that finds it."""
    environment = _environment(tmp_path, world)
    words = [sys.executable, "-m", "app.cli.main", "serve", "--file-root", str(world)]
    with subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        _wait_for(f"{environment['API']}/readyz")
        yield environment
        process.send_signal(signal.SIGTERM)


def _wait_for(url: str) -> bytes:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                content: bytes = response.read()
                return content
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_the_readme_shows_the_python_example_as_it_is() -> None:
    """The Python block of the README is the file under examples/."""
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block == (ROOT / "examples" / "your_own_vectors.py").read_text()


def test_the_readme_names_no_command_that_does_not_exist() -> None:
    """Every `make` target and every `seedal` command of the README exists."""
    text = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets
    help_text = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(name in help_text for name in re.findall(r"\bseedal (serve|select|demo)\b", text))


def test_the_python_example_runs() -> None:
    """The library example chooses scenes within its budget."""
    result = subprocess.run(
        [sys.executable, "examples/your_own_vectors.py"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"^\d+ scenes for \d+ of 1000$", result.stdout, re.MULTILINE)


@pytest.mark.enable_socket
def test_the_shell_example_runs(tmp_path: Path, world: Path) -> None:
    """The shell example writes its seed."""
    if shutil.which("seedal", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("the package is not installed in this environment")
    environment = _environment(tmp_path, world)
    subprocess.run(["examples/select.sh"], cwd=ROOT, env=environment, check=True)
    assert (tmp_path / "seed" / "seed.csv").read_text().startswith("rank,scene_id,group")


@pytest.mark.enable_socket
@pytest.mark.skipif(shutil.which("curl") is None, reason="the example is about curl")
def test_the_http_example_runs(server: dict[str, str]) -> None:
    """The curl example, from an empty data directory, ends with a seed within its budget."""
    result = subprocess.run(
        ["examples/http.sh"], cwd=ROOT, env=server, capture_output=True, text=True, check=True
    )
    seed = json.loads(result.stdout)
    assert 0 < seed["total_cost"] <= seed["budget"]["limit"]


@pytest.mark.enable_socket
def test_the_client_example_works(server: dict[str, str], world: Path) -> None:
    """The typed client registers, waits, asks and lists."""
    manifest = (world / "scenes.jsonl").resolve().as_uri()
    result = subprocess.run(
        [sys.executable, "examples/client.py", manifest, "0.4"],
        cwd=ROOT,
        env=server,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "certified within" in result.stdout.splitlines()[0]
    assert result.stdout.splitlines()[1].startswith("1 ")


def test_the_demo_ends_with_a_seed_and_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`seedal demo --no-serve` generates a world, runs the real pipeline and draws the seed.

    What it computed is there for `seedal select`, as the README's example asks.
    """
    monkeypatch.setenv("SEEDAL_DATA_DIR", str(tmp_path / "kept"))
    monkeypatch.setattr("app.cli.demo.BACKBONE", "colour_grid")
    words = ["demo", "--no-serve", "--rooms", "6", "--budget", "50%", "--out", str(tmp_path)]
    assert main(words) == 0
    assert (tmp_path / "seed" / "contact_sheet.png").read_bytes().startswith(b"\x89PNG")
    assert "6 scenes" in capsys.readouterr().out
    source = ["--root", str(tmp_path / "world" / "scenes.jsonl"), "--backbone", "colour_grid"]
    words = ["select", *source, "--budget", "30%", "--out", str(tmp_path / "other"), "--json"]
    assert main(words) == 0
    stages = json.loads(capsys.readouterr().out)["stages"]
    computed = {stage["name"]: stage["computed"] for stage in stages}
    assert computed["vectors"] == computed["signatures"] == computed["index"] == 0


@pytest.mark.enable_socket
def test_the_demo_serves_its_world(tmp_path: Path, world: Path) -> None:
    """`seedal demo` registers its world with its own server, and says where the explorer is."""
    environment = _environment(tmp_path, world)
    words = [sys.executable, "-m", "app.cli.main", "demo", "--rooms", "3", "--budget", "70%"]
    with subprocess.Popen(
        [*words, "--out", str(tmp_path)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any("explorer at http://127.0.0.1:" in line for line in process.stderr)
        datasets = json.loads(_wait_for(f"{environment['API']}/v1/datasets"))["items"]
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    assert [dataset["name"] for dataset in datasets] == ["Demo building"]
    assert process.returncode in {0, 130}


@pytest.mark.enable_socket
def test_the_example_of_two_rounds_runs(server: dict[str, str], tmp_path: Path) -> None:
    """Priorities go out, labels come in, and the second seed spends what they leave."""
    result = subprocess.run(
        ["sh", str(ROOT / "examples" / "rounds.sh")],
        cwd=tmp_path,
        env=server,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "rank,scene_id,priority_high,priority_0_1,priority_1_5" in result.stdout
    labelled = int(re.search(r"labelled so far: (\d+) scenes", result.stdout)[1])  # type: ignore[index]
    chosen = int(re.search(r"second round: (\d+) scenes", result.stdout)[1])  # type: ignore[index]
    assert labelled >= 1
    assert chosen >= 1
    assert not list(tmp_path.glob("events.json"))
