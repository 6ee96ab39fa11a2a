"""Extraction on a Ray cluster, in namespaces of its own.

Ray listens on all addresses of its network; and only a namespace of processes surely ends with all
that was started in it.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from service import slow_pool

from features.pipeline import FeatureSettings, prepare
from features.sources import open_source

pytestmark = pytest.mark.slow

SHARDS = 5
_SCRIPT = Path(__file__).with_name("ray_run.py")
_ALONE = [
    "unshare",
    "--net",
    "--pid",
    "--fork",
    "--mount-proc",
    "sh",
    "-c",
    'ip link set lo up && exec "$@"',
    "sh",
]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a pool of several shards; skips where no namespace can be made."""
    probe = [*_ALONE, "true"]
    if shutil.which("unshare") is None or subprocess.run(probe, check=False).returncode:
        pytest.skip("no namespaces can be made here")
    pytest.importorskip("ray")
    return slow_pool(tmp_path_factory.mktemp("ray") / "pool", SHARDS)


def run_with_a_killed_actor(pool: Path, cache: Path) -> dict[str, Any]:
    """Run the pipeline on a cluster of two actors, in another process."""
    written = cache.with_suffix(".json")
    command = [*_ALONE, sys.executable, str(_SCRIPT), str(pool), str(cache), str(written)]
    subprocess.run(command, check=True, timeout=110)
    answer: dict[str, Any] = json.loads(written.read_text())
    return answer


def published(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, less what a killed process was still writing."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".tmp"}


def test_a_cluster_gives_what_one_machine_gives_though_an_actor_dies(
    pool: Path, tmp_path: Path
) -> None:
    """Two actors, one killed -9 in the middle: vectors, signatures and neighbours are the same."""
    local = prepare(
        open_source("images", pool), FeatureSettings(backbone="colour_grid"), tmp_path / "local"
    )
    answer = run_with_a_killed_actor(pool, tmp_path / "ray")
    assert answer == {"key": local.key, "killed": 1}
    for stage in ("vectors", "signatures", "neighbours"):
        assert published(tmp_path / "ray" / stage) == published(tmp_path / "local" / stage)
    assert len(published(tmp_path / "ray" / "vectors")) == SHARDS
