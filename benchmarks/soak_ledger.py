"""What the visitors of a soak were promised, and whether it was kept."""

import collections
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

_SHOWN = 200
"""Faults that a report names one by one."""


@dataclass(eq=False, slots=True)
class Promised:
    """A dataset that was accepted.

    Parameters
    ----------
    id, operation
        Its id, and the path of its extraction.
    scenes
        How many there are in its source.
    seeds, frontiers
        Question to the id that it was answered with.
    operations
        Paths of the operations that were accepted for it, and how each may end.
    """

    id: str
    operation: str
    scenes: int
    seeds: dict[str, str] = field(default_factory=dict)
    frontiers: dict[str, str] = field(default_factory=dict)
    operations: dict[str, frozenset[str]] = field(default_factory=dict)


class Ledger:
    """Counts what happened and keeps what was promised; shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[str, Promised] = {}
        self._callbacks: dict[str, collections.Counter[str]] = {}
        self._awaited: set[str] = set()
        self._faults: list[str] = []
        self.counts: collections.Counter[str] = collections.Counter()

    def count(self, what: str, number: int = 1) -> None:
        """Count something that happened as it should."""
        with self._lock:
            self.counts[what] += number

    def fault(self, sentence: str) -> None:
        """Note something that must not happen."""
        with self._lock:
            self._faults.append(sentence)

    @property
    def faults(self) -> list[str]:
        """What must not have happened."""
        with self._lock:
            return list(self._faults)

    def open(self, pool: Promised) -> None:
        """Enter a dataset."""
        with self._lock:
            if pool.id in self._pools:
                self._faults.append(f"two registrations were given one id, {pool.id}")
            self._pools[pool.id] = pool

    def close(self, pool: Promised) -> None:
        """Cross out a dataset that was deleted: nothing more is expected of it."""
        with self._lock:
            del self._pools[pool.id]
            self._awaited -= pool.operations.keys()

    def pools(self) -> list[Promised]:
        """Return the datasets that must be there."""
        with self._lock:
            return list(self._pools.values())

    def expect_callback(self, operation: str) -> None:
        """Expect to be called when an operation has ended."""
        with self._lock:
            self._awaited.add(operation)

    def called(self, operation: str, event: str) -> None:
        """Note a callback: which operation it is about, and the id of the event."""
        with self._lock:
            self._callbacks.setdefault(operation, collections.Counter())[event] += 1

    def missing_callbacks(self) -> set[str]:
        """Return the operations that nobody told the end of."""
        with self._lock:
            return self._awaited - self._callbacks.keys()

    def check_callbacks(self) -> None:
        """Note which callbacks did not come, and which came as two events."""
        missing = self.missing_callbacks()
        with self._lock:
            self._faults += [f"no callback told the end of {path}" for path in sorted(missing)]
            for path, events in self._callbacks.items():
                if len(events) > 1:
                    self._faults.append(f"{path} ended in {len(events)} events")
                self.counts["callbacks received"] += 1
                self.counts["callbacks received again"] += events.total() - 1

    def check(self, http: httpx2.Client) -> None:
        """Compare what the service has with what it promised, one dataset after the other."""
        pools = {pool.id: pool for pool in self.pools()}
        there = [dataset["id"] for dataset in _items(http, "/v1/datasets")]
        self._compare("datasets", sorted(pools), sorted(there))
        for pool in pools.values():
            found = http.get(f"/v1/datasets/{pool.id}").json()
            if (found["status"], found["usable_scene_count"]) != ("ready", pool.scenes):
                self.fault(f"dataset {pool.id} is {found['status']}: {found['error']}")
            for path, ends in pool.operations.items():
                status = http.get(path).json()["status"]
                if status not in ends:
                    self.fault(f"{path} is {status}")
                self.count(f"operations {status}")
            seeds = [seed["id"] for seed in _items(http, f"/v1/datasets/{pool.id}/seeds")]
            self._compare(f"seeds of {pool.id}", sorted(set(pool.seeds.values())), sorted(seeds))
            for frontier_id in pool.frontiers.values():
                if http.get(f"/v1/frontiers/{frontier_id}").json()["dataset_id"] != pool.id:
                    self.fault(f"frontier {frontier_id} is not of {pool.id}")
        self.count("datasets kept to the end", len(pools))

    def _compare(self, what: str, promised: list[str], there: list[str]) -> None:
        if promised == there:
            return
        lost = sorted(set(promised) - set(there))
        more = sorted(set(there) - set(promised))
        double = len(there) - len(set(there))
        self.fault(f"{what}: lost {lost}, not promised {more}, twice {double}")

    def report(self) -> dict[str, Any]:
        """Return the counts, and the first faults in words."""
        with self._lock:
            return {
                "counts": dict(sorted(self.counts.items())),
                "fault_count": len(self._faults),
                "faults": self._faults[:_SHOWN],
            }


def _items(http: httpx2.Client, path: str) -> Iterator[dict[str, Any]]:
    """Yield what a listing has, page after page."""
    token = ""
    while True:
        params = {"page_size": 1000} | ({"page_token": token} if token else {})
        page = http.get(path, params=params).json()
        yield from page["items"]
        token = page["next_page_token"]
        if not token:
            return
