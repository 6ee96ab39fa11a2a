"""An extraction may be killed at any moment, again and again, and loses a shard at most."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from service import slow_pool

pytestmark = pytest.mark.slow

SHARDS = 5
_RUN = """
import sys
from pathlib import Path
from features.pipeline import FeatureSettings, prepare
from features.sources import open_source
settings = FeatureSettings(backbone="colour_grid", token="patch_keys")
prepare(open_source("images", sys.argv[1]), settings, Path(sys.argv[2]))
"""


def start(pool: Path, cache: Path) -> subprocess.Popen[bytes]:
    """Start an extraction in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", _RUN, str(pool), str(cache)])


def contents(cache: Path) -> dict[str, bytes]:
    """Return what is published in a cache."""
    return {
        str(path.relative_to(cache)): path.read_bytes()
        for path in cache.rglob("*")
        if path.is_file() and path.suffix != ".tmp"
    }


def shards(cache: Path) -> int:
    """Return how many shards are published."""
    return len(list((cache / "vectors").glob("*.npz")))


def test_a_killed_extraction_ends_with_the_very_same_files(tmp_path: Path) -> None:
    """Killed -9 after each shard, some moments later: no file differs from an undisturbed run's."""
    rng = np.random.default_rng(0)
    pool = slow_pool(tmp_path / "pool", SHARDS)
    assert start(pool, tmp_path / "whole").wait() == 0
    assert shards(tmp_path / "whole") == SHARDS
    cache = tmp_path / "killed"
    for alive in range(SHARDS):
        process = start(pool, cache)
        while shards(cache) < alive and process.poll() is None:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert shards(cache) >= alive  # what was published stays
    assert start(pool, cache).wait() == 0
    assert contents(cache) == contents(tmp_path / "whole")


def test_two_at_once_on_one_data_directory_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Two processes extract one pool into one cache: both end well, with an undisturbed run's."""
    pool = slow_pool(tmp_path / "pool", 2)
    assert start(pool, tmp_path / "whole").wait() == 0
    both = [start(pool, tmp_path / "shared") for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert contents(tmp_path / "shared") == contents(tmp_path / "whole")
