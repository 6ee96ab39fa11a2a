"""A container engine of our own, and images that stand in for those that cannot be pulled here.

It needs root, Linux, and Debian's packages docker.io and debootstrap. Nothing leaves its folder.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTHON_IMAGE = "seedal-test/python:3.11"
POSTGRES_IMAGE = "seedal-test/postgres:15-utf8"
PROMETHEUS_IMAGE = "seedal-test/prometheus:2.42"

_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_FLAGS = (
    "--iptables=false", "--ip6tables=false", "--bridge=none", "--ip-forward=false",
    "--ip-masq=false", "--storage-driver", "overlay2",
)  # fmt: skip


@dataclass(frozen=True)
class Engine:
    """A running engine.

    Parameters
    ----------
    environment
        Of programs that speak to it.
    """

    environment: Mapping[str, str]

    def docker(self, *words: str, check: bool = True) -> str:
        """Run docker and return what it printed."""
        done = subprocess.run(
            ["docker", *words], env=dict(self.environment), cwd=ROOT,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if check and done.returncode:
            sys.exit(f"docker {' '.join(words[:3])}: {done.stderr.strip()[-800:]}")
        return done.stdout.strip()


@contextmanager
def running_engine(folder: Path) -> Iterator[Engine]:
    """Run a daemon whose state lies in a folder, which is kept for the next time."""
    for program in ("dockerd", "docker", "debootstrap"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is missing: apt-get install docker.io debootstrap")
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "docker.sock"
    words = [
        "dockerd", *_FLAGS, "--data-root", str(folder / "data"),
        "--exec-root", str(folder / "exec"), "--pidfile", str(folder / "dockerd.pid"), "-H", f"unix://{socket}",
    ]  # fmt: skip
    environment = {**os.environ, "DOCKER_HOST": f"unix://{socket}", "DOCKER_BUILDKIT": "0"}
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True) as daemon,
    ):
        try:
            engine = Engine(environment)
            deadline = time.monotonic() + 60
            while not engine.docker("version", "--format", "{{.Server.Version}}", check=False):
                if daemon.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"the engine did not start; see {folder / 'log'}")
                time.sleep(0.5)
            yield engine
        finally:
            daemon.send_signal(signal.SIGTERM)


def stand_ins(engine: Engine, folder: Path) -> None:
    """Make the base images from Debian's packages, where they are not there yet."""
    known = engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    if PYTHON_IMAGE not in known:
        tree = folder / "python"
        _debootstrap(tree, "ca-certificates,python3,python3-venv")
        certificate = f"ENV PIP_CERT={_CERTIFICATES}"
        _import(engine, tree, PYTHON_IMAGE, certificate, f"ENV SSL_CERT_FILE={_CERTIFICATES}")
    if POSTGRES_IMAGE not in known:
        tree = folder / "postgres"
        _debootstrap(tree, "ca-certificates,postgresql")
        entry = tree / "usr/local/bin/entry"
        shutil.copyfile(HERE / "postgres-stand-in.sh", entry)
        entry.chmod(0o755)
        _import(engine, tree, POSTGRES_IMAGE, 'ENTRYPOINT ["/usr/local/bin/entry"]')
    if PROMETHEUS_IMAGE not in known:
        tree = folder / "prometheus"
        _debootstrap(tree, "ca-certificates,prometheus")
        start = [
            "/usr/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
        ]  # fmt: skip
        _import(engine, tree, PROMETHEUS_IMAGE, f"ENTRYPOINT {json.dumps(start)}")


def _debootstrap(tree: Path, packages: str) -> None:
    if not (tree / "etc/debian_version").exists():
        words = ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(tree)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    shutil.copyfile(_CERTIFICATES, tree / _CERTIFICATES.relative_to("/"))


def _import(engine: Engine, tree: Path, tag: str, *changes: str) -> None:
    flags = [word for change in changes for word in ("--change", change)]
    with subprocess.Popen(["tar", "-C", str(tree), "-c", "."], stdout=subprocess.PIPE) as packed:
        subprocess.run(
            ["docker", "import", *flags, "-", tag], stdin=packed.stdout,
            env=dict(engine.environment), check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
