from pathlib import Path

import pytest
import uvicorn
from pydantic import ValidationError

from app.cli.main import main
from app.errors import SettingsError
from app.main import serve
from app.settings import Settings
from features.errors import StorageError


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
    assert settings.url_roots == ()
    assert not settings.may_read_uri("s3://bucket/a.png")


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Variables have the settings' names; folders are separated by colons, URIs by spaces."""
    monkeypatch.setenv("SEEDAL_FILE_ROOTS", f"{tmp_path}/a:{tmp_path}/b")
    monkeypatch.setenv("SEEDAL_URL_ROOTS", "s3://bucket/pool HTTPS://Example.org:8443")
    monkeypatch.setenv("SEEDAL_PORT", "9000")
    settings = Settings()
    assert settings.url_roots == ("s3://bucket/pool/", "https://example.org:8443/")
    assert settings.file_roots == (tmp_path / "a", tmp_path / "b")
    assert settings.port == 9000


def test_another_process_gets_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The variables that settings give out make the same settings."""
    settings = Settings(
        data_dir=tmp_path,
        file_roots=(tmp_path, Path("/data")),
        url_roots=("s3://bucket/pool/", "https://example.org"),
        port=1,
    )
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
        {"url_roots": "s3://me:secret@bucket/"},
        {"url_roots": "https://example.org/?token=secret"},
        {"url_roots": "https://"},
        {"url_roots": "s3://bucket/a/../b"},
        {"url_roots": "/folder"},
        {"url_roots": "file:///folder"},
        {"artifacts_url": "https://example.org/store"},
        {"artifacts_url": "s3://"},
        {"artifacts_url": "s3://me:secret@bucket"},
        {"artifacts_url": "nonsense://bucket"},
        {"artifacts_url": "relative/folder"},
        {"artifacts_url": "s3://bucket/../other"},
        {"callback_allow": "hooks 10.0.0.0/33"},
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


def test_a_port_published_beyond_loopback_is_refused(tmp_path: Path) -> None:
    """What counts in a container is where its port is published, not where it listens."""
    settings = Settings(host="127.0.0.1", published_on="192.0.2.7", data_dir=tmp_path)
    with pytest.raises(SettingsError, match=r"Refusing to serve on 192\.0\.2\.7"):
        serve(settings, worker=False)


@pytest.mark.parametrize(
    "values",
    [
        {"host": "localhost"},
        {"host": "::1"},
        {"host": "0.0.0.0", "published_on": "127.0.0.1"},  # noqa: S104  allowed on purpose
        {"host": "0.0.0.0", "allow_unauthenticated": True},  # noqa: S104  allowed on purpose
    ],
)
def test_a_permitted_address_is_served(
    values: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loopback is served, and any address where the user takes the responsibility."""
    served: list[object] = []

    def run(server: uvicorn.Server) -> None:
        served.append(server.config.host)
        server.started = True

    monkeypatch.setattr("app.main._Server.run", run)
    monkeypatch.setattr("app.main.configure_logging", lambda _: None)
    serve(Settings.model_validate({"data_dir": tmp_path, **values}), worker=False)
    assert served == [values["host"]]


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("s3://bucket/pool/a.png", True),
        ("S3://bucket/pool/deep/a.png", True),
        ("https://IMAGES.example.com/a.png?signature=x", True),
        ("s3://bucket/pool", False),
        ("s3://bucket/pools/a.png", False),
        ("s3://bucket/other/a.png", False),
        ("s3://buckets/pool/a.png", False),
        ("gs://bucket/pool/a.png", False),
        ("http://images.example.com/a.png", False),
        ("https://images.example.com:8443/a.png", False),
        ("https://images.example.com.evil.org/a.png", False),
        ("https://evil.org/?https://images.example.com/a.png", False),
        ("https://evil.org/https://images.example.com/a.png", False),
    ],
)
def test_only_permitted_prefixes_may_be_read(uri: str, allowed: bool) -> None:  # noqa: FBT001
    """A URI is permitted by its beginning, up to a slash; scheme and host have no case."""
    settings = Settings(url_roots=("s3://bucket/pool", "https://images.example.com"))
    assert settings.may_read_uri(uri) is allowed


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/pool/../other/a.png",
        "https://images.example.com/pool/%2e%2E/a.png",
        "https://images.example.com/pool/%252e%252e/a.png",
        "https://images.example.com/pool/..%2fa.png",
        "https://images.example.com/pool/..%5Ca.png",
        "https://images.example.com/..\\a.png",
        "https://images.example.com\\@evil.org/a.png",
        "https://me@images.example.com/a.png",
        "https://images.example.com@evil.org/a.png",
        "https://images.example.com\t/a.png",
    ],
)
def test_a_uri_that_may_mean_something_else_is_refused(uri: str) -> None:
    """What readers of URIs may take for another place is no usable URI at all."""
    roots = ("s3://bucket/pool/", "https://images.example.com/")
    with pytest.raises(StorageError):
        Settings(url_roots=roots).may_read_uri(uri)


def test_the_flag_of_serve_is_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--url-root` may be given several times and takes the place of the environment's prefixes."""
    served: list[Settings] = []
    monkeypatch.setenv("SEEDAL_URL_ROOTS", "s3://other/")
    monkeypatch.setattr("app.main.serve", lambda settings, **_: served.append(settings))
    words = ["serve", "--data-dir", str(tmp_path), "--url-root", "s3://b/p", "--url-root"]
    assert main([*words, "https://h"]) == 0
    assert served[0].url_roots == ("s3://b/p/", "https://h/")
    assert main([*words, "/folder"]) == 2
    assert len(served) == 1


def test_a_path_may_be_read_below_any_of_the_roots(tmp_path: Path) -> None:
    """One of several is enough; links count by where they lead, a circle of them leads nowhere."""
    one, two, outside = (tmp_path / name for name in ("one", "two", "outside"))
    for folder in (one, two, outside):
        folder.mkdir()
    (one / "out").symlink_to(outside)
    (outside / "in").symlink_to(two)
    (one / "round").symlink_to(one / "round")
    settings = Settings(data_dir=tmp_path / "data", file_roots=(one, two))
    assert settings.may_read(one / "a")
    assert settings.may_read(two / "a")
    assert settings.may_read(outside / "in" / "a")
    assert not settings.may_read(outside / "a")
    assert not settings.may_read(one / "out" / "a")
    assert not settings.may_read(one / ".." / "outside")
    assert not settings.may_read(one / "round" / "a")
    assert settings.holds(one / "out" / "a")
    assert settings.holds(two / "a")
    assert not settings.holds(outside / "in" / "a")
    assert not settings.holds(one / ".." / "outside")
