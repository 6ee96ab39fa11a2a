"""The stack's files keep the rules of hardening, and the rules see what breaks them."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hardening import Item, compose_findings, kubernetes_findings

ROOT = Path(__file__).resolve().parents[2]
Break = Callable[[Any], object]


@pytest.fixture(scope="module")
def config() -> Item:
    """Return the compose file, with all profiles, as compose understands it."""
    program = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("the compose binary is not installed")
    done = subprocess.run(
        [program, "--env-file", os.devnull, "--profile", "*", "config", "--format", "json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        check=True,
    )
    found: Item = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """Return the objects for Kubernetes."""
    text = (ROOT / "deploy" / "kubernetes" / "seedal.yaml").read_text()
    found: list[Item] = yaml.safe_load(text)["items"]
    return found


def test_compose_keeps_every_rule(config: Item) -> None:
    """Each container, other people's too, is limited, unprivileged and in networks of its own."""
    assert compose_findings(config) == []


def test_kubernetes_keeps_every_rule(items: list[Item]) -> None:
    """Each pod is limited, unprivileged, and reaches nothing that no policy names."""
    assert kubernetes_findings(items) == []


def _service(name: str, **changes: object) -> Break:
    return lambda config: config["services"][name].update(changes)


def _limit(name: str, kind: str) -> Break:
    return lambda config: config["services"][name]["deploy"]["resources"]["limits"].pop(kind)


def _port(name: str, **changes: object) -> Break:
    return lambda config: config["services"][name]["ports"][0].update(changes)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (_limit("api", "memory"), "api: no limit of memory"),
        (_limit("db", "cpus"), "db: no limit of cpus"),
        (_limit("labelstudio", "pids"), "labelstudio: no limit of pids"),
        (_service("db", security_opt=[]), "db: may gain privileges"),
        (_service("db", cap_drop=[]), "db: keeps capabilities"),
        (_service("db", cap_add=["SYS_ADMIN"]), "db: gets the capabilities ['SYS_ADMIN']"),
        (_service("api", cap_add=["CHOWN"]), "api: gets the capabilities ['CHOWN']"),
        (_service("worker", privileged=True), "worker: is not kept apart from the host"),
        (_service("worker", read_only=False), "worker: writes to its image"),
        (_service("api", tmpfs=["/tmp"]), "api: /tmp may fill the memory"),  # noqa: S108 in a container
        (
            _service("api", volumes=[{"type": "bind", "source": "/var/run/docker.sock"}]),
            "api: reaches the engine",
        ),
        (_service("api", volumes=[{"type": "bind", "source": "/x"}]), "api: writes to /x"),
        (_service("grafana", networks={"database": None}), "grafana: reaches the database"),
        (_service("demo", networks={"default": None}), "demo: is in a network of all"),
        (_service("api", network_mode="host"), "api: is in a network of all"),
        (
            lambda config: config["networks"]["database"].pop("internal"),
            "api: the database's network database has a way out",
        ),
        (_port("api", host_ip="0.0.0.0"), "api: publishes 8000 beyond this machine"),  # noqa: S104 what is to be found
        (_port("api", target=9100), "api: publishes 9100, which is for other containers"),
        (_service("db", image="postgres:latest"), "db: postgres:latest may be any version"),
        (_service("db", image="postgres"), "db: postgres may be any version"),
    ],
)
def test_what_breaks_a_rule_of_containers_is_found(
    config: Item, change: Break, finding: str
) -> None:
    """Each rule is broken once, and its finding is there."""
    broken = copy.deepcopy(config)
    change(broken)
    assert finding in compose_findings(broken)


def _item(items: list[Item], name: str) -> Item:
    kind, _, called = name.partition("/")
    return next(i for i in items if (i["kind"], i["metadata"]["name"]) == (kind, called))


def _pod(**changes: object) -> Break:
    return lambda items: _item(items, "Deployment/api")["spec"]["template"]["spec"].update(changes)


def _box(**changes: object) -> Break:
    def change(items: list[Item]) -> None:
        pod = _item(items, "Deployment/api")["spec"]["template"]["spec"]
        pod["containers"][0].update(changes)

    return change


def _spec(name: str, **changes: object) -> Break:
    return lambda items: _item(items, name)["spec"].update(changes)


def _without(name: str) -> Break:
    return lambda items: items.remove(_item(items, name))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (_pod(automountServiceAccountToken=True), "has a token for the cluster"),
        (_pod(enableServiceLinks=True), "is told of all services"),
        (_pod(hostNetwork=True), "is not kept apart from the node"),
        (_pod(securityContext={}), "may be root, or a user of the node"),
        (_pod(securityContext={}), "makes any call of the kernel"),
        (_pod(volumes=[{"name": "x", "hostPath": {"path": "/"}}]), "reaches the node's files"),
        (_pod(volumes=[{"name": "x", "emptyDir": {}}]), "the folder x may fill the node"),
        (_box(securityContext={}), "may gain privileges"),
        (_box(securityContext={}), "writes to its image"),
        (_box(securityContext={}), "keeps capabilities"),
        (_box(resources={"limits": {"memory": "1Gi"}}), "no limits of cpu"),
        (_box(resources={"limits": {"cpu": "1"}}), "no limits of memory"),
        (_box(resources={}), "no requests of cpu"),
        (_box(image="seedal-api:latest"), "seedal-api:latest may be any version"),
        (_box(env=[{"name": "DB_PASSWORD"}]), "DB_PASSWORD is in the environment"),
        (_box(env=[]), "shows its metrics to all who call it"),
        (_without("NetworkPolicy/api"), "the port metrics is for nobody, or for more than one"),
        (_without("NetworkPolicy/outward"), "no policy lets it reach the database"),
    ],
)
def test_what_breaks_a_rule_of_pods_is_found(
    items: list[Item], change: Break, finding: str
) -> None:
    """Each rule is broken once, and its finding is there, with the name of the pod."""
    broken = copy.deepcopy(items)
    change(broken)
    assert f"Deployment/api: {finding}" in kubernetes_findings(broken)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (_without("NetworkPolicy/nothing"), "all pods may talk to all"),
        (_spec("NetworkPolicy/api", ingress=[{}]), "the policy api lets everybody in"),
        (
            _spec("NetworkPolicy/outward", egress=[{}]),
            "the policy outward lets pods out to everything",
        ),
        (
            _spec(
                "NetworkPolicy/outward",
                egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443}]}],
            ),
            "the policy outward lets pods ask for the machine's role",
        ),
        (
            _spec("Service/api", ports=[{"port": 80, "targetPort": "metrics"}]),
            "a Service shows the metrics",
        ),
        (_spec("Service/api", type="LoadBalancer"), "a Service goes beyond the cluster"),
    ],
)
def test_what_breaks_a_rule_of_the_network_is_found(
    items: list[Item], change: Break, finding: str
) -> None:
    """Each rule is broken once, and its finding is there."""
    broken = copy.deepcopy(items)
    change(broken)
    assert finding in kubernetes_findings(broken)


@pytest.mark.parametrize(
    ("url", "finding"),
    [
        ("postgresql://seedal@db/seedal", "the database's server is not checked"),
        ("postgresql://seedal@db/seedal?sslmode=require", "the database's server is not checked"),
        ("postgresql://seedal:x@db/seedal?sslmode=verify-full", "a password is in a ConfigMap"),
    ],
)
def test_the_databases_address_is_looked_at(items: list[Item], url: str, finding: str) -> None:
    """TLS with a checked server, and no password in it."""
    broken = copy.deepcopy(items)
    _item(broken, "ConfigMap/seedal")["data"]["SEEDAL_DATABASE_URL"] = url
    assert finding in kubernetes_findings(broken)


def test_every_foreign_image_can_be_pinned(config: Item) -> None:
    """Each image of others is a variable of .env.example, which says how to name a digest."""
    text = (ROOT / "docker-compose.yml").read_text()
    foreign = re.findall(r"^\s+image: (?!seedal-)(\S+)$", text, re.MULTILINE)
    others = [each for each in config["services"].values() if "seedal-" not in each["image"]]
    assert len(foreign) == len(others)
    assert all(re.fullmatch(r"\$\{SEEDAL_\w+_IMAGE:-[^}]+\}", image) for image in foreign)
    for page in (".env.example", "deploy/kubernetes/seedal.yaml"):
        assert "@sha256:" in (ROOT / page).read_text()
