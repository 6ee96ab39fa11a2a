"""What concerns no command in particular."""

from importlib.metadata import version

import pytest

from app.cli.main import main


def test_the_program_knows_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version is the installed package's, on stdout, and nothing else is done."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"seedal {version('seedal-service')}\n"
