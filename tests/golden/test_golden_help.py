"""What `seedal` says of itself; changed on purpose where commands are."""

import re
from typing import Final

import pytest
from doors import run_seedal
from stored import Golden, Plain

COMMANDS: Final = (
    *("", "select", "evaluate", "solve", "verify", "frontier", "serve", "worker", "demo"),
    *("migrate", "weights", "weights fetch", "weights check"),
    *("keys", "keys create", "keys list", "keys revoke"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_stays(command: str) -> None:
    """Each command's flags, their defaults and sentences are the golden ones."""
    answer = run_seedal(*command.split(), "--help").answer()
    Golden("help").holds(f"seedal {command}".strip(), Plain()(answer))


def test_nothing_is_answered_with_help() -> None:
    """Without a word the help is a mistake's answer."""
    Golden("help").holds("no word", Plain()(run_seedal().answer()))


def test_the_version_keeps_its_shape() -> None:
    """`--version` prints the program's name and a number."""
    said = run_seedal("--version")
    answer = Plain({re.sub(r"[^\d.]", "", said.out): "<version>"})(said.answer())
    Golden("help").holds("seedal --version", answer)
