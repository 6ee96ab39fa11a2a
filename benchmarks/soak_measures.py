"""What a service holds while it runs: memory, handles, files that are left, rows."""

import os
import statistics
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from faults import Kept
from sqlalchemy import Engine, inspect, text, update

from app.settings import Settings
from app.store.identifiers import now
from app.store.tables import IdempotencyRow

_MIB: Final = 2**20


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    with suppress(OSError):
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, path.read_text(encoding="ascii").split()):
                found += family(child)
    return found


def held(pid: int) -> dict[str, float]:
    """Return what a process and those below it hold: MiB, handles, threads, processes."""
    memory, handles, threads, processes = 0.0, 0, 0, 0
    for one in family(pid):
        with suppress(OSError, ValueError):
            pages = int(Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()[1])
            handles += sum(1 for _ in Path(f"/proc/{one}/fd").iterdir())
            threads += sum(1 for _ in Path(f"/proc/{one}/task").iterdir())
            memory += pages * os.sysconf("SC_PAGE_SIZE") / _MIB
            processes += 1
    return {"mib": memory, "handles": handles, "threads": threads, "processes": processes}


def orphans(settings: Settings, known: Iterable[int]) -> list[int]:
    """Return processes of this service that nobody is the parent of any more."""
    mark = f"SEEDAL_DATA_DIR={settings.data_dir}".encode()
    families = {one for pid in known for one in family(pid)}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes() and int(folder.name) not in families:
                found.append(int(folder.name))
    return [pid for pid in found if pid != os.getpid()]


def rows(engine: Engine) -> dict[str, int]:
    """Return the number of rows of every table, the job engine's included."""
    with engine.connect() as connection:
        looker = inspect(connection)
        counts = {}
        for schema in sorted({None, "dbos"} & {None, *looker.get_schema_names()}, key=str):
            for table in looker.get_table_names(schema=schema):
                name = f'"{schema}"."{table}"' if schema else f'"{table}"'
                counts[table] = connection.scalar(text(f"SELECT count(*) FROM {name}"))  # noqa: S608 our own names
        return counts


def leftovers(folder: Path) -> dict[str, int]:
    """Return how many files lie under a data directory, by what they are."""
    counts = {"temporary": 0, "uploads": 0, "signatures": 0, "neighbours": 0, "vectors": 0}
    for path in folder.rglob("*"):
        if path.name.startswith(".") or path.suffix in {".tmp", ".part", ".whole"}:
            counts["temporary"] += path.is_file()
        elif path.parent.name in counts:
            counts[path.parent.name] += 1
    return counts


def age(engine: Engine, folder: Path, by: timedelta) -> None:
    """Make everything look older: files, and answers of Idempotency-Keys."""
    then = now() - by
    with engine.begin() as connection:
        connection.execute(update(IdempotencyRow).values(created_at=then))
    for path in folder.rglob("*"):
        if path.is_file() and "sqlite" not in path.name and "locks" not in path.parts:
            with suppress(OSError):
                os.utime(path, (then.timestamp(), then.timestamp()))


class Samples:
    """Looks every few seconds at what programs hold, until it is ended.

    Parameters
    ----------
    programs
        By name.
    """

    def __init__(self, programs: Mapping[str, Kept], every_s: float = 5.0) -> None:
        self._programs = programs
        self._every_s = every_s
        self._seen: dict[str, list[dict[str, float]]] = {name: [] for name in programs}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(self._every_s):
            for name, program in self._programs.items():
                self._seen[name].append(held(program.process.pid))

    def end(self) -> dict[str, Any]:
        """Return the median and the most of what each program held."""
        self._ended.set()
        self._thread.join()
        return {
            name: {
                key: {
                    "median": statistics.median(one[key] for one in seen),
                    "most": max(one[key] for one in seen),
                }
                for key in ("mib", "handles", "threads")
            }
            for name, seen in self._seen.items()
            if seen
        }


def settle(programs: Mapping[str, Kept], seconds: float) -> dict[str, dict[str, float]]:
    """Return what programs hold once they have had nothing to do for a while."""
    time.sleep(seconds)
    return {name: held(program.process.pid) for name, program in programs.items()}
