"""``seedal migrate``: the database is brought up to date alone, before anybody serves."""

import sqlite3
from pathlib import Path

import pytest

from app.cli.main import USER_MISTAKE, main


def test_an_empty_folder_gets_its_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once or again, the tables are there afterwards, and one line says so."""
    for _ in range(2):
        assert main(["migrate", "--data-dir", str(tmp_path)]) == 0
        assert capsys.readouterr().err.endswith("the database is up to date\n")
    with sqlite3.connect(tmp_path / "seedal.sqlite") as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert {"datasets", "operations", "seeds", "api_keys"} <= tables


def test_a_database_that_cannot_be_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An address that is none ends with status 2 and names the setting."""
    monkeypatch.setenv("SEEDAL_DATABASE_URL", "mysql://somewhere/else")
    assert main(["migrate", "--data-dir", str(tmp_path)]) == USER_MISTAKE
    assert "setting database_url" in capsys.readouterr().err
