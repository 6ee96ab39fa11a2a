"""``seedal demo --api``: the building is registered with a service that runs elsewhere."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from serving import free_port, serving

from app.cli import demo
from app.cli.main import USER_MISTAKE, main
from app.settings import Settings

pytestmark = pytest.mark.slow

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of a service that may read the building."""
    return Settings.model_validate(
        {"data_dir": tmp_path / "data", "file_roots": str(tmp_path), "port": free_port()}
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx2.Client]:
    """Return a client of a running service."""
    with serving(settings, "--no-worker") as client:
        yield client


@pytest.fixture
def words(settings: Settings, tmp_path: Path) -> list[str]:
    """Return the command that adds a small building to that service."""
    api = f"http://127.0.0.1:{settings.port}/"
    return ["demo", "--api", api, "--out", str(tmp_path), "--rooms", "8"]


def _key(settings: Settings, capsys: Captured, scopes: str) -> str:
    words = ["keys", "create", "--name", "demo", "--scopes", scopes, "--json"]
    assert main([*words, "--data-dir", str(settings.data_dir)]) == 0
    key: str = json.loads(capsys.readouterr().out)["key"]
    return key


@pytest.mark.enable_socket
def test_a_running_service_gets_the_building_once(
    client: httpx2.Client, words: list[str], tmp_path: Path, capsys: Captured
) -> None:
    """Registered over HTTP; a second time finds it there, says so and draws nothing."""
    assert main(words) == 0
    (dataset,) = client.get("/v1/datasets").json()["items"]
    assert dataset["name"] == "Demo building"
    (tmp_path / "world").rename(tmp_path / "elsewhere")
    capsys.readouterr()
    assert main(words) == 0
    assert "has the building already" in capsys.readouterr().err
    assert not (tmp_path / "world").exists()
    assert client.get("/v1/datasets").json()["items"] == [dataset]


@pytest.mark.enable_socket
def test_files_that_are_there_are_registered_as_they_are(
    client: httpx2.Client, words: list[str], tmp_path: Path
) -> None:
    """A service that has forgotten the building gets it again, without a file drawn anew."""
    assert main(words) == 0
    (dataset,) = client.get("/v1/datasets").json()["items"]
    assert client.delete(f"/v1/datasets/{dataset['id']}").is_success
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "world").rglob("*")}
    assert main(words) == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "world").rglob("*")} == times
    assert len(client.get("/v1/datasets").json()["items"]) == 1


@pytest.mark.enable_socket
@pytest.mark.usefixtures("client")
def test_a_service_with_keys_gets_one_from_a_file(
    settings: Settings, words: list[str], tmp_path: Path, capsys: Captured
) -> None:
    """Status 2 and a sentence that names the option until the key is one that may register."""
    file = tmp_path / "key"
    good = _key(settings, capsys, "datasets:read,datasets:write")
    reader = _key(settings, capsys, "datasets:read")
    assert main(words) == USER_MISTAKE
    assert "asks for an API key" in (said := capsys.readouterr().err)
    assert "--key-file" in said
    for key, rule in ((good[:-1], "does not accept the API key"), (reader, "datasets:write")):
        file.write_text(key)
        assert main([*words, "--key-file", str(file)]) == USER_MISTAKE
        said = capsys.readouterr().err.splitlines()[-1]
        assert rule in said
        assert "--key-file" in said
        assert key not in said
    file.write_text(f"{good}\n")
    assert main([*words, "--key-file", str(file)]) == 0
    assert "explorer at" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "", "two words", "sk_a\nsk_b", "schlüssel"])
def test_a_file_without_a_key_is_one_sentence(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Status 2 before anything is asked or drawn; the sentence does not show the file's content."""
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SEEDAL_DEMO_KEY_FILE", str(file))
    for service in (["--api", "http://127.0.0.1:9"], []):  # another's, and its own
        assert main(["demo", *service, "--out", str(tmp_path)]) == USER_MISTAKE
        (said,) = capsys.readouterr().err.splitlines()
        rule = "cannot be read, or does not hold one API key."
        assert said == f"seedal: --key-file: {file} {rule}"
    assert not (tmp_path / "world").exists()


@pytest.mark.enable_socket
@pytest.mark.parametrize("api", ["http://127.0.0.1:9", "nonsense"])
def test_a_service_that_is_not_there_is_one_sentence(
    api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Status 2; the sentence names the service, and nothing was drawn for it."""
    monkeypatch.setattr(demo, "_PATIENCE_S", 0.5)
    status = main(["demo", "--api", api, "--out", str(tmp_path), "--rooms", "8"])
    assert status == USER_MISTAKE
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"seedal: {api} ")
    assert not (tmp_path / "world").exists()


@contextmanager
def stranger(
    status: int, body: bytes, location: str = "", asked: list[str | None] | None = None
) -> Iterator[str]:
    """Serve the same answer whatever is asked; yield its address, and note the keys it gets."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if asked is not None:
                asked.append(self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", location + self.path)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("status", "body", "rule"),
    [
        (200, b"<html>", "did not answer as a service does: Expecting value"),
        (503, b"{}", "was not ready within 0.5 s: HTTP Error 503: Service Unavailable"),
    ],
)
def test_another_program_at_the_address_is_one_sentence(
    status: int,
    body: bytes,
    rule: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    """Status 2; the sentence says what came in place of a service's answer."""
    monkeypatch.setattr(demo, "_PATIENCE_S", 0.5)
    with stranger(status, body) as api:
        assert main(["demo", "--api", api, "--out", str(tmp_path)]) == USER_MISTAKE
        (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"seedal: {api} {rule}")


@pytest.mark.enable_socket
def test_a_redirect_does_not_take_the_key_along(tmp_path: Path, capsys: Captured) -> None:
    """The key is for the service that was named, not for where it sends callers to."""
    (tmp_path / "key").write_text("sk_secret")
    here: list[str | None] = []
    there: list[str | None] = []
    page = b'{"items": [{"name": "Demo building"}], "next_page_token": ""}'
    with stranger(200, page, asked=there) as other, stranger(307, b"", other, here) as api:
        words = ["demo", "--api", api, "--key-file", str(tmp_path / "key"), "--out", str(tmp_path)]
        assert main(words) == 0
    assert "has the building already" in capsys.readouterr().err
    assert here == ["Bearer sk_secret"] * 2
    assert there == [None] * 2
