from pathlib import Path

import pytest
from pydantic import ValidationError

from app.errors import SettingsError
from app.main import serve
from app.settings import Settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget settings of the developer's own shell."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SEEDAL_{name.upper()}", raising=False)


def test_the_default_is_a_file_in_the_users_data_directory() -> None:
    """With nothing set the database is a SQLite file in the data directory, on loopback."""
    settings = Settings()
    assert settings.database().get_backend_name() == "sqlite"
    assert settings.database().database == str(settings.data_dir / "seedal.sqlite")
    assert settings.host == "127.0.0.1"
    assert settings.file_roots == ()


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Variables have the settings' names; folders are separated by colons."""
    monkeypatch.setenv("SEEDAL_FILE_ROOTS", f"{tmp_path}/a:{tmp_path}/b")
    monkeypatch.setenv("SEEDAL_PORT", "9000")
    settings = Settings()
    assert settings.file_roots == (tmp_path / "a", tmp_path / "b")
    assert settings.port == 9000


def test_another_process_gets_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The variables that settings give out make the same settings."""
    settings = Settings(data_dir=tmp_path, file_roots=(tmp_path, Path("/data")), port=1)
    settings = Settings.model_validate({**dict(settings), "database_url": "postgresql://a:b@c/d"})
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_the_database_password_comes_from_a_file(tmp_path: Path) -> None:
    """A secret file's content, without its newline, is the password; the driver is filled in."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    settings = Settings.model_validate(
        {"database_url": "postgres://seedal@db/seedal", "database_password_file": secret}
    )
    url = settings.database()
    assert url.drivername == "postgresql+psycopg"
    assert url.password == secret.read_text().strip()
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "values",
    [
        {"database_url": "nonsense"},
        {"database_url": "mysql://a@b/c"},
        {"database_url": "sqlite://"},
        {"database_url": "sqlite:///:memory:"},
        {"database_password_file": "/none/at/all"},
        {"port": 65536},
        {"solve_processes": 0},
        {"max_time_limit_s": float("inf")},
        {"log_level": "loud"},
    ],
)
def test_a_wrong_setting_is_refused(values: dict[str, object]) -> None:
    """A setting that cannot work is refused before anything starts, by its name."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        Settings.model_validate(values)


def test_only_permitted_folders_may_be_read(tmp_path: Path) -> None:
    """A path is permitted by where it really is: links and dots are followed."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    settings = Settings(file_roots=(inside,))
    assert settings.may_read(inside / "scene" / "0.png")
    assert not settings.may_read(inside / "link" / "0.png")
    assert not settings.may_read(inside / ".." / "out")
    assert not settings.may_read(tmp_path / "inner")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])  # noqa: S104  refused
def test_an_address_beyond_loopback_is_refused(host: str, tmp_path: Path) -> None:
    """Nothing listens beyond this machine as long as nobody is asked who they are."""
    with pytest.raises(SettingsError, match="SEEDAL_ALLOW_UNAUTHENTICATED"):
        serve(Settings(host=host, data_dir=tmp_path), worker=False)


@pytest.mark.parametrize(
    "values",
    [{"host": "localhost"}, {"host": "::1"}, {"host": "0.0.0.0", "allow_unauthenticated": True}],  # noqa: S104  allowed on purpose
)
def test_a_permitted_address_is_served(
    values: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loopback is served, and any address where the user takes the responsibility."""
    served: list[object] = []
    monkeypatch.setattr("app.main.uvicorn.run", lambda _, **options: served.append(options["host"]))
    monkeypatch.setattr("app.main.configure_logging", lambda _: None)
    serve(Settings.model_validate({"data_dir": tmp_path, **values}), worker=False)
    assert served == [values["host"]]
