"""``seedal migrate``: the database is brought up to date alone, before anybody serves."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
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


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def _folder(path: Path) -> None:
    path.mkdir()


def _cut(path: Path) -> None:
    _sound(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _newer(path: Path) -> None:
    _sound(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def _torn(path: Path) -> None:
    _sound(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")


def _of_others(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE datasets (theirs TEXT)")


def _sound(path: Path) -> None:
    assert main(["migrate", "--data-dir", str(path.parent)]) == 0
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_garbage, "file is not a database"),
        (_folder, "unable to open"),
        (_cut, "malformed"),
        (_newer, "written by a newer version of this program: its schema is '9999'"),
        (_torn, "cannot be brought up to date"),
        (_of_others, "already exists"),
    ],
)
@pytest.mark.parametrize("command", [["migrate"], ["keys", "list"], ["serve", "--port", "0"]])
def test_a_database_that_is_none_of_ours_is_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], None],
    words: str,
    command: list[str],
) -> None:
    """Garbage, half a file, a newer version's or another program's: status 2, and it stays."""
    path = tmp_path / "seedal.sqlite"
    make(path)
    before = None if path.is_dir() else path.read_bytes()
    capsys.readouterr()
    assert main([*command, "--data-dir", str(tmp_path)]) == USER_MISTAKE
    told = capsys.readouterr().err
    assert words in told
    assert str(path) in told
    assert "Traceback" not in told
    assert len(told.strip().splitlines()) == 1
    if make in {_garbage, _cut}:
        assert path.read_bytes() == before
