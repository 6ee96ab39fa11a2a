"""Signed addresses of files that lie elsewhere: sent through, within limits, and not kept."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from loopback import Handler, Web, reply, serving

from app.access.signatures import media_url
from app.main import create_app
from app.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

CONTENT = bytes(range(256)) * 2000
BASE = "http://seedal.test"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Serve files, with no proxy between."""
    for name in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as web:
        web.put("/pool/a%20b.png", CONTENT)
        web.put("/pool/page.html", b"<script>")
        web.answer("/pool/denied.png", 403)
        web.answer("/pool/broken.png", 500)
        yield web


@pytest.fixture
def client(web: Web, tmp_path: Path) -> Iterator[TestClient]:
    """Return a client of a service that may read one prefix, with a dataset of all its files."""
    settings = Settings(
        data_dir=tmp_path, url_roots=(f"{web.url}/pool",), public_url=BASE, solve_processes=1
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def _addresses(client: TestClient, web: Web, *names: str) -> list[str]:
    images = [f"{web.url}/pool/{name}" for name in names]
    source = {"kind": "inline", "scenes": [{"scene_id": "s", "cost": 1, "images": images}]}
    made = client.post("/v1/datasets", json={"name": "x", "source": source}).json()
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    with app_state.sessions.begin() as session:
        url = media_url(session, app_state.settings, made["dataset"]["id"])
    return [url(0, number).removeprefix(BASE) for number in range(len(images))]


def _copies() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("seedal-*/copy*"))


def test_a_file_from_elsewhere_is_sent_whole_and_in_parts(client: TestClient, web: Web) -> None:
    """With its bytes, type and name; the copy is gone afterwards, and HEAD reads nothing."""
    before = _copies()
    (path,) = _addresses(client, web, "a%20b.png")
    answer = client.get(path)
    assert answer.content == CONTENT
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == "inline; filename*=utf-8''a%20b.png"
    part = client.get(path, headers={"Range": "bytes=-3"})
    assert (part.status_code, part.content) == (206, CONTENT[-3:])
    asked = web.requests("GET")
    head = client.head(path)
    assert head.headers["Content-Length"] == str(len(CONTENT))
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert web.requests("GET") == asked
    assert _copies() == before


def test_a_file_without_a_tag_is_sent_and_not_read_to_know_it(client: TestClient, web: Web) -> None:
    """HEAD reads nothing where a server tells neither tag nor time; there is no 304 then."""
    web.put("/pool/plain.png", CONTENT, etag=None)
    (path,) = _addresses(client, web, "plain.png")
    head = client.head(path)
    assert head.headers["Content-Length"] == str(len(CONTENT))
    assert web.requests("GET") == 0
    assert client.get(path).content == CONTENT
    assert web.requests("GET") == 1


def test_what_elsewhere_does_not_give_is_one_sentence(client: TestClient, web: Web) -> None:
    """Missing, denied or broken: the address of the file is told to nobody."""
    names = ("gone.png", "denied.png", "broken.png", "page.html")
    answers = [client.get(path) for path in _addresses(client, web, *names)]
    assert [answer.status_code for answer in answers] == [404, 503, 503, 404]
    for answer in answers:
        assert web.url not in answer.text
        assert "a secret of the server" not in answer.text


def test_a_file_that_breaks_off_leaves_no_copy(client: TestClient, web: Web) -> None:
    """Nothing is sent of it, and nothing is kept."""
    before = _copies()

    def cut(handler: Handler) -> None:
        reply(handler, 200, CONTENT[:1000], {"Content-Length": str(len(CONTENT)), "ETag": '"1"'})
        handler.close_connection = True

    web.pages["/pool/cut.png"] = cut
    (path,) = _addresses(client, web, "cut.png")
    assert client.get(path).status_code == 503
    assert _copies() == before


def test_files_from_elsewhere_are_sent_some_at_a_time(
    client: TestClient, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is told to come again; those that have ended make room."""
    (path,) = _addresses(client, web, "a%20b.png")
    monkeypatch.setattr("app.scenes.media._PATIENCE_S", 0.01)
    sender = client.app.state.media  # type: ignore[attr-defined]  # starlette knows it as ASGI
    for _ in range(20):
        assert client.get(path).status_code == 200
    taken = 0
    while sender._turns.value:
        sender._turns.acquire_nowait()
        taken += 1
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    for _ in range(taken):
        client.portal.call(sender._turns.release)  # type: ignore[union-attr]  # it is open
    assert client.get(path).status_code == 200
