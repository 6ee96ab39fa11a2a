"""Signed addresses of files: the original bytes, for whoever has one, as long as it is good."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.files import permitted
from app.access.service import SCOPES, Keys
from app.access.signatures import MediaClaim, media_signer, media_url
from app.errors import ConflictError, SourceRefusedError
from app.main import create_app
from app.settings import Settings
from app.store.identifiers import now
from app.store.tables import SecretRow

BASE = "https://seedal.test"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a permitted folder with files of many kinds."""
    folder = tmp_path_factory.mktemp("media")
    (folder / "a.png").write_bytes(bytes(range(256)) * 1000)
    (folder / "schön 1.JPG").write_bytes(b"jpeg")
    (folder / "points.xyz").write_text("0 0 0\n1 2 3\n")
    (folder / "scan.bin").write_bytes(b"\0" * 64)
    (folder / "evil.svg").write_bytes(SVG)
    (folder / "evil.png").write_bytes(SVG)
    (folder / "page.html").write_text("<script>alert(1)</script>")
    (folder / "gone.png").write_bytes(b"x")
    (folder / "folder.png").mkdir()
    return folder


@pytest.fixture(scope="module")
def served(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TestClient, str]]:
    """Return a client of a server that needs a key, and a dataset of these files."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"), file_roots=(folder,), solve_processes=1,
        public_url=BASE, allowed_hosts=("testserver",),
    )  # fmt: skip
    names = ("a.png", "schön 1.JPG", "evil.svg", "evil.png", "page.html", "gone.png", "folder.png")
    images = [str(folder / name) for name in names]
    scenes = [
        {"scene_id": "s/0", "cost": 1, "images": images, "pointcloud": str(folder / "points.xyz")},
        {
            "scene_id": "s/1",
            "cost": 1,
            "images": images[:1],
            "pointcloud": str(folder / "scan.bin"),
        },
        {"scene_id": "s/2", "cost": 1},
    ]
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
        with app_state.sessions.begin() as session:
            key, _ = Keys(session).create(name="k", project="a", scopes=SCOPES, days=None)
        headers = {"Authorization": f"Bearer {key}"}
        source = {"kind": "inline", "scenes": scenes}
        body = {"name": "x", "source": source, "features": {"backbone": "colour_grid"}}
        made = client.post("/v1/datasets", json=body, headers=headers).json()
        name = made["dataset"]["id"]
        yield client, name


def _path(served: tuple[TestClient, str], position: int, image: int | None, name: str = "") -> str:
    client, dataset = served
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    with app_state.sessions.begin() as session:
        url = media_url(session, app_state.settings, dataset)(position, image, name)
    assert url.startswith(f"{BASE}/v1/media/")
    return url.removeprefix(BASE)


def test_the_original_bytes_are_given_without_a_key(
    served: tuple[TestClient, str], folder: Path
) -> None:
    """Image and point cloud come as they are, with the type of their ending and a name."""
    client, _ = served
    answer = client.get(_path(served, 0, 0, "a.png"))
    assert answer.status_code == 200
    assert answer.content == (folder / "a.png").read_bytes()
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == 'inline; filename="a.png"'
    assert client.get(_path(served, 0, 1)).headers["Content-Type"] == "image/jpeg"
    cloud = client.get(_path(served, 0, None))
    assert cloud.text == "0 0 0\n1 2 3\n"
    assert client.get(_path(served, 1, None)).headers["Content-Type"] == "application/octet-stream"
    name = client.get(_path(served, 0, 1)).headers["Content-Disposition"]
    assert name == "inline; filename*=utf-8''sch%C3%B6n%201.JPG"


def test_pages_of_other_sites_may_show_it_and_read_it(served: tuple[TestClient, str]) -> None:
    """Every origin gets it, in parts, too; nothing is sniffed and nothing runs."""
    client, _ = served
    path = _path(served, 0, 0)
    origin = {"Origin": "https://labels.example"}
    answer = client.get(path, headers={**origin, "Range": "bytes=2-5"})
    assert (answer.status_code, answer.content) == (206, bytes([2, 3, 4, 5]))
    assert answer.headers["Content-Range"] == "bytes 2-5/256000"
    for shown in (answer, client.get(path, headers=origin)):
        assert shown.headers["Access-Control-Allow-Origin"] == "*"
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in shown.headers["Content-Security-Policy"]
    asked = {**origin, "Access-Control-Request-Method": "GET"}
    preflight = client.options(path, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert client.get(path, headers={"Range": "bytes=999999-"}).status_code == 416


@pytest.mark.parametrize("image", [0, 1])
def test_what_a_caller_has_is_not_sent_again(served: tuple[TestClient, str], image: int) -> None:
    """An entity tag tells whether the file changed, for files of any size; HEAD has no body."""
    client, _ = served
    path = _path(served, 0, image)
    answer = client.get(path)
    tag = answer.headers["ETag"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(answer.content))
    assert head.headers["ETag"] == tag


@pytest.mark.parametrize(
    ("position", "image"),
    [
        (0, 2), (0, 4),  # an SVG and a page
        (0, 6), (0, 7), (1, 1),  # a folder, and images that are not there
        (2, 0), (2, None), (3, 0),  # a scene without files, and none
    ],
)  # fmt: skip
def test_what_is_not_to_be_shown_is_not_found(
    served: tuple[TestClient, str], position: int, image: int | None
) -> None:
    """Nothing but images and point clouds that are there; no path of the server is told."""
    client, _ = served
    answer = client.get(_path(served, position, image))
    assert answer.status_code == 404
    assert "/" not in answer.json()["detail"]


def test_markup_that_calls_itself_an_image_is_one(served: tuple[TestClient, str]) -> None:
    """It is sent as a PNG that is not sniffed, so no browser runs it."""
    client, _ = served
    answer = client.get(_path(served, 0, 3))
    assert answer.content == SVG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_that_is_gone_is_not_found(served: tuple[TestClient, str], folder: Path) -> None:
    """The signature outlives the file."""
    client, _ = served
    path = _path(served, 0, 5)
    assert client.get(path).status_code == 200
    (folder / "gone.png").unlink()
    answer = client.get(path)
    assert answer.status_code == 404
    assert str(folder) not in answer.text


def test_what_may_no_longer_be_read_is_not_found(
    served: tuple[TestClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Roots that were taken away are shut for signatures, too."""
    client, _ = served
    path = _path(served, 0, 0)

    def refuse(name: str, settings: Settings) -> str:
        raise SourceRefusedError(permitted(name, settings))

    monkeypatch.setattr("app.scenes.media.permitted", refuse)
    answer = client.get(path)
    assert answer.status_code == 404
    assert "a.png" not in answer.text


def test_an_expired_or_foreign_signature_is_one_sentence(served: tuple[TestClient, str]) -> None:
    """410 says until when it was good; a wrong one is not found, with a key and without."""
    client, dataset = served
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    claim = MediaClaim(dataset, 0, 0)
    with app_state.sessions.begin() as session:
        signer = media_signer(session)
    expired = signer.sign(claim, now() - timedelta(seconds=1))
    answer = client.get(f"/v1/media/{expired}")
    assert answer.status_code == 410
    assert answer.json()["detail"].startswith("The signature was good until ")
    good = signer.sign(claim, now() + timedelta(days=1))
    wrong = good.replace(".0.0.", ".1.0.", 1)
    assert client.get(f"/v1/media/{good}").status_code == 200
    for name in (wrong, "x", good + "x" * 300, f"{good}/", f"{good}%2Fx"):
        assert client.get(f"/v1/media/{name}").status_code in {401, 404, 422}, name
    assert client.post(f"/v1/media/{good}").status_code == 405


def test_the_log_does_not_have_the_signature(
    served: tuple[TestClient, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Who reads the log cannot open the file."""
    client, _ = served
    path = _path(served, 0, 0)
    client.get(path)
    captured = capsys.readouterr()
    written = captured.out + captured.err
    assert "/v1/media/..." in written
    assert path.rpartition("/")[2] not in written


def test_all_processes_on_a_database_have_one_key(
    served: tuple[TestClient, str],
) -> None:
    """It is made once."""
    client, _ = served
    sessions = client.app.state.app_state.sessions  # type: ignore[attr-defined]  # starlette knows it as ASGI
    with sessions.begin() as one, sessions.begin() as other:
        assert media_signer(one) == media_signer(other)
        assert len(one.scalars(select(SecretRow)).all()) == 1


def test_without_a_public_address_there_is_no_url(tmp_path: Path) -> None:
    """A path that another host cannot open helps nobody; the sentence names the setting."""
    settings = Settings(data_dir=tmp_path, solve_processes=1)
    with TestClient(create_app(settings)) as client:
        sessions = client.app.state.app_state.sessions  # type: ignore[attr-defined]  # starlette knows it as ASGI
        with sessions() as session, pytest.raises(ConflictError, match="SEEDAL_PUBLIC_URL"):
            media_url(session, settings, "d")


def test_addresses_of_a_day_are_the_same(served: tuple[TestClient, str]) -> None:
    """So a push that is repeated changes nothing."""
    assert _path(served, 0, 0) == _path(served, 0, 0)
