"""The operator in a real FiftyOne: asks the service, writes ranks, saves a view in rank order."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from looking import Site
from serving import eventually, free_port

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.timeout(600),
    pytest.mark.skipif("SEEDAL_FIFTYONE" not in os.environ, reason="FiftyOne is not installed"),
]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run FiftyOne's own database; return its address."""
    folder = tmp_path_factory.mktemp("mongo")
    port = free_port()
    words = ["--dbpath", folder, "--port", port, "--bind_ip", "127.0.0.1"]
    words += ["--wiredTigerCacheSizeGB", "0.3", "--logpath", folder / "log"]
    command = [os.environ["SEEDAL_MONGOD"], *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        log = folder / "log"
        eventually(
            lambda: log.exists() and "Waiting for connections" in log.read_text(),
            "the database does not start",
        )
        yield f"mongodb://127.0.0.1:{port}"
        process.terminate()


@pytest.fixture(scope="module")
def found(database: str, site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Do what a person does in FiftyOne; return what came of it."""
    plugins = tmp_path_factory.mktemp("plugins")
    (plugins / "seedal").symlink_to(ROOT / "clients" / "fiftyone")
    variables = {
        "FIFTYONE_DATABASE_URI": database,
        "FIFTYONE_DO_NOT_TRACK": "true",
        "FIFTYONE_PLUGINS_DIR": str(plugins),
        "FIFTYONE_SHOW_PROGRESS_BARS": "false",
        "SEEDAL_URL": site.url.rstrip("/"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    script = Path(__file__).with_name("fiftyone_session.py")
    done = subprocess.run(
        [os.environ["SEEDAL_FIFTYONE"], script, site.world],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_a_choice_is_a_view_in_rank_order(found: dict[str, Any]) -> None:
    """Chosen samples have ranks from 1 on, a tag, and a saved view in that order."""
    first = found["first"]
    assert first["ranks"] == [*range(1, len(first["view"]) + 1)]
    assert first["tagged"] == len(first["view"]) > 0
    assert found["labelled"] not in first["view"]


def test_a_later_choice_takes_the_place_of_the_first(found: dict[str, Any]) -> None:
    """Ranks and tags are the later choice's alone, and each choice keeps its own view."""
    second = found["second"]
    assert second["ranks"] == [*range(1, len(second["view"]) + 1)]
    assert second["tagged"] == len(second["view"]) > len(found["first"]["view"])
    assert len(second["views"]) == 2
    assert found["first view"] == found["first"]["view"]


def test_what_the_service_refuses_is_told(found: dict[str, Any]) -> None:
    """The person reads the sentence that says why."""
    assert "A budget is a number, a part such as '10%'" in found["refused"]["error"]


def test_groups_are_scenes(found: dict[str, Any]) -> None:
    """Of a grouped dataset, whole groups are chosen."""
    assert found["grouped"]["ranks"] == [1, 2, 3, 4]
    assert found["grouped"]["tagged"] == 4
