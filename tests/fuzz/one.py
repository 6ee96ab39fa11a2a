"""Fuzz one reader in this process until the time is up: guided by coverage of the Python code.

A native crash ends the process and leaves the input in FOLDER/input.*; whatever else is wrong is
noted in FOLDER/notes.jsonl, and the campaign goes on. `run.py` starts this program.
"""

import json
import random
import resource
import sys
import time
import traceback
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["app", "features", "solver"], enable_loader_override=False
):
    from mutators import mutated
    from targets import REFUSALS, TARGETS

LONGEST_S = 5.0
"""CPU seconds that one input may take."""

LARGEST = 2**30
"""Bytes of memory that the process may grow to."""


class Campaign:
    """What was tried of one reader."""

    def __init__(self, name: str, folder: Path) -> None:
        self._target = TARGETS[name]
        self._folder = folder
        self._path = folder / f"input{self._target.suffix}"
        self._seen: set[str] = set()
        self._told = 0.0
        self.state = {"inputs": 0, "accepted": 0, "refused": 0, "slowest_s": 0.0, "memory": 0}
        self._draw = random.Random(time.time_ns())  # noqa: S311  nothing is secret

    def try_one(self, data: bytes) -> None:
        """Give one input to the reader."""
        self._path.write_bytes(data)
        started = time.process_time()
        self.state["inputs"] += 1
        try:
            self._target.read(self._path)
        except REFUSALS as error:
            self.state["refused"] += 1
            if "\n" in str(error) or len(str(error)) > 2000:
                self._note("a refusal that is no sentence", str(error)[:300], data)
        except MemoryError:
            self._note("memory", traceback.format_exc(limit=-1), data)
        except Exception as error:  # noqa: BLE001  that is what is looked for
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} {last.filename}:{last.lineno}"
            self._note(where, traceback.format_exc()[-1500:], data)
        else:
            self.state["accepted"] += 1
        self._measure(data, time.process_time() - started)

    def _measure(self, data: bytes, took: float) -> None:
        if took > self.state["slowest_s"]:
            self.state["slowest_s"] = took
            (self._folder / "slowest").write_bytes(data)
            if took > LONGEST_S:
                self._note("slow", f"{took:.1f} s", data)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if peak > self.state["memory"]:
            if peak > LARGEST >= self.state["memory"]:
                self._note("large", f"{peak:,} bytes", data)
            self.state["memory"] = peak
        if time.monotonic() > self._told + 2:
            self.tell()

    def mutate(self, data: bytes, longest: int, seed: int) -> bytes:
        """Change an input as its form allows."""
        del seed
        return mutated(self._target.form, data, longest, self._draw, atheris.Mutate)

    def tell(self) -> None:
        """Write what is known so far: the process may end at any input."""
        self._told = time.monotonic()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self.state["cpu_s"] = usage.ru_utime + usage.ru_stime
        (self._folder / "state.json").write_text(json.dumps(self.state))

    def _note(self, where: str, what: str, data: bytes) -> None:
        if where in self._seen:
            return
        self._seen.add(where)
        name = f"finding-{len(self._seen)}-{time.time_ns()}"
        (self._folder / name).write_bytes(data)
        with (self._folder / "notes.jsonl").open("a") as notes:
            notes.write(json.dumps({"where": where, "what": what, "input": name}) + "\n")


def _main() -> None:
    name, folder, *options = sys.argv[1:]
    warnings.simplefilter("ignore")
    campaign = Campaign(name, Path(folder))
    atheris.Setup([sys.argv[0], *options], campaign.try_one, custom_mutator=campaign.mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    _main()
