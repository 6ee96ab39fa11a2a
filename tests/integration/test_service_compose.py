"""The compose file is one that compose accepts, and keeps its promises about secrets and ports."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _config() -> subprocess.CompletedProcess[str]:
    program = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("the compose binary is not installed")
    return subprocess.run(
        [program, "--env-file", os.devnull, "config", "--format", "json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Return the services as compose understands them."""
    done = _config()
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


def test_the_parts_are_there_and_start_in_order(services: dict[str, Any]) -> None:
    """API and worker wait until the database is healthy."""
    assert set(services) == {"api", "worker", "db"}
    for name in ("api", "worker"):
        assert services[name]["depends_on"]["db"]["condition"] == "service_healthy"
        assert (ROOT / services[name]["build"]["dockerfile"]).is_file()
    assert services["db"]["healthcheck"]["test"]


def test_ports_are_published_on_this_machine_alone(services: dict[str, Any]) -> None:
    """Without API keys nothing listens beyond loopback."""
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert [port["host_ip"] for port in ports] == ["127.0.0.1"]


def test_no_password_is_in_the_environment(services: dict[str, Any]) -> None:
    """The database's password comes from a file and appears nowhere else."""
    for service in services.values():
        for name, value in service["environment"].items():
            assert "password" not in name.lower() or value == "/run/secrets/db_password"
        assert [secret["source"] for secret in service["secrets"]] == ["db_password"]


def test_no_password_is_in_the_repository() -> None:
    """The file that holds the password is named, ignored by git, and never part of a clone."""
    done = subprocess.run(
        ["git", "check-ignore", "secrets/db_password", "scenes/room.png", ".env"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["secrets/db_password", "scenes/room.png", ".env"]


def test_the_example_names_every_setting() -> None:
    """What the compose file reads from the environment, the example explains."""
    example = (ROOT / ".env.example").read_text()
    compose = (ROOT / "docker-compose.yml").read_text()
    read = {part.split(":")[0].split("}")[0] for part in compose.split("${")[1:]}
    explained = {
        line.split("=")[0] for line in example.splitlines() if "=" in line and line[0] != "#"
    }
    assert read == explained
