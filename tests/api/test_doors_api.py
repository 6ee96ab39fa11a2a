"""The doors in front of all routes: Host, Origin, content types, HEAD, and ids in paths."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from app.access.service import SCOPES, Keys
from app.datasets.extraction import ExtractionOutcome
from app.main import create_app
from app.settings import Settings

DATASET = {
    "name": "a",
    "source": {"kind": "inline", "scenes": [{"scene_id": "s", "cost": 1}]},
    "features": {"backbone": "colour_grid"},
}
LINE = b'{"scene_id": "s", "cost": 1}'
HERE = "http://127.0.0.1:8000"


def _client(tmp_path: Path, **more: object) -> TestClient:
    given: dict[str, object] = {"data_dir": tmp_path, "solve_processes": 1, "allowed_hosts": ()}
    settings = Settings.model_validate(given | more)
    return TestClient(create_app(settings), HERE, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Return a client of a server on loopback without keys, with the default settings."""
    with _client(tmp_path_factory.mktemp("local")) as client:
        yield client


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:1", 200),
        ("127.8.8.8", 200),
        ("[::1]:8000", 200),
        ("rebound.example", 421),
        ("rebound.example:8000", 421),
        ("localhost.rebound.example", 421),
        ("127.0.0.1.rebound.example", 421),
        ("10.0.0.1:8000", 421),
        ("[::2]", 421),
        ("user@localhost", 421),
        ("localhost/", 421),
        ("localhost, rebound.example", 421),
        ("", 421),
    ],
)
def test_an_open_server_answers_to_loopback_names_alone(
    local: TestClient, host: str, status: int
) -> None:
    """A page whose name was pointed at this machine reads nothing, not even that it is alive."""
    for path in ("/v1/datasets", "/", "/livez", "/metrics", "/static/api.js", "/openapi.json"):
        answer = local.get(path, headers={"Host": host})
        assert answer.status_code == status, path
        if status != 200:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert "SEEDAL_ALLOWED_HOSTS" in answer.json()["detail"]
    assert local.post("/v1/datasets", json=DATASET, headers={"Host": host}).status_code == (
        202 if status == 200 else 421
    )


def test_a_request_has_one_host(local: TestClient) -> None:
    """Of two names, one good, either may be what a proxy in between has looked at."""
    for hosts in (("localhost", "rebound.example"), ("rebound.example", "localhost")):
        answer = local.get("/v1/datasets", headers=[("Host", host) for host in hosts])
        assert answer.status_code == 421


def test_further_hosts_may_be_named(tmp_path: Path) -> None:
    """A name is good with any port, a name with a port with that one alone."""
    with _client(tmp_path, allowed_hosts="api Tool.example:8080") as client:
        good = ("api", "api:8000", "tool.example:8080", "localhost")
        for host in good:
            assert client.get("/v1/datasets", headers={"Host": host}).status_code == 200
        for host in ("tool.example", "tool.example:80", "other"):
            assert client.get("/v1/datasets", headers={"Host": host}).status_code == 421


def test_a_server_that_always_needs_a_key_has_any_name(tmp_path: Path) -> None:
    """Beyond loopback a strange page has no key; where names are set, they are kept to."""
    host = {"Host": "seedal.example"}
    public = {"host": "0.0.0.0"}  # noqa: S104 meant
    with _client(tmp_path, **public) as client:
        assert client.get("/v1/datasets", headers=host).status_code == 401
    with _client(tmp_path, **public, allowed_hosts="other.example") as client:
        assert client.get("/v1/datasets", headers=host).status_code == 421
    with _client(tmp_path, **public, allow_unauthenticated=True) as client:
        assert client.get("/v1/datasets", headers=host).status_code == 421


def test_a_wrong_host_is_no_setting(tmp_path: Path) -> None:
    """A list with commas, or a URL, is refused before anything starts."""
    for wrong in ("a.example,b.example", "http://a.example", "*.example"):
        with pytest.raises(ValueError, match="is no host name"):
            Settings(data_dir=tmp_path, allowed_hosts=wrong)  # type: ignore[arg-type]  # as the environment gives it


STRANGE = (
    *("http://evil.example", "null", "http://127.0.0.1:3000", "https://evil.example:8000", "x"),
    *("ftp://127.0.0.1:8000", "chrome-extension://127.0.0.1:8000", "http://[::1", ""),
)


@pytest.mark.parametrize("origin", STRANGE)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/datasets"),
        ("POST", "/v1/datasets:validate"),
        ("POST", "/v1/manifests"),
        ("POST", "/v1/operations/x:cancel"),
        ("PUT", "/v1/datasets/x/vectors"),
        ("DELETE", "/v1/datasets/x"),
    ],
)
def test_a_strange_page_changes_nothing(
    local: TestClient, method: str, path: str, origin: str
) -> None:
    """What a page of another origin sends ends with 403 before any route, whatever its type."""
    for kind in ("text/plain", "application/json", "application/octet-stream"):
        headers = {"Origin": origin, "Content-Type": kind}
        answer = local.request(method, path, content=LINE, headers=headers)
        assert answer.status_code == 403, answer.text
        assert answer.json()["type"] == "urn:seedal:problem:origin"


def test_the_servers_own_page_may_change_things(local: TestClient, tmp_path: Path) -> None:
    """An origin of the very name and port that was called is the explorer; none is a program."""
    for headers in ({"Origin": HERE}, {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}, {}):
        assert local.post("/v1/datasets", json=DATASET, headers=headers).status_code == 202
    for host, origin in (("localhost:80", "http://localhost"), ("LocalHost", "HTTP://LOCALHOST")):
        behind = {"Host": host, "Origin": origin}
        assert local.post("/v1/datasets", json=DATASET, headers=behind).status_code == 202
    with _client(tmp_path, allowed_hosts="seedal.example") as client:
        proxied = {"Origin": "https://seedal.example"}  # and Host is what the proxy calls it
        assert client.post("/v1/datasets", json=DATASET, headers=proxied).status_code == 202


def test_a_browser_that_hides_the_origin_is_believed_that_it_is_another_site(
    local: TestClient,
) -> None:
    """Sec-Fetch-Site tells, where there is no Origin."""
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert local.post("/v1/datasets", json=DATASET, headers=headers).status_code == 403


def test_a_key_does_not_open_the_door_to_a_strange_page(tmp_path: Path) -> None:
    """The origin counts with a key, too."""
    with _client(tmp_path) as client:
        app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
        with app_state.sessions.begin() as session:
            key, _ = Keys(session).create(name="k", project="a", scopes=SCOPES, days=None)
        headers = {"Authorization": f"Bearer {key}", "Origin": "http://evil.example"}
        assert client.post("/v1/datasets", json=DATASET, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_what_a_form_can_send_is_no_file(local: TestClient, kind: str) -> None:
    """The content types of forms, and none at all, are refused by each call that takes a file."""
    for method, path in (("POST", "/v1/manifests"), ("PUT", "/v1/datasets/x/vectors")):
        for headers in ({"Content-Type": kind}, {}):
            answer = local.request(method, path, content=LINE, headers=headers)
            expected = {"/v1/manifests": 415}.get(path, 404)  # there is no dataset x
            assert answer.status_code == expected, answer.text


@pytest.mark.parametrize(
    "kind", ["text/csv; charset=utf-8", "application/x-ndjson", "application/octet-stream"]
)
def test_a_manifest_comes_as_what_it_is(local: TestClient, kind: str) -> None:
    """Media types of manifests are taken; the first bytes decide what it is."""
    answer = local.post("/v1/manifests", content=LINE, headers={"Content-Type": kind})
    assert answer.status_code == 201
    assert answer.json()["uri"].endswith(".jsonl")


def test_head_is_get_without_the_body(client: TestClient, ready: str) -> None:
    """Status and headers are those of GET; 304, 404 and streams too."""
    seed = client.post(f"/v1/datasets/{ready}/seeds", json={"budget": {"fraction": 0.4}}).json()
    dataset = client.get(f"/v1/datasets/{ready}").json()
    paths = (
        *("/livez", "/readyz", "/openapi.json", "/", "/static/api.js", "/v1/datasets", "/v1/none"),
        *(f"/v1/datasets/{ready}", f"/v1/datasets/{ready}/scenes", f"/v1/seeds/{seed['id']}"),
        *(f"/v1/seeds/{seed['id']}/problem", f"/v1/operations/{dataset['operation_id']}/events"),
    )
    changing = {"x-request-id", "date"}
    for path in paths:
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers.keys() == got.headers.keys(), path
        same = {name for name in got.headers if name not in changing}
        assert {n: head.headers[n] for n in same} == {n: got.headers[n] for n in same}, path
    tag = client.get(f"/v1/datasets/{ready}").headers["ETag"]
    headers = {"If-None-Match": tag}
    assert client.head(f"/v1/datasets/{ready}", headers=headers).status_code == 304
    assert client.head("/v1/datasets:validate").status_code == 405


def test_every_id_can_be_fetched(
    register: Callable[..., dict[str, Any]],
    client: TestClient,
    pool: Path,
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
) -> None:
    """An id may end in a word of the API: its slash is sent as %2F."""
    picture = str(next(pool.glob("*/*/0.png")))
    words = ("thumbnail", "neighbors", "pointcloud")
    ids = ["a", "thumbnail", "a/", "a//b", "/a", "a?b#c", "é/%/ü", " a "]
    ids += [f"{head}/{word}" for word in words for head in ("a", "b/c", "b/neighbors")]
    scenes = [{"scene_id": name, "cost": 1, "images": [picture]} for name in ids]
    registered = register({"kind": "inline", "scenes": scenes})
    assert extract(registered) is ExtractionOutcome.DONE
    path = f"/v1/datasets/{registered['dataset']['id']}/scenes"
    for name in ids:
        sent = quote(name, safe="")
        answer = client.get(f"{path}/{sent}")
        assert (answer.status_code, answer.json().get("scene_id")) == (200, name)
        picture_of = client.get(f"{path}/{sent}/thumbnail")
        assert picture_of.headers["Content-Type"] == "image/jpeg", name
        alike = client.get(f"{path}/{sent}/neighbors").json()
        assert alike["scene_id"] == name
        assert client.get(f"{path}/{sent}/pointcloud").status_code == 404
    plain = client.get(f"{path}/a/%74humbnail")  # a letter that need not be escaped
    assert plain.headers["Content-Type"] == "image/jpeg"
