"""An operator's file of connections is read, or refused in a sentence that names the place."""

from pathlib import Path

import pytest

from app.errors import NotFoundError, SettingsError
from app.platforms.connections import connection_named, read_connections
from app.platforms.seam import PlatformError

GOOD = """
[connections.main]
kind = "label_studio"
url = "https://label-studio.example"
token_file = "TOKEN"
project = 16
"""


def _written(folder: Path, text: str) -> Path:
    path = folder / "connections.toml"
    token = folder / "token"
    token.write_text("a-token")
    path.write_text(text.replace("TOKEN", str(token)), encoding="utf-8")
    return path


def test_no_file_is_no_connection() -> None:
    """Where no file is named there are no connections."""
    assert read_connections(None) == {}


def test_a_file_is_read(tmp_path: Path) -> None:
    """A table is a connection; a number is a project, too."""
    found = read_connections(_written(tmp_path, GOOD))
    assert found["main"].project == "16"
    assert found["main"].is_for("any")


def test_a_connection_may_be_for_some_projects(tmp_path: Path) -> None:
    """A project that is not named does not learn that the connection is there."""
    path = _written(tmp_path, f'{GOOD}projects = ["mine"]')
    assert connection_named(path, "main", "mine").name == "main"
    with pytest.raises(NotFoundError, match="There is no connection 'main'"):
        connection_named(path, "main", "other")


def test_a_connection_without_a_token_is_not_offered(tmp_path: Path) -> None:
    """As long as the token's file is not there, nobody is told of the connection."""
    path = _written(tmp_path, GOOD)
    (tmp_path / "token").unlink()
    with pytest.raises(NotFoundError):
        connection_named(path, "main", "any")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[connections", "cannot be read"),
        ("x = 1", "and nothing else"),
        ("[connections]\nmain = 1", "'main' is none"),
        (GOOD.replace("label_studio", "paper"), "connection 'main': kind: "),
        (GOOD.replace("https://", "file:///"), "connection 'main': url: "),
        (f"{GOOD}password = 'x'", "connection 'main': password: "),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    """One sentence names the file, the connection and its member."""
    path = _written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_connections(path)
    assert str(path) in caught.value.detail
    assert sentence in caught.value.detail


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A file that is not there is one sentence."""
    with pytest.raises(SettingsError, match="cannot be read"):
        read_connections(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("token", "sentence"), [(None, "cannot be read"), ("", "is empty"), ("two words", "one word")]
)
def test_a_token_that_is_none_is_told(tmp_path: Path, token: str | None, sentence: str) -> None:
    """A token's file that is missing, empty or more than a token is told before a request."""
    path = _written(tmp_path, GOOD)
    if token is None:
        (tmp_path / "token").unlink()
    else:
        (tmp_path / "token").write_text(token)
    with pytest.raises(PlatformError, match=sentence):
        read_connections(path)["main"].open()
