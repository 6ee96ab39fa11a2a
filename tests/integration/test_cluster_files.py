"""Manifests for Kubernetes and the Ray cluster's file, held to their promises.

Neither is applied to a cluster here: schemas, Ray's own reading of its file and our programs are
asked instead.
"""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from app.errors import SettingsError
from app.main import serve
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes" / "seedal.yaml"
RAY = ROOT / "deploy" / "ray" / "cluster.yaml"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

Item = dict[str, Any]

PATIENCE_S = 600
"""How long a start may wait for a migration."""


@pytest.fixture(scope="module")
def items() -> dict[str, Item]:
    """Return the manifest's objects as ``kind/name``."""
    listed = yaml.safe_load(KUBERNETES.read_text())["items"]
    return {f"{item['kind'].lower()}/{item['metadata']['name']}": item for item in listed}


@pytest.fixture(scope="module")
def cluster() -> Item:
    """Return Ray's cluster as the file says it."""
    found: Item = yaml.safe_load(RAY.read_text())
    return found


def _pods(items: dict[str, Item]) -> Iterator[tuple[str, Item]]:
    for name, item in items.items():
        if "template" in item.get("spec", {}):
            yield name, item["spec"]["template"]["spec"]


def _volumes(pod: Item) -> dict[str, Item]:
    return {volume["name"]: volume for volume in pod["volumes"]}


def _header(path: Path) -> str:
    """Return the comment at the beginning of a file."""
    lines = path.read_text().splitlines()
    end = next(k for k, line in enumerate(lines) if not line.startswith("#"))
    return "\n".join(lines[:end])


def test_manifests_keep_the_published_schemas(items: dict[str, Item]) -> None:
    """Every object for Kubernetes is one, without members that nobody knows."""
    assert {"configmap", "job", "deployment", "service"} <= {name.split("/")[0] for name in items}
    for item in items.values():
        kubernetes_validate.validate(item, "1.33", strict=True)


def test_pods_keep_to_the_restricted_standard(items: dict[str, Item]) -> None:
    """A namespace that enforces Kubernetes' strictest pod standard takes every pod."""
    for _, pod in _pods(items):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for volume in pod["volumes"]:
            assert set(volume) & {"secret", "emptyDir", "persistentVolumeClaim"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_no_pod_can_fill_its_node(items: dict[str, Item]) -> None:
    """Memory and folders of the node's own have limits; /tmp is one that can be written."""
    for _, pod in _pods(items):
        for volume in pod["volumes"]:
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"]
        for container in pod["containers"]:
            assert container["resources"]["limits"]["memory"]
            (tmp,) = [m for m in container["volumeMounts"] if m["mountPath"] == "/tmp"]  # noqa: S108
            assert not tmp.get("readOnly")
            assert "emptyDir" in _volumes(pod)[tmp["name"]]


def test_every_setting_is_one_of_ours(items: dict[str, Item]) -> None:
    """The manifest sets nothing that the service would silently not read."""
    named = set(items["configmap/seedal"]["data"])
    for _, pod in _pods(items):
        named |= {entry["name"] for box in pod["containers"] for entry in box.get("env", ())}
    ours = {name for name in named if name.startswith("SEEDAL_")}
    assert {name.removeprefix("SEEDAL_").lower() for name in ours} <= set(Settings.model_fields)


def test_commands_of_the_manifest_name_what_there_is(items: dict[str, Item]) -> None:
    """Objects and labels in the instructions are the manifest's."""
    header = _header(KUBERNETES)
    named = set(re.findall(r"\b(deploy|job)/([a-z0-9-]+)(?=\s|$)", header))
    assert {("deploy", "api"), ("deploy", "worker"), ("deploy", "worker-gpu")} < named
    for kind, name in named:
        assert f"{kind.replace('deploy', 'deployment')}/{name}" in items
    assert set(re.findall(r"-l (\S+)", header)) == {"part=worker", "upgrade=first"}
    first = {
        n for n, item in items.items() if item["metadata"].get("labels") == {"upgrade": "first"}
    }
    needed = {"configmap/seedal", "persistentvolumeclaim/data"}
    needed |= {"networkpolicy/nothing", "networkpolicy/outward"}
    assert first == needed | {name for name in items if name.startswith("job/")}
    for name in ("worker", "worker-gpu"):
        labels = items[f"deployment/{name}"]["spec"]["template"]["metadata"]["labels"]
        assert labels["part"] == "worker"


def test_the_first_key_is_made_where_none_is_needed(items: dict[str, Item], tmp_path: Path) -> None:
    """The API of the manifest does not start without a key, so the instructions use a worker."""
    (maker,) = re.findall(r"exec deploy/(\S+) -- seedal keys create", _header(KUBERNETES))
    (box,) = items[f"deployment/{maker}"]["spec"]["template"]["spec"]["containers"]
    assert box["args"] == ["worker"]
    (api,) = items["deployment/api"]["spec"]["template"]["spec"]["containers"]
    said = {entry["name"]: entry["value"] for entry in api["env"]}
    settings = Settings.model_validate({"data_dir": tmp_path, "host": said["SEEDAL_HOST"]})
    with pytest.raises(SettingsError, match="no usable API key"):
        serve(settings, worker=False)


def test_a_migration_may_take_its_time(items: dict[str, Item]) -> None:
    """Nobody who waits for one is taken for dead, and a check has time to answer."""
    for name in ("api", "worker", "worker-gpu"):
        (box,) = items[f"deployment/{name}"]["spec"]["template"]["spec"]["containers"]
        startup, alive = box["startupProbe"], box["livenessProbe"]
        assert startup["periodSeconds"] * startup["failureThreshold"] >= PATIENCE_S
        for probe in (startup, alive):
            assert probe["timeoutSeconds"] > 1
        # Both ask the same, so that who has started is not taken for dead at once.
        asks = ("httpGet", "exec")
        assert [startup.get(way) for way in asks] == [alive.get(way) for way in asks]


def test_each_version_has_a_migration_of_its_own(items: dict[str, Item], cluster: Item) -> None:
    """A Job cannot be changed: its name has the version that all images have."""
    images = {box["image"] for _, pod in _pods(items) for box in pod["containers"]}
    images |= {cluster["docker"]["head_image"], cluster["docker"]["worker_image"]}
    assert {image.rpartition(":")[2] for image in images} == {VERSION}
    assert [name for name in items if name.startswith("job/")] == [
        f"job/migrate-{VERSION.replace('.', '-')}"
    ]


def test_workers_find_each_others_vectors(items: dict[str, Item]) -> None:
    """A job that another worker takes over goes on: all of them mount one volume."""
    claims = set()
    for name in ("worker", "worker-gpu"):
        pod = items[f"deployment/{name}"]["spec"]["template"]["spec"]
        (box,) = pod["containers"]
        (data,) = [mount for mount in box["volumeMounts"] if mount["mountPath"] == "/data"]
        claims.add(_volumes(pod)[data["name"]]["persistentVolumeClaim"]["claimName"])
    (claim,) = claims
    assert items[f"persistentvolumeclaim/{claim}"]["spec"]["accessModes"] == ["ReadWriteMany"]


def test_credentials_of_the_store_reach_who_uses_it(items: dict[str, Item]) -> None:
    """API and workers read them from a secret, which may be missing where machines have a role."""
    for name in ("api", "worker", "worker-gpu"):
        (box,) = items[f"deployment/{name}"]["spec"]["template"]["spec"]["containers"]
        secrets = [source["secretRef"] for source in box["envFrom"] if "secretRef" in source]
        assert secrets == [{"name": "seedal-storage", "optional": True}]


def test_services_and_selectors_find_their_pods(items: dict[str, Item]) -> None:
    """What selects pods selects those of the manifest."""
    labels = {
        name: item["spec"]["template"]["metadata"]["labels"]
        for name, item in items.items()
        if name.startswith("deployment/")
    }
    for name, own in labels.items():
        assert items[name]["spec"]["selector"]["matchLabels"].items() <= own.items()
    assert items["service/api"]["spec"]["selector"].items() <= labels["deployment/api"].items()


def _started(cluster: Item, part: str) -> list[str]:
    """Return the words by which Ray starts the container of the head or of a worker."""
    docker = pytest.importorskip("ray.autoscaler._private.docker")
    options = cluster["docker"]["run_options"] + cluster["docker"].get(f"{part}_run_options", [])
    line = docker.docker_start_cmds(
        cluster["auth"]["ssh_user"], cluster["docker"][f"{part}_image"], {},
        cluster["docker"]["container_name"], options, cluster["cluster_name"], "/root", "docker",
    )  # fmt: skip
    return shlex.split(line)


def _values(words: list[str], flag: str) -> list[str]:
    return [after for word, after in pairwise(words) if word == flag]


def test_ray_takes_the_cluster_file(cluster: Item) -> None:
    """With Ray's defaults filled in it keeps Ray's schema, and nothing is installed at a start."""
    util = pytest.importorskip("ray.autoscaler._private.util")
    whole = util.prepare_config(cluster)
    util.validate_config(whole)
    assert whole["head_setup_commands"] == whole["worker_setup_commands"] == []


@pytest.mark.parametrize("part", ["head", "worker"])
def test_ray_starts_a_shell_in_our_image(cluster: Item, part: str) -> None:
    """The image's own program, which takes SeedAL's commands, is out of the way."""
    assert "ENTRYPOINT" in (ROOT / "docker" / "worker.Dockerfile").read_text()
    words = _started(cluster, part)
    assert _values(words, "--entrypoint") == [""]
    assert words[-2:] == [cluster["docker"][f"{part}_image"], "bash"]


@pytest.mark.parametrize("part", ["head", "worker"])
def test_all_nodes_have_data_and_images_under_one_path(cluster: Item, part: str) -> None:
    """Both come from a file system that every node mounts before its container starts."""
    mounted = {}
    for volume in _values(_started(cluster, part), "--volume"):
        source, target = volume.split(":")[:2]
        mounted[target] = source
    assert set(mounted) == {"/data", "/scenes"}
    (mount,) = [line for line in cluster["initialization_commands"] if " mount " in line]
    assert "nfs" in mount
    assert all(Path(source).is_relative_to(mount.split()[-1]) for source in mounted.values())


def test_only_nodes_with_a_gpu_are_given_one(cluster: Item) -> None:
    """The image is not CUDA's own, so it must be asked for; a head without one could not start."""
    assert _values(_started(cluster, "worker"), "--gpus") == ["all"]
    assert not _values(_started(cluster, "head"), "--gpus")


def test_the_clusters_key_is_not_on_the_shared_volume(cluster: Item) -> None:
    """Ray copies the key of all machines into the home of the head's container."""
    homes = [value for value in _values(_started(cluster, "head"), "--env") if "HOME=" in value]
    assert len(homes) == 1
    assert not homes[0].startswith("HOME=/data")


def test_gpus_are_there_when_an_extraction_begins(cluster: Item) -> None:
    """Actors ask for a GPU only where the cluster has one, so none is left to be started later."""
    kinds = cluster["available_node_types"].values()
    with_gpu = [kind for kind in kinds if kind["resources"].get("GPU")]
    assert with_gpu
    assert all(kind["min_workers"] >= 1 for kind in with_gpu)


def test_commands_need_no_path(cluster: Item) -> None:
    """Ray runs them in login shells, which forget the image's PATH."""
    commands = cluster["head_start_ray_commands"] + cluster["worker_start_ray_commands"]
    assert commands
    assert all(command.startswith("/opt/seedal/bin/") for command in commands)
    assert all(
        line.startswith("/opt/seedal/bin/")
        for line in re.findall(r"ray exec \S+ '(?:[A-Z_]+=\S+ )*([^']+)'", _header(RAY))
    )


def test_images_come_from_a_registry(cluster: Item) -> None:
    """Every node pulls its image, so its name says from where."""
    assert cluster["docker"]["pull_before_run"] is True
    for part in ("head", "worker"):
        assert "." in cluster["docker"][f"{part}_image"].split("/")[0]


def test_the_heads_image_has_what_ray_uses_in_it() -> None:
    """It is the worker's with rsync, ssh and boto3; hadolint has nothing to say about it."""
    dockerfile = RAY.with_name("Dockerfile")
    text = dockerfile.read_text()
    assert all(name in text for name in ("rsync", "openssh-client", "boto3=="))
    assert text.rstrip().endswith("USER 10001")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "hadolint"), str(dockerfile)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
