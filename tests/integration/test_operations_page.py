"""The commands in docs/operations.md are those that the run of the compose stack tries."""

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


TAR = "run --rm --no-deps -T --entrypoint tar api -C /data"


def _commands() -> list[list[str]]:
    """Return the words of each command on the page that docker runs, without what is piped."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words for words in lines if words[:1] == ["docker"]]


def test_services_have_the_names_of_the_compose_file() -> None:
    """Commands name the services that there are."""
    words = {word for command in _commands() if command[1] == "compose" for word in command[3:]}
    assert words & set(COMPOSE["services"]) == {"api", "worker", "db", "migrate"}


def test_a_backup_is_made_and_restored_as_the_run_does_it() -> None:
    """The database goes first, both ways, by the words of tests/compose/run.py."""
    run = ast.parse((ROOT / "tests" / "compose" / "run.py").read_text(encoding="utf-8"))
    tuples = [ast.unparse(node.value) for node in run.body if isinstance(node, ast.Assign)]
    restore = next(value for value in tuples if "ON_ERROR_STOP" in value)
    spoken = [" ".join(words) for words in _commands()]
    steps = [
        "exec -T db pg_dump -U seedal seedal >",
        f"{TAR} -c .",
        "up -d --wait db",
        f"exec -T db {' '.join(ast.literal_eval(restore))} <",
        f"{TAR} -x <",
        "docker compose up -d",
    ]
    places = [
        next(number for number, words in enumerate(spoken) if step in words) for step in steps[:-1]
    ]
    assert places == sorted(places)
    assert spoken[places[-1] + 1] == steps[-1]
