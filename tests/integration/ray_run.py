"""What the Ray test runs in a network of its own: ray_run.py POOL CACHE ANSWER.

It kills an actor in the middle, and writes to the file ANSWER the key of the signatures and how
many actors it killed.
"""

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from features.pipeline import FeatureSettings, prepare
from features.sources import open_source


def actors() -> set[int]:
    """Return the processes that have a decoder for a child: actors at work on shards."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if b"features.guarded.child" in (folder / "cmdline").read_bytes():
                status = (folder / "status").read_text()
                found.add(int(status.partition("PPid:")[2].split()[0]))
    return found - {os.getpid()}


def kill_one(cache: Path, killed: list[int]) -> None:
    """Kill -9 an actor once a shard is stored and others are not."""
    while not killed:
        if list((cache / "vectors").glob("*.npz")) and (found := actors()):
            killed.append(found.pop())
            os.kill(killed[0], signal.SIGKILL)
        time.sleep(0.01)


def main(pool: Path, cache: Path, answer: Path) -> None:
    """Run the pipeline on a cluster of two actors."""
    killed: list[int] = []
    threading.Thread(target=kill_one, args=(cache, killed), daemon=True).start()
    settings = FeatureSettings(backbone="colour_grid", engine="ray", actors=2)
    prepared = prepare(open_source("images", pool), settings, cache)
    answer.write_text(json.dumps({"key": prepared.key, "killed": len(killed)}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
