"""Compose file, Dockerfiles, dashboard and locks: linted, and held to their promises.

That the stack runs is seen by ``make test-compose``; it takes an engine and ten minutes.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.platforms.connections import read_connections
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


BIN = Path(sys.executable).parent


def _config(**environment: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("docker-compose", path=str(BIN))
    if program is None:
        pytest.skip("the compose binary is not installed")
    return subprocess.run(
        [program, "--env-file", os.devnull, "--profile", "*", "config", "--format", "json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
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


OURS = ("api", "worker", "worker-gpu", "migrate", "demo")


def test_the_parts_are_there_and_start_in_order(services: dict[str, Any]) -> None:
    """The database is healthy before it is migrated, and migrated before anybody serves."""
    assert set(services) == {*OURS, "db", "prometheus", "grafana", "labelstudio"}
    assert services["migrate"]["depends_on"]["db"]["condition"] == "service_healthy"
    for name in ("api", "worker", "worker-gpu"):
        needed = services[name]["depends_on"]
        assert needed["migrate"]["condition"] == "service_completed_successfully"
        assert services[name]["restart"] == "unless-stopped"
        assert (ROOT / services[name]["build"]["dockerfile"]).is_file()
    assert services["demo"]["depends_on"]["api"]["condition"] == "service_healthy"
    assert services["db"]["healthcheck"]["test"]


def test_what_is_not_asked_for_does_not_start(services: dict[str, Any]) -> None:
    """Without a profile there are the service and its database; the GPU worker has its profile."""
    started = {name for name, service in services.items() if not service.get("profiles")}
    assert started == {"api", "worker", "migrate", "db"}
    (device,) = services["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert services["worker-gpu"]["build"]["args"]["REQUIREMENTS"] == "worker-cuda"


def test_ports_are_published_on_this_machine_alone(services: dict[str, Any]) -> None:
    """Unless somebody says otherwise nothing listens beyond loopback."""
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_the_api_knows_where_its_port_is_published() -> None:
    """Bound beyond loopback, it asks for a key before it starts."""
    done = _config(SEEDAL_BIND="192.0.2.7")
    api = json.loads(done.stdout)["services"]["api"]
    assert api["ports"][0]["host_ip"] == "192.0.2.7"
    assert api["environment"]["SEEDAL_PUBLISHED_ON"] == "192.0.2.7"
    assert not api["environment"].get("SEEDAL_ALLOW_UNAUTHENTICATED")


def test_credentials_of_object_stores_reach_who_reads_images(tmp_path: Path) -> None:
    """What a file that may be missing says about a store is in the environment of both parts."""
    credentials = tmp_path / "storage.env"
    credentials.write_text("AWS_ACCESS_KEY_ID=me\n")
    done = _config(SEEDAL_STORAGE_ENV_FILE=str(credentials))
    services = json.loads(done.stdout)["services"]
    for name in ("api", "worker", "worker-gpu"):
        assert services[name]["environment"]["AWS_ACCESS_KEY_ID"] == "me"


def test_each_image_is_built_once(services: dict[str, Any]) -> None:
    """Two services that build one tag get into each other's way on a new machine."""
    built = [service["image"] for service in services.values() if "build" in service]
    assert len(built) == len(set(built)) == 3


def test_our_containers_can_do_little(services: dict[str, Any]) -> None:
    """They cannot write outside their volumes, gain rights, or take all of the memory."""
    for name in OURS:
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    for name in ("api", "worker", "worker-gpu", "db"):
        assert services[name]["deploy"]["resources"]["limits"]["memory"]


def test_no_password_is_in_the_environment(services: dict[str, Any]) -> None:
    """Passwords come from files and appear nowhere else."""
    for service in services.values():
        for name, value in (service.get("environment") or {}).items():
            assert "password" not in name.lower() or str(value).startswith("/run/secrets/")
    for name in ("api", "worker", "worker-gpu", "migrate", "db"):
        assert [secret["source"] for secret in services[name]["secrets"]] == ["db_password"]


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


@pytest.mark.parametrize(
    "words",
    [
        ["hadolint", "docker/api.Dockerfile", "docker/worker.Dockerfile"],
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
    ],
)
def test_linters_have_nothing_to_say(words: list[str]) -> None:
    """Hadolint about the Dockerfiles; the published schema about the compose file."""
    program, *rest = words
    done = subprocess.run(
        [str(BIN / program), *rest], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_asks_for_metrics_that_there_are(tmp_path: Path) -> None:
    """Every metric that a panel names is one of the service's."""
    app = create_app(Settings.model_validate({"data_dir": tmp_path}))
    with TestClient(app) as client:
        client.get("/livez")
        shown = client.get("/metrics").text
    folder = ROOT / "docker" / "observability" / "grafana" / "dashboards"
    dashboard = json.loads((folder / "seedal.json").read_text())
    asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    names = set(re.findall(r"\b(?:seedal|http_server|process)_[a-z_]+", asked))
    assert len(names) > 6
    known = set(re.findall(r"^# TYPE (\S+)", shown, re.MULTILINE))
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in names} <= known


@pytest.mark.parametrize("name", ["api", "worker", "worker-cuda"])
def test_locks_have_what_their_image_needs_and_no_more(name: str) -> None:
    """The API's has no torch, a worker's one FAISS, the GPU's Ray; every wheel has its hash."""
    text = (ROOT / "docker" / "requirements" / f"{name}.txt").read_text()
    packages = set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==", text, re.MULTILINE))
    assert packages.isdisjoint({"pytest", "mypy"})
    faiss = {"api": set(), "worker": {"faiss-cpu"}, "worker-cuda": {"faiss-gpu"}}[name]
    assert {package for package in packages if package.startswith("faiss")} == faiss
    assert ("torch" in packages) == (name != "api")
    assert ("ray" in packages) == (name == "worker-cuda")
    assert text.count("--hash=sha256:") >= len(packages)


def test_label_studio_is_connected(services: dict[str, Any]) -> None:
    """Compose starts what the connection names: hosts with a dot, a token, folders to be shown."""
    connection = read_connections(ROOT / "docker" / "connections.toml")["main"]
    platform, api, worker = (services[name] for name in ("labelstudio", "api", "worker"))
    environment = platform["environment"]
    aliases = {
        alias
        for service in (platform, api)
        for network in service["networks"].values()
        for alias in (network or {}).get("aliases", ())
    }
    for url in (connection.url, str(connection.tells)):
        host = urlsplit(url).hostname
        assert host in aliases
        assert "." in str(host)  # Label Studio refuses webhooks to names without one
    assert urlsplit(str(connection.tells)).hostname in api["environment"]["SEEDAL_ALLOWED_HOSTS"]
    assert environment["SSRF_PROTECTION_ENABLED"] == environment["ML_BLOCK_LOCAL_IP"] == "false"
    mounted = {volume["target"]: volume["source"] for volume in platform["volumes"]}
    ours = {volume["target"]: volume["source"] for volume in worker["volumes"]}
    root = environment["LOCAL_FILES_DOCUMENT_ROOT"]
    for folder in connection.local_files:
        assert folder != root  # which Label Studio refuses
        assert mounted[folder] in ours.values()
    for prefix, url in connection.media.items():
        _, _, shown = url.partition("?d=")
        assert mounted[f"{root}/{shown}"] == ours[prefix]
    assert str(connection.token_file.parent) in ours
    assert mounted["/connection"] == ours["/connection"]
    for service in (api, worker):
        assert service["environment"]["SEEDAL_CONNECTIONS_FILE"] == "/etc/seedal/connections.toml"
        assert "labelstudio" in service["networks"]
