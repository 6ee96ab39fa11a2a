"""The compose stack, run: ``make test-compose`` (root on Linux, with docker.io and debootstrap).

Images are built on a base that stands in for the one that cannot be pulled. The stack comes up with
two workers and does its main job over HTTP; workers, API and database are killed (kill -9) in the
middle of an extraction and of solves; it is backed up, taken down with its volumes, restored, and
asked again. Each line of the log is something that was seen; the first that is not as it should be
ends the run with status 1.
"""

import argparse
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "integration"))

from engine import Engine, running_engine, stand_ins
from monitoring import without_figures
from stack import ROOT, Stack, say, wait

SOLVES = 9
RESTORE = ("psql", "-q", "-v", "ON_ERROR_STOP=1", "-U", "seedal", "seedal")


def dataset(stack: Stack, name: str) -> dict[str, Any]:
    """Return a dataset once it is ready."""

    def ready() -> dict[str, Any] | None:
        items = stack.call("GET", "/v1/datasets?page_size=100").json()["items"]
        for item in items:
            if item["name"] == name and item["status"] == "failed":
                sys.exit(f"{name}: {item['error']}")
            if item["name"] == name and item["status"] == "ready":
                found: dict[str, Any] = item
                return found
        return None

    return wait(ready, f"{name} to be ready")


def extract_through_kills(stack: Stack) -> None:
    """Register scans, kill every part of the stack while their features are computed."""
    stack.give_processors("worker", 0.4)  # or it is over before anybody looks
    body = {
        "name": "Scans", "source": {"kind": "semantic_kitti", "root": "/scenes"},
        "features": {"backbone": "efficientnet_lite0"},
    }  # fmt: skip
    place = stack.call("POST", "/v1/datasets", body).headers["Location"]

    def at_work() -> str | None:
        state = stack.call("GET", place).json()
        if state["finished_at"]:
            sys.exit(f"{place} {state['status']} before anything was killed: {state['error']}")
        running = state["status"] == "running"
        return f"{state['done']} of {state['total']} images" if running else None

    wait(at_work, "an extraction at work")
    time.sleep(2)
    say(f"extraction of SemanticKITTI at {at_work()}")
    for service in ("worker", "api", "db"):
        stack.kill(service)
    if stack.call("GET", place).json()["finished_at"]:
        sys.exit("the extraction ended before all was killed")
    stack.give_processors("worker", 2)
    scans = dataset(stack, "Scans")
    path = f"/v1/datasets/{scans['id']}/seeds"
    seed = stack.call("POST", path, {"budget": {"fraction": 0.05}}).json()
    say(f"it ended right: {len(seed['scenes'])} of {scans['usable_scene_count']} scans chosen")


def report_memory(engine: Engine, when: str) -> None:
    """Say how much memory each container holds."""
    form = "{{.Name}} {{.MemUsage}}"
    for line in engine.docker("stats", "--no-stream", "--format", form).splitlines():
        say(f"{when}: {line}")


def solve_through_kills(stack: Stack, dataset_id: str) -> None:
    """Ask for seeds, kill each part of the stack in turn, and see every job end right."""
    accepted = []
    for number in range(SOLVES):
        body = {
            "budget": {"fraction": 0.1 + 0.02 * number}, "objective": "spread", "time_limit_s": 4,
        }  # fmt: skip
        path = f"/v1/datasets/{dataset_id}/seeds"
        accepted.append(stack.call("POST", path, body, Prefer="respond-async").headers["Location"])
        if number % 3 == 2:
            time.sleep(2)
            stack.kill(("worker", "api", "db")[number // 3])
    wrong = 0
    for place in accepted:
        state = wait(
            lambda place=place: (
                found if (found := stack.call("GET", place).json())["finished_at"] else None
            ),
            place,
        )
        if state["status"] != "succeeded":
            sys.exit(f"{place} {state['status']}: {state['error']}")
        seed = stack.call("GET", f"/v1/seeds/{state['seed_id']}").json()
        wrong += not seed["total_cost"] <= seed["budget"]["limit"] * (1 + 1e-9)
        wrong += not seed["objective"] <= seed["upper_bound"] * (1 + 1e-9)
    if wrong:
        sys.exit(f"{wrong} wrong results")
    say(f"{len(accepted)} of {len(accepted)} solves ended right, though each part was killed once")


def watch(stack: Stack, dataset_id: str) -> None:
    """See every panel of the dashboard get figures from the stack's Prometheus."""
    stack.compose("--profile", "observability", "up", "--detach", "--no-build", "prometheus")
    budgets = count(1)

    def look() -> bool | None:
        fraction = 0.05 + 0.001 * next(budgets)
        stack.call("POST", f"/v1/datasets/{dataset_id}/seeds", {"budget": {"fraction": fraction}})
        time.sleep(2)
        return None if without_figures(stack.prometheus, ROOT) else True

    wait(look, "figures for every panel", timeout_s=180)
    say("Prometheus has figures for every panel of the dashboard")


def main() -> None:
    """Build, run, kill, back up, restore."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/seedal-compose"))  # noqa: S108
    parser.add_argument("--no-build", action="store_true", help="take the images that are there")
    arguments = parser.parse_args()
    scans = ROOT.parent / "shared" / "data" / "mini_semantickitti"
    with (
        running_engine(arguments.folder / "engine") as engine,
        tempfile.TemporaryDirectory() as folder,
    ):
        stand_ins(engine, arguments.folder)
        scenes = scans if scans.is_dir() else Path(folder)
        stack = Stack(engine, Path(folder), scenes)
        stack.remove()  # what a run that was broken off left
        for service in () if arguments.no_build else ("api", "worker"):
            say(f"image of the {service} built in {stack.build(service):.0f} s")
        for line in engine.docker(
            "images", "--filter", "dangling=false", "--format", "{{.Repository}} {{.Size}}"
        ).splitlines():
            say(f"image {line}")
        try:
            through(engine, stack, with_scans=scans.is_dir())
        finally:
            stack.remove()
    say("all as it should be")


def through(engine: Engine, stack: Stack, *, with_scans: bool) -> None:
    """Go through the whole life of a stack."""
    began = time.monotonic()
    up = ("--profile", "demo", "up", "--detach", "--no-build", "--scale", "worker=2")
    stack.compose(*up)
    demo = dataset(stack, "Demo building")
    path = f"/v1/datasets/{demo['id']}/seeds"
    seed = stack.call("POST", path, {"budget": {"fraction": 0.1}}).json()
    say(f"cold start to the first seed on the demo's building: {time.monotonic() - began:.0f} s")
    say(f"seed: {len(seed['scenes'])} scenes, {seed['status']}, gap {seed['gap']}")
    if with_scans:
        extract_through_kills(stack)
    else:
        say("SKIPPED: SemanticKITTI, for its scans are not here")
    solve_through_kills(stack, demo["id"])
    watch(stack, demo["id"])
    for service in ("api", "worker"):
        compiled = [line for name in stack.containers(service) for line in stack.compiled(name)]
        if compiled:
            sys.exit(f"machine code that is not in the image of the {service}: {compiled}")
    say("no kernel was compiled in a container")
    report_memory(engine, "memory after that")
    dump = stack.compose("exec", "-T", "db", "pg_dump", "-U", "seedal", "seedal")
    data = stack.volume("-c", ".")
    stack.remove()
    say(f"backed up ({len(dump) >> 10} KiB, {len(data) >> 10} KiB) and taken down with volumes")
    stack.compose("up", "--detach", "--no-build", "--wait", "db")
    stack.compose("exec", "-T", "db", *RESTORE, stdin=dump)
    stack.volume("-x", stdin=data)
    stack.compose("up", "--detach", "--no-build", "--scale", "worker=2", "--wait")
    time.sleep(10)
    report_memory(engine, "memory when idle")
    again = stack.call("GET", f"/v1/seeds/{seed['id']}").json()
    if again != seed:
        sys.exit("the seed is another one after the restore")
    path = f"/v1/datasets/{demo['id']}/seeds"
    other = stack.call("POST", path, {"budget": {"fraction": 0.17}}).json()
    say(f"restored: the seed is the same, and a new budget gets {len(other['scenes'])} scenes")


if __name__ == "__main__":
    main()
